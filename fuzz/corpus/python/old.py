# coding: latin-1
print "x"
exec "import os"
try: pass
except IOError, e: raise e, "y"
print `1` <> 0777
