"""What a release is made of: the same bytes each time, and a truth about them."""

import hashlib
import json
import zipfile
from pathlib import Path

from tests.architecture.source import ROOT
from tools.release import build_wheel, commit_of, provenance, write_sbom


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_wheel_built_twice_is_the_same(tmp_path: Path) -> None:
    one, two = (build_wheel("HEAD", tmp_path / name) for name in ("one", "two"))

    assert sha256(one) == sha256(two)
    said = provenance(one, "HEAD")
    assert said["subject"] == [{"name": one.name, "digest": {"sha256": sha256(one)}}]
    source, *locks = said["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source["digest"] == {"gitCommit": commit_of("HEAD")[0]}
    assert {lock["name"] for lock in locks} >= {"requirements.txt"}
    names = zipfile.ZipFile(one).namelist()
    assert {"app/cli/__main__.py", "app/migrations/env.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def test_the_bill_of_materials_is_the_lock(tmp_path: Path) -> None:
    path = write_sbom(tmp_path)

    bill = json.loads(path.read_text())
    lock = (ROOT / "requirements.txt").read_text()
    locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    locked = {name.partition("[")[0] for name in locked if not name.startswith("#")}
    components = {each["name"]: each for each in bill["components"]}
    assert set(components) == locked
    assert all("hashes" in json.dumps(each) for each in components.values())
