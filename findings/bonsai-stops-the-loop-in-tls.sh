#!/bin/sh
# bonsai 1.5.5 (PyPI) on OpenLDAP 2.5.13 with GnuTLS (Debian 12), Python 3.11. The headers that
# it is built with come from the packages below, by apt, into the temporary folder.
#
# Expected: `await client.connect(is_async=True, timeout=1)` waits for a slow server without
# stopping the program, and for one second (bonsai's documentation: it works with asyncio, and
# `timeout` is the time limit of the operation in seconds; what a task awaits lets other tasks
# run, as Python's documentation of asyncio has it).
#
# Seen, with a server that takes the connection and says nothing for three seconds: over
# ldap:// a TimeoutError after one second, while other tasks run. Over ldaps:// it is the
# three seconds of the server, in the TLS handshake, and then a ConnectionError; meanwhile
# no other task has run, and no other thread either. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get --quiet --quiet download libldap-dev=2.5.13+dfsg-5 libldap-2.5-0=2.5.13+dfsg-5 \
  libsasl2-dev=2.1.28+dfsg-10+deb12u1 libsasl2-2=2.1.28+dfsg-10+deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg --extract "$package" tree; done
libraries=$(dirname "$(find "$folder/tree" -name libldap.so)")
export LD_LIBRARY_PATH="$libraries" LIBRARY_PATH="$libraries"
export CPATH="$folder/tree/usr/include:$folder/tree/usr/include/sasl"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check bonsai==1.5.5
cat > server.py <<'PY'
import socket
import threading

server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    peer, _ = server.accept()
    threading.Timer(3, peer.close).start()
PY
cat > run.py <<'PY'
import asyncio
import subprocess
import sys
import threading
import time

import bonsai


class Pulse:
    """The longest pause between two beats of somebody who wants to run on."""

    def __init__(self):
        self.last, self.pause = time.monotonic(), 0.0

    def beat(self):
        now = time.monotonic()
        self.last, self.pause = now, max(self.pause, now - self.last)

    async def beat_in_loop(self):
        while True:
            self.beat()
            await asyncio.sleep(0.05)

    def beat_in_thread(self, over):
        while not over.wait(0.05):
            self.beat()


async def connect(url):
    of_loop, of_thread, over = Pulse(), Pulse(), threading.Event()
    task = asyncio.create_task(of_loop.beat_in_loop())
    thread = threading.Thread(target=of_thread.beat_in_thread, args=(over,), daemon=True)
    thread.start()
    await asyncio.sleep(0.2)
    begun = time.monotonic()
    try:
        await bonsai.LDAPClient(url).connect(is_async=True, timeout=1)
    except (bonsai.LDAPError, TimeoutError) as problem:
        kind = type(problem).__name__
    took = time.monotonic() - begun
    await asyncio.sleep(0.2)
    task.cancel()
    over.set()
    thread.join()
    scheme = url.partition(":")[0]
    print(f"{scheme}: {kind} after {took:.1f} s; longest pause of the loop "
          f"{of_loop.pause:.1f} s, of a thread {of_thread.pause:.1f} s")
    return kind, took > 2, of_loop.pause > 2, of_thread.pause > 2


async def main():
    server = subprocess.Popen([sys.executable, "server.py"], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        seen = [await connect(f"{scheme}://127.0.0.1:{port}") for scheme in ("ldap", "ldaps")]
    finally:
        server.kill()
    return seen != [
        ("TimeoutError", False, False, False),
        ("ConnectionError", True, True, True),
    ]


sys.exit(asyncio.run(main()))
PY
timeout 60 python/bin/python run.py
