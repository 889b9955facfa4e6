"""Builds of the service: this one, and another revision beside it."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.servers.service import ROOT

_INSIDE = Path(__file__).with_name("inside.py")
_INSTALL = (
    *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
    *("--require-hashes", "--only-binary", ":all:", "-r"),
)


UNKNOWN = 3  # what `benchmarks.inside` exits with


class NotKnown(Exception):
    """A build is older than what it was asked for."""


@dataclass(frozen=True)
class Build:
    """Code, the Python that has what it needs, and settings besides the usual ones."""

    name: str
    root: Path
    python: str = sys.executable
    settings: tuple[tuple[str, str], ...] = ()

    def ask(self, *arguments: object) -> Any:
        """Return what `benchmarks.inside` says when it runs with this build's code.

        Raises:
            NotKnown: It has no such thing.
            RuntimeError: It failed; with what it said.
        """
        # -P: the folder of the script must not come before the build's own code.
        command = [self.python, "-P", str(_INSIDE), *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=self.root,
            env={"PATH": os.defpath, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == UNKNOWN:
            raise NotKnown(f"{self.name}: {arguments[0]}")
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-4000:]}")
        return json.loads(done.stdout)


def this_build() -> Build:
    """Return the working tree as it is, changes that are not committed included."""
    changed = "+" if _git("status", "--porcelain", "-uno").strip() else ""
    return Build(f"{_short('HEAD')}{changed}", ROOT)


def with_settings(build: Build, settings: Sequence[str]) -> Build:
    """Return a build that serves with further settings, each ``NAME=VALUE``.

    Raises:
        SystemExit: One is no such thing.
    """
    pairs = [each.partition("=") for each in settings]
    if not all(name and mark for name, mark, _ in pairs):
        raise SystemExit("--setting takes NAME=VALUE")
    given = tuple((name, value) for name, _, value in pairs)
    return replace(build, name=f"{build.name.strip('+')}_with", settings=given)


def checked_out(revision: str, directory: Path) -> Build:
    """Return another revision, unpacked into a new directory.

    An archive and no worktree: however a run ends, the repository remembers nothing.
    It gets an environment of its own only if it wants other packages.

    Raises:
        SystemExit: There is no such revision.
    """
    name = _short(revision)
    with tarfile.open(fileobj=BytesIO(_bytes("archive", name))) as archive:
        archive.extractall(directory, filter="data")
    here, there = (at / "requirements.txt" for at in (ROOT, directory))
    if here.read_bytes() == there.read_bytes():
        return Build(name, directory)
    return Build(name, directory, _environment(directory))


def _environment(directory: Path) -> str:
    home = directory / ".venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    python = str(home / "bin" / "python")
    subprocess.run([python, *_INSTALL, directory / "requirements-dev.txt"], check=True)
    return python


def _short(revision: str) -> str:
    commit = f"{revision}^{{commit}}"
    return _git("rev-parse", "--verify", "--short", "--end-of-options", commit).strip()


def _git(*arguments: str) -> str:
    return _bytes(*arguments).decode()


def _bytes(*arguments: str) -> bytes:
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"git {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout
