"""The gateway beside nginx, devpi, pypiserver and proxpi: the same pages and files, asked for one after the other over one
connection, CPU time of the servers' processes as the kernel counts it. Prints a table, and fails when a target is missed.

The pages are made here: 244 and 4,415 files of a project, and a wheel of one MiB. nginx is their upstream too.
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

HERTZ = os.sysconf("SC_CLK_TCK")
JSON = "application/vnd.pypi.simple.v1+json"
OLD = "2024-01-02T03:04:05Z"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wheel(path, name, size):
    """A stored wheel of about so many bytes that do not compress; the same every time."""
    noise = random.Random(name).randbytes(size // 2).hex()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        def put(member, text):
            archive.writestr(zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0)), text)
        info = f"{name}-1.0.dist-info"
        put(f"{name}.py", f"X = '{noise}'\n")
        put(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n")
        put(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        put(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def upstream(root):
    """What nginx serves: pages in HTML, and files."""
    (root / "packages").mkdir(parents=True)
    wheel(root / "packages/benchpkg-1.0-py3-none-any.whl", "benchpkg", 1 << 20)
    for name, count in (("middle", 244), ("large", 4415), ("benchpkg", 1)):
        links = []
        for at in range(count):
            file = f"{name}-1.0-py3-none-any.whl" if count == 1 else f"{name}-{at // 8}.{at % 8}.0.tar.gz"
            path = root / "packages" / file
            digest = hashlib.sha256(path.read_bytes() if path.exists() else file.encode()).hexdigest()
            links.append(
                f'<a href="/packages/{file}#sha256={digest}" data-requires-python="&gt;=3.8" data-upload-time="{OLD}">{file}</a><br/>'
            )
        folder = root / "simple" / name
        folder.mkdir(parents=True)
        text = "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.1\"></head><body>\n"
        (folder / "index.html").write_text(text + "\n".join(links) + "\n</body></html>")
    names = "".join(f'<a href="/simple/{n}/">{n}</a>\n' for n in ("middle", "large", "benchpkg"))
    (root / "simple/index.html").write_text(f"<!DOCTYPE html><html><body>{names}</body></html>")


class Server:
    """A server and all its processes."""

    def __init__(self, command, port, environment=None, ready="/simple/", wait=120):
        self.port = port
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        while True:
            try:
                status, _, _ = Connection(port).get(ready, "text/html")
                if status < 500:
                    break
            except OSError:
                pass
            if time.monotonic() - self.began > wait or self.process.poll() is not None:
                raise SystemExit(f"{command[0]} does not answer")
            time.sleep(0.005)
        self.start = time.monotonic() - self.began

    def ids(self):
        group = self.process.pid
        out = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(fields[2]) == group or int(entry) == group:
                    out.append(entry)
        return out

    def cpu(self):
        total = 0
        for pid in self.ids():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / HERTZ

    def memory(self):
        total = 0
        for pid in self.ids():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
            except (OSError, TypeError):
                pass
        return total / 1024

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Connection:
    """One connection, kept as long as the server likes."""

    def __init__(self, port):
        self.port = port
        self.socket = None

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        self.reader = self.socket.makefile("rb", buffering=1 << 20)

    def get(self, path, accept, follow=3):
        if self.socket is None:
            self.connect()
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: {accept}\r\n\r\n"
        self.socket.sendall(request.encode())
        line = self.reader.readline()
        if not line:
            self.socket = None
            raise OSError("closed")
        status, headers = int(line.split()[1]), {}
        while True:
            header = self.reader.readline()
            if header in (b"\r\n", b""):
                break
            key, value = header.decode("latin-1").split(":", 1)
            headers[key.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.reader.readline().split(b";")[0], 16):
                body += self.reader.read(size)
                self.reader.readline()
            self.reader.readline()
        elif "content-length" in headers:
            body = self.reader.read(int(headers["content-length"]))
        else:
            body = self.reader.read()
            self.socket = None
        if headers.get("connection", "").lower() == "close":
            self.socket = None
        if status in (301, 302, 303, 307, 308) and follow:
            target = headers["location"]
            if target.startswith("http"):
                target = "/" + target.split("/", 3)[3]
            return self.get(target, accept, follow - 1)
        return status, headers, body


def measure(server, path, accept, seconds):
    """CPU milliseconds a request, median of three rounds."""
    connection = Connection(server.port)
    status, _, body = connection.get(path, accept)
    if status != 200:
        return None, f"HTTP {status}"
    rounds = []
    for _ in range(3):
        before, count, end = server.cpu(), 0, time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(5):
                try:
                    connection.get(path, accept)
                except OSError:
                    connection = Connection(server.port)
                count += 1
        rounds.append((server.cpu() - before) / count * 1000)
    return sorted(rounds)[1], len(body)


def cold(port, path, clients, log):
    """Many clients at once for something that nobody has asked for; how many were served, and how often the upstream was asked."""
    seen = log.stat().st_size
    answers = []

    def ask():
        try:
            answers.append(Connection(port).get(path, JSON)[0])
        except OSError:
            answers.append(0)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.3)
    with log.open() as lines:
        lines.seek(seen)
        fetched = sum(path.rsplit("/", 1)[-1] in line for line in lines) if path.endswith(".whl") else None
    return answers.count(200), fetched


def nginx(work, root, port, log, rate=None):
    """A static server; also the upstream, then slow."""
    limit = f"limit_rate {rate};" if rate else ""
    text = f"""worker_processes 2; pid {work}/nginx-{port}.pid; error_log {work}/nginx-{port}.err; daemon off;
