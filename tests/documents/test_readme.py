"""The README's transcripts, run line by line against the running service."""

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

from tests.servers.ports import free_port

ROOT = Path(__file__).parents[2]
PORT_IN_TEXT = "localhost:8000"
TRANSCRIPTS = {"The main way, with curl": 7, "A machine, with curl": 5}


def section(title: str) -> str:
    """Return what the README says under a title."""
    text = (ROOT / "README.md").read_text()
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def transcript(title: str) -> list[tuple[str, str]]:
    """Return the commands of a transcript and what the README says they print."""
    [block] = re.findall(r"```console\n(\$ .*?)```", section(title), re.DOTALL)
    steps = re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE)
    return [(command, expected) for command, expected in steps]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a service started as a newcomer would, in a folder of its own."""
    [line] = re.findall(r"```ini\n(.*)\n```", section("A machine, with curl"))
    (tmp_path / ".env").write_text(f"{line}\n")
    free = free_port()
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
        process.wait(60)
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):  # a minute: nothing is measured
        assert process.poll() is None, "the service ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the service never listened")


def _matches(expected: str, printed: str) -> bool:
    pattern = re.escape(expected).replace("…", '[^"]+')
    return re.fullmatch(pattern, printed.strip()) is not None


def test_the_transcripts_hold(port: int, tmp_path: Path) -> None:
    command = tmp_path / "auth-serve"  # as a wheel or make puts it on the path
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n')
    command.chmod(0o755)
    programs = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "PATH": programs}
    for title, count in TRANSCRIPTS.items():
        steps = transcript(title)
        assert len(steps) == count
        for line, expected in steps:
            here = line.replace(PORT_IN_TEXT, f"127.0.0.1:{port}")
            printed = subprocess.run(
                ["bash", "-c", here],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
            ).stdout

            said = printed.replace(f"localhost:{port}", PORT_IN_TEXT)
            assert _matches(expected, said), (line, printed)

            environment |= _secrets(printed)


def _secrets(printed: str) -> dict[str, str]:
    """Return what later commands name as variables."""
    if printed.startswith("client_secret "):
        return {"CLIENT_SECRET": printed.split()[1]}
    if '"access_token":' not in printed:
        return {}
    tokens = json.loads(printed)
    names = ("access_token", "refresh_token")
    return {name.upper(): tokens[name] for name in names if name in tokens}
