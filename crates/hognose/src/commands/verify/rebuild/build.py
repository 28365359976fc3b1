"""Calls one hook of a build backend (PEP 517) and writes what it answers. Runs in the sandbox."""

import importlib
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    asked = json.load(file)
# This file's own directory is nobody's business.
sys.path[0:1] = [os.path.join(asked["source"], part) for part in asked["path"]]
os.chdir(asked["source"])
module, _, attribute = asked["backend"].partition(":")
backend = importlib.import_module(module)
for part in filter(None, attribute.split(".")):
    backend = getattr(backend, part)
if asked["hook"] == "requires":
    hook = getattr(backend, "get_requires_for_build_wheel", None)
    answer = list(hook({})) if hook else []
else:
    answer = backend.build_wheel(asked["out"], {})
with open(asked["answer"], "w", encoding="utf-8") as file:
    json.dump(answer, file)
