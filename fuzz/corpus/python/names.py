import os as o, base64, builtins
from subprocess import *
class A(o.PathLike, metaclass=type):
    @property
    def x(self): return getattr(o, "sys" + "tem")
def f(a, b=1, *c, d=2, **e):
    for i, ch in enumerate(b"abc"):
        a += chr(ch ^ i)
    while True:
        if a == "x": return [y for y in c if y]
        a = a[::-1]
exec(base64.b64decode("cHJpbnQoMSk="))
x = {**{"a": 1}, "b": f"{f(1)!r:>{2}}"}
match x:
    case {"a": y, **z}: pass
try:
    import nothing
except Exception as e:
    pass
with open(__file__) as g: g.write("import os\nexec('1')")
globals()["q"] = vars(o)["environ"]
