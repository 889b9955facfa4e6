"""What a release is made of: the same bytes each time, and a truth about them."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from tests.architecture.source import ROOT
from tools.release import (
    build_wheel,
    commit_of,
    flaw_of,
    key_id,
    provenance,
    signed,
    write_sbom,
)


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


def test_another_implementation_verifies_what_is_signed(tmp_path: Path) -> None:
    key, wheel = Ed25519PrivateKey.generate(), tmp_path / "auth_serve.whl"
    wheel.write_bytes(b"a wheel")
    secret, public = tmp_path / "release.pem", tmp_path / "release.pub.pem"
    secret.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    stranger = Ed25519PrivateKey.generate().public_key()
    statement = provenance(wheel, "HEAD")

    made = signed(statement, secret)

    envelope = Envelope.from_dict(json.loads(json.dumps(made)))
    theirs = SSlibKey.from_crypto(key.public_key(), key_id(key.public_key()))
    assert set(envelope.verify([theirs], 1)) == {theirs.keyid}
    assert json.loads(envelope.payload) == statement
    with pytest.raises(VerificationError):
        envelope.verify([SSlibKey.from_crypto(stranger, theirs.keyid)], 1)
    assert flaw_of(made, public, wheel) is None
    wheel.write_bytes(b"another wheel")
    assert flaw_of(made, public, wheel) == "what was signed speaks of another file"
    forged = {**made, "payload": base64.b64encode(b"{}").decode()}
    assert flaw_of(forged, public, wheel) == "this key signed nothing of it"
