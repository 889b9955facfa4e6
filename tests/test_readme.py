"""The README's transcript, run line by line against the running service."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PORT_IN_TEXT = "localhost:8000"


def transcript() -> list[tuple[str, str]]:
    """Return the commands of the README's transcript and what it says they print."""
    text = (ROOT / "README.md").read_text()
    block = re.findall(r"```console\n(\$ .*?)```", text, re.DOTALL)[0]
    steps = re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE)
    return [(command, expected) for command, expected in steps]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a service started as a newcomer would, in an empty folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if "AUTH_SERVE" not in k}
    command = [sys.executable, "-m", "app.cli", "server", "start", "--port", str(free)]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=log,
        stderr=log,
    )
    try:
        _wait_for(free, process)
        yield free
    finally:
        process.terminate()
        process.wait(15)
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the service ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the service never listened")


def _matches(expected: str, printed: str) -> bool:
    pattern = re.escape(expected).replace("…", '[^"]+')
    return re.fullmatch(pattern, printed.strip()) is not None


def test_the_transcript_holds(port: int) -> None:
    environment = dict(os.environ)
    for command, expected in transcript():
        here = command.replace(PORT_IN_TEXT, f"127.0.0.1:{port}")
        done = subprocess.run(
            ["bash", "-c", here], env=environment, capture_output=True, text=True
        )

        said = done.stdout.replace(f"localhost:{port}", PORT_IN_TEXT)
        assert _matches(expected, said), (command, done.stdout)

        if '"access_token":' in done.stdout:
            tokens = json.loads(done.stdout)
            environment["ACCESS_TOKEN"] = tokens["access_token"]
            environment["REFRESH_TOKEN"] = tokens["refresh_token"]
    assert len(transcript()) == 7
