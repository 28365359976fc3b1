"""Judges package versions by a literal reading of the OSV schema, with Python's `packaging` for the order of versions.

It shares no code with Hognose: a difference between the two is a fault in one of them. Started with the feeds as
arguments; for each line `name TAB version` on standard input it writes one line of JSON, the list of matching ids.
"""

import json
import re
import sys

from packaging.version import InvalidVersion, Version


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def parsed(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None


def in_range(version, events):
    """The algorithm of the schema: walk the events in order, the last one at or below the version decides.

    The schema does not say what a bound means that is no version; such a range decides nothing here.
    """
    ordered = []
    for event in events:
        for kind, text in event.items():
            at = Version("0.dev0") if text == "0" else parsed(text)
            if at is None:
                return False
            ordered.append((at, {"fixed": 0, "last_affected": 2}.get(kind, 1), kind))
    inside = False
    for at, _, kind in sorted(ordered, key=lambda item: item[:2]):
        if kind == "introduced" and version >= at:
            inside = True
        elif kind in ("fixed", "limit") and version >= at:
            inside = False
        elif kind == "last_affected" and version > at:
            inside = False
    return inside


def affects(affected, text):
    version = parsed(text)
    for listed in affected.get("versions", []):
        if listed == text or (version is not None and parsed(listed) == version):
            return True
    if version is None:
        return False
    return any(
        in_range(version, span["events"])
        for span in affected.get("ranges", [])
        if span["type"] in ("ECOSYSTEM", "SEMVER")
    )


def load(paths):
    packages = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record.get("withdrawn"):
                    continue
                for affected in record.get("affected", []):
                    package = affected.get("package")
                    if package and package.get("ecosystem") == "PyPI":
                        packages.setdefault(normalised(package["name"]), []).append((record["id"], affected))
    return packages


def main():
    packages = load(sys.argv[1:])
    for line in sys.stdin:
        name, version = line.rstrip("\n").split("\t")
        found = {i for i, affected in packages.get(normalised(name), []) if affects(affected, version)}
        print(json.dumps(sorted(found)), flush=True)


main()
