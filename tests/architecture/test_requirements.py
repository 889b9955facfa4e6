"""What is installed is pinned by hash, and nothing here knows one machine."""

import re
from collections.abc import Iterable
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import ROOT, tracked_files

_FILES = ["requirements.txt", "requirements-dev.txt", "requirements-extra.txt"]
_FLOORS = {"starlette": (1, 3, 1), "python-multipart": (0, 0, 32)}
# Written in pieces, or this file would find itself.
_FOREIGN = tuple(
    f"{a}{b}" for a, b in (("/wo", "rk/"), ("/ro", "ot/"), ("../", "shared"))
)


def _requirements(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", _FILES)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    loose = [
        line
        for line in _requirements(name)
        if "==" not in line or "--hash=sha256:" not in line
    ]

    assert len(_requirements(name)) > 20
    assert loose == []


@pytest.mark.parametrize("name", _FILES)
def test_no_requirement_names_an_index_or_a_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert re.findall(r"--\S*index\S*|--find-links|file:|://", text) == []


@pytest.mark.parametrize("package", sorted(_FLOORS))
def test_a_package_is_not_older_than_its_last_hole(package: str) -> None:
    pins = "\n".join(_requirements("requirements.txt"))

    found = re.search(rf"^{package}==([\d.]+)", pins, re.MULTILINE)

    assert found is not None
    assert tuple(map(int, found[1].split("."))) >= _FLOORS[package]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked_files()
        for word in _FOREIGN
        if word.encode() in path.read_bytes()
    ]

    assert guilty == []


def test_every_extra_that_is_demanded_is_pinned_with_it() -> None:
    # pip resolves `coverage[toml]` apart from `coverage`: with the second alone pinned
    # it takes the newest release, and installing fails on the day that there is one.
    pinned = _extras(_requirements("requirements-dev.txt"))
    demanded = _extras(
        line
        for name in pinned
        for line in _demands(name)
        if _applies(Requirement(line))
    )

    missing = {
        name: extras - pinned[name]
        for name, extras in demanded.items()
        if name in pinned and extras - pinned[name]
    }

    assert demanded["coverage"] == {"toml"}
    assert missing == {}


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _demands(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # pinned for another platform
        return []


def _extras(lines: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines:
        requirement = Requirement(line.split(" --hash")[0])
        name = canonicalize_name(requirement.name)
        found.setdefault(name, set()).update(requirement.extras)
    return found
