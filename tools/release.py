"""``python -m tools.release WHAT``: what a release is made of, the same bytes always.

``wheel`` builds from the files of a commit, and nothing that lies about, with the
builder of a lock file and the time of the commit. ``sbom`` writes what the lock has,
as CycloneDX. ``provenance`` writes what the wheel was made from, as an in-toto
statement with the predicate of SLSA (https://slsa.dev/spec/v1.1/provenance); it is not
signed.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_BUILDER = "tools/build_argon2.txt"  # has the locked setuptools
_LOCKS = ("requirements.txt", _BUILDER)
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
# Who builds is whoever runs this; a builder that others trust signs in its own name.
_BUILDER_ID = "urn:auth-serve:tools.release"


def _git(*arguments: str) -> bytes:
    command = ["git", "-C", str(_ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def commit_of(revision: str) -> tuple[str, str]:
    """Return the whole name of a commit and its time, in seconds since 1970."""
    name, when = _git("log", "-1", "--format=%H %ct", revision).decode().split()
    return name, when


def build_wheel(revision: str, into: Path) -> Path:
    """Build the wheel of a commit; return where it is."""
    commit, when = commit_of(revision)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": when, "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as name:
        builder, source, made = (Path(name, each) for each in ("b", "s", "w"))
        with tarfile.open(fileobj=BytesIO(_git("archive", commit))) as archive:
            archive.extractall(source, filter="data")
        locked = ("--require-hashes", "--only-binary", ":all:", "--target", builder)
        _python(environment, *_PIP, "install", *locked, "-r", source / _BUILDER)
        alone = ("--no-deps", "--no-index", "--no-build-isolation", "-w", made, source)
        _python(environment | {"PYTHONPATH": str(builder)}, *_PIP, "wheel", *alone)
        [wheel] = made.glob("*.whl")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, into))


def _python(environment: Mapping[str, str], *arguments: str | Path) -> None:
    mask = os.umask(0o022)  # modes stand in the wheel
    try:
        subprocess.run([sys.executable, *arguments], check=True, env=environment)
    finally:
        os.umask(mask)


def write_sbom(into: Path) -> Path:
    """Write what the lock names, with its hashes; return where."""
    into.mkdir(parents=True, exist_ok=True)
    path = into / "auth-serve.cdx.json"
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), "requirements"]
    what = ("--pyproject", _ROOT / "pyproject.toml", "--output-reproducible")
    where = ("--output-file", path, _ROOT / _LOCKS[0])
    environment = {**os.environ, "SOURCE_DATE_EPOCH": commit_of("HEAD")[1]}
    subprocess.run([*command, *what, *where], check=True, env=environment)
    return path


def provenance(wheel: Path, revision: str) -> dict[str, Any]:
    """Return what a wheel was made from, as in-toto and SLSA say it."""
    commit, _ = commit_of(revision)
    locks = [
        {"name": name, "digest": {"sha256": _digest(_git("show", f"{commit}:{name}"))}}
        for name in _LOCKS
    ]
    source = {"name": "source", "digest": {"gitCommit": commit}}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": wheel.name, "digest": {"sha256": _digest(wheel.read_bytes())}}
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{_BUILDER_ID}/wheel@v1",
                "externalParameters": {"revision": commit},
                "internalParameters": {"python": platform.python_version()},
                "resolvedDependencies": [source, *locks],
            },
            "runDetails": {"builder": {"id": _BUILDER_ID}},
        },
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    """Make one of the three; print where it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.release")
    parser.add_argument("what", choices=("wheel", "sbom", "provenance"))
    parser.add_argument("--into", type=Path, default=_ROOT / "build/dist")
    parser.add_argument("--revision", default="HEAD")
    arguments = parser.parse_args()
    if arguments.what == "sbom":
        print(write_sbom(arguments.into))
        return
    wheel = build_wheel(arguments.revision, arguments.into)
    print(wheel)
    if arguments.what == "provenance":
        path = wheel.with_name(f"{wheel.name}.intoto.json")
        said = provenance(wheel, arguments.revision)
        path.write_text(json.dumps(said, indent=2) + "\n")
        print(path)


if __name__ == "__main__":
    main()
