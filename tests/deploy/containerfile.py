"""The steps of deploy/Containerfile in plain folders, where no container engine runs.

Only the instructions that stand there are known; any other fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.architecture.source import ROOT, tracked_files

CONTAINERFILE = ROOT / "deploy/Containerfile"
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_OURS = re.compile(r"PYTHON|PIP_NO_CACHE|AUTH_SERVE|VIRTUAL_ENV")


@dataclass
class Stage:
    """A folder, and what the image would say of how it is run.

    Attributes:
        folder: What is at ``workdir``; of an image that begins empty, its root.
        environment: By its ``ENV`` and ``ARG``.
        said: The other instructions, by name.
    """

    folder: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """Return what is started."""
        entry, arguments = self.said["ENTRYPOINT"], self.said["CMD"]
        return [*json.loads(entry), *json.loads(arguments)]


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the file and what follows each."""
    lines = CONTAINERFILE.read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in lines if not line.startswith("#"))
    whole = re.sub(r"\\\n\s*", "", kept).splitlines()
    parts = [line.split(maxsplit=1) for line in whole if line]
    return [(name, rest) for name, rest in parts]


def build(into: Path, arguments: dict[str, str], programs: Path) -> Stage:
    """Run every step; return the last stage.

    Args:
        into: An empty folder.
        arguments: As of ``--build-arg``.
        programs: A folder for what is found before all others: this Python.
    """
    if not (programs / "python").exists():
        (programs / "python").symlink_to(Path(sys.base_prefix, "bin", _PYTHON))
    stages: dict[str, Stage] = {}
    stage = Stage(into)
    for name, rest in instructions():
        if name == "FROM":
            label = rest.partition(" AS ")[2] or "image"
            stage = stages[label] = Stage(into / label)
            stage.folder.mkdir()
        elif name == "COPY":
            _copy(stages, stage, rest.split())
        elif name == "RUN":
            _run(stage, rest, programs)
        elif name in ("ARG", "ENV"):
            _set(stage, name, rest, arguments)
        elif name == "WORKDIR":
            stage.workdir = rest
        else:
            assert name in ("USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"), name
            stage.said[name] = rest
    return stages["image"]


def _set(stage: Stage, name: str, rest: str, arguments: dict[str, str]) -> None:
    for key, value in re.findall(r"(\w+)=(\S*)", rest):
        known = Template(value).substitute(stage.environment)
        given = arguments.get(key, known) if name == "ARG" else known
        stage.environment[key] = given


def _run(stage: Stage, command: str, programs: Path) -> None:
    outer = {k: v for k, v in os.environ.items() if not _OURS.match(k)}
    own = {k: v for k, v in stage.environment.items() if k != "PIP_NO_CACHE_DIR"}
    path = f"{programs}:{os.environ['PATH']}"
    environment = outer | own | {"PATH": path}
    shell = ["/bin/sh", "-ec", command]
    said = subprocess.run(
        shell, cwd=stage.folder, env=environment, capture_output=True, text=True
    )
    assert said.returncode == 0, f"{command}\n{said.stdout}{said.stderr}"


def _copy(stages: dict[str, Stage], stage: Stage, words: list[str]) -> None:
    options = [word for word in words if word.startswith("--")]
    *sources, there = [word for word in words if not word.startswith("--")]
    for option in options:
        if option.startswith("--from="):
            origin = stages[option.removeprefix("--from=")]
            [source] = sources
            inside = origin.folder / Path(source).relative_to(origin.workdir)
            target = stage.folder / Path(there).relative_to("/")
            shutil.copytree(inside, target, symlinks=True, dirs_exist_ok=True)
            return
    for name in sources:
        _copy_tracked(stage.folder, name, there)


def _copy_tracked(folder: Path, name: str, there: str) -> None:
    """Copy what the repository has of a file or folder, and nothing that lies about."""
    files = [p for p in tracked_files() if p == ROOT / name or ROOT / name in p.parents]
    assert files, f"{name} is not there"
    for path in files:
        is_file = path == ROOT / name
        rest = Path(path.name) if is_file else path.relative_to(ROOT / name)
        target = folder / there / rest
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