user root; events {{ worker_connections 1024; }}
http {{ access_log {log}; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 600;
types {{ text/html html; application/octet-stream whl gz; }}
server {{ listen 127.0.0.1:{port}; root {root}; {limit} location / {{ index index.html; }} }} }}
"""
    path = work / f"nginx-{port}.conf"
    path.write_text(text if os.geteuid() == 0 else text.replace("user root;", ""))
    return Server(["nginx", "-c", str(path), "-p", str(work)], port)


def hognose(arguments, work, origin, name, settings=""):
    port = free_port()
    home = work / name
    home.mkdir()
    (home / "hognose.toml").write_text(settings)
    feed = arguments.feed
    command = [str(arguments.binary), "gateway", "--config", str(home / "hognose.toml"), "--listen", f"127.0.0.1:{port}"]
    command += ["--index-url", f"http://127.0.0.1:{origin}/simple/", "--feed", str(feed)]
    environment = {"HOGNOSE_CACHE_DIR": str(home / "cache"), "HOGNOSE_STATE_DIR": str(home / "state")}
    # The advisories are compiled once, before anything is timed.
    update = [str(arguments.binary), "db", "update", "--feed", str(feed), "--cache-dir", str(home / "cache")]
    subprocess.run(update, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Server(command, port, environment, ready="/readyz")


def rivals(arguments, work, origin):
    """Name and server, started when its turn comes."""
    venvs = arguments.venvs
    index = f"http://127.0.0.1:{origin}/simple/"

    def proxpi():
        port = free_port()
        environment = {"PROXPI_INDEX_URL": index, "PROXPI_CACHE_DIR": str(work / "proxpi")}
        command = [str(venvs / "proxpi/bin/gunicorn"), "-b", f"127.0.0.1:{port}", "--threads", "4", "--workers", "1", "proxpi.server:app"]
        return Server(command, port, environment, ready="/index/"), "/index/{}/", "/index/benchpkg/benchpkg-1.0-py3-none-any.whl"

    def pypiserver():
        port, files = free_port(), work / "pypis"
        files.mkdir()
        for at in range(244):
            (files / f"middle-{at // 8}.{at % 8}.0.tar.gz").write_bytes(b"x")
        shutil.copy(work / "up/packages/benchpkg-1.0-py3-none-any.whl", files)
        command = [str(venvs / "pypiserver/bin/pypi-server"), "run", "-i", "127.0.0.1", "-p", str(port), "-a", ".", "-P", ".", "--backend", "cached-dir", str(files)]
        return Server(command, port), "/simple/{}/", "/packages/benchpkg-1.0-py3-none-any.whl"

    def devpi():
        port, home = free_port(), work / "devpi"
        binaries = venvs / "devpi/bin"
        subprocess.run([binaries / "devpi-init", "--serverdir", home, "--no-root-pypi"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server = Server([str(binaries / "devpi-server"), "--serverdir", str(home), "--host", "127.0.0.1", "--port", str(port)], port, ready="/+api", wait=240)
        client = ["--clientdir", str(work / "devpi-client")]

        def say(*words):
            subprocess.run([binaries / "devpi", *words, *client], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        say("use", f"http://127.0.0.1:{port}")
        say("login", "root", "--password", "")
        say("index", "-c", "root/up", "type=mirror", f"mirror_url={index}", "mirror_no_project_list=True", "mirror_ignore_serial_header=True")
        page = Connection(port).get("/root/up/+simple/benchpkg/", JSON)[2]
        file = json.loads(page)["files"][0]["url"].split("#")[0]
        file = re.sub(r"^(\.\./)+", "/root/up/", file)
        return server, "/root/up/+simple/{}/", file

    return [("devpi", devpi), ("pypiserver", pypiserver), ("proxpi", proxpi)]


def shown(value):
    return "–" if value is None else f"{value:.3f}" if value < 10 else f"{value:.0f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--venvs", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--feed", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--without", nargs="*", default=[])
    arguments = parser.parse_args()
    work = arguments.work
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    upstream(work / "up")
    log = work / "upstream.log"
    log.touch()
    origin = free_port()
    origin_server = nginx(work, work / "up", origin, log)
    table, missed = [], []

    def bar(what, value, limit):
        if value is None or value > limit:
            missed.append(f"{what}: {shown(value)}, wanted at most {limit:.3f}")

    static = nginx(work, work / "up", free_port(), "off")
    row = {"server": "nginx", "start": static.start}
    for case in ("middle", "large"):
        row[case, "html"] = measure(static, f"/simple/{case}/", "text/html", arguments.seconds)[0]
    row["wheel"] = measure(static, "/packages/benchpkg-1.0-py3-none-any.whl", "*/*", arguments.seconds)[0]
    row["after"] = static.memory()
    static.stop()
    table.append(row)
    limit = row

    server = hognose(arguments, work, origin, "hognose")
    row = {"server": "hognose", "start": server.start, "idle": server.memory()}
    for case in ("middle", "large"):
        row[case, "html"] = measure(server, f"/simple/{case}/", "text/html", arguments.seconds)[0]
        row[case, "json"] = measure(server, f"/simple/{case}/", JSON, arguments.seconds)[0]
    page = json.loads(Connection(server.port).get("/simple/benchpkg/", JSON)[2])
    path = page["files"][0]["url"].replace("../../", "/")
    row["wheel"] = measure(server, path, "*/*", arguments.seconds)[0]
    row["after"] = server.memory()
    server.stop()
    table.append(row)
    bar("page of 244 files, ms", max(row["middle", "html"], row["middle", "json"]), 0.05)
    bar("page of 4,415 files, times nginx", row["large", "html"] / limit["large", "html"], 2)
    bar("wheel of 1 MiB, times nginx", row["wheel"] / limit["wheel"], 1.3)
    bar("start, ms", row["start"] * 1000, 100)
    bar("idle, MiB", row["idle"], 30)
    bar("after the load, MiB", row["after"], 60)

    slow = nginx(work, work / "up", free_port(), log, rate="400k")
    # What a page offers first is fetched with it; here the clients are to be the first.
    server = hognose(arguments, work, slow.port, "cold", "[gateway]\nlook-ahead = false\n")
    page = json.loads(Connection(server.port).get("/simple/benchpkg/", JSON)[2])
    served, fetched = cold(server.port, page["files"][0]["url"].replace("../../", "/"), 64, log)
    server.stop()
    slow.stop()
    print(f"64 clients at once for one cold wheel behind a slow upstream: {served} served, {fetched} fetches")
    if (served, fetched) != (64, 1):
        missed.append("64 cold clients are not one fetch")

    for name, begin in rivals(arguments, work, origin):
        if name in arguments.without:
            continue
        server, pages, file = begin()
        row = {"server": name, "start": server.start, "idle": server.memory()}
        for case in ("middle", "large"):
            if name == "pypiserver" and case == "large":
                continue
            for form, accept in (("html", "text/html"), ("json", JSON)):
                row[case, form] = measure(server, pages.format(case), accept, arguments.seconds)[0]
        row["wheel"] = measure(server, file, "*/*", arguments.seconds)[0]
        row["after"] = server.memory()
        server.stop()
        table.append(row)
    origin_server.stop()

    print("CPU in ms a request; memory in MiB (PSS); start in ms to the first answer")
    print(f"{'':11} {'244 html':>9} {'json':>9} {'4415 html':>9} {'json':>9} {'1 MiB':>9} {'start':>9} {'idle':>6} {'after':>6}")
    for row in table:
        cells = [row.get(("middle", "html")), row.get(("middle", "json")), row.get(("large", "html")), row.get(("large", "json")), row.get("wheel")]
        print(f"{row['server']:11}", *(f"{shown(c):>9}" for c in cells), f"{row['start'] * 1000:>9.0f}", f"{shown(row.get('idle')):>6}", f"{shown(row.get('after')):>6}")
    for what in missed:
        print(f"missed: {what}")
    sys.exit(1 if missed else 0)


main()
