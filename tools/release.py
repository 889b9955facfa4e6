"""``python -m tools.release WHAT``: what a release is made of, the same bytes always.

``wheel`` builds from the files of a commit, and nothing that lies about, with the
builder of a lock file and the time of the commit. ``sbom`` writes what the lock has,
as CycloneDX. ``provenance`` writes what the wheel was made from, as an in-toto
statement with the predicate of SLSA (https://slsa.dev/spec/v1.1/provenance), and with
``--key`` signs it: an envelope (https://github.com/secure-systems-lab/dsse) under a key
of whose owner others have the public half. ``verify`` tells whether a wheel is the one.
"""

import argparse
import base64
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

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

_ROOT = Path(__file__).parents[1]
_BUILDER = "tools/build_argon2.txt"  # has the locked setuptools
_LOCKS = ("requirements.txt", _BUILDER)
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
# Who builds is whoever runs this; a builder that others trust signs in its own name.
_BUILDER_ID = "urn:auth-serve:tools.release"
_IN_TOTO = "application/vnd.in-toto+json"


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


def signed(statement: Mapping[str, Any], key_file: Path) -> dict[str, Any]:
    """Return a statement in an envelope that is signed.

    Args:
        statement: As ``provenance`` returns it.
        key_file: An Ed25519 key in PEM (`openssl genpkey -algorithm ed25519`).
    """
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit(f"{key_file} holds no Ed25519 key")
    payload = json.dumps(statement, indent=2).encode()
    signature = key.sign(_signed_bytes(payload))
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": _IN_TOTO,
        "signatures": [
            {
                "keyid": key_id(key.public_key()),
                "sig": base64.b64encode(signature).decode(),
            }
        ],
    }


def flaw_of(envelope: Mapping[str, Any], key_file: Path, wheel: Path) -> str | None:
    """Return why a wheel is not the one that an envelope speaks of, or None.

    Args:
        envelope: As ``signed`` returns it.
        key_file: The public half in PEM, from where its owner publishes it.
        wheel: The file.
    """
    key = serialization.load_pem_public_key(key_file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        return f"{key_file} holds no Ed25519 key"
    payload = base64.b64decode(envelope["payload"])
    for each in envelope["signatures"]:
        try:
            key.verify(base64.b64decode(each["sig"]), _signed_bytes(payload))
        except InvalidSignature:
            continue
        break
    else:
        return "this key signed nothing of it"
    subject = {"name": wheel.name, "digest": {"sha256": _digest(wheel.read_bytes())}}
    is_it = envelope["payloadType"] == _IN_TOTO
    if not is_it or subject not in json.loads(payload)["subject"]:
        return "what was signed speaks of another file"
    return None


def key_id(key: Ed25519PublicKey) -> str:
    """Return what tells a key from others: SHA-256 of its SubjectPublicKeyInfo."""
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return _digest(key.public_bytes(*der))


def _signed_bytes(payload: bytes) -> bytes:
    """Return what is signed of an envelope (DSSE v1, PAE)."""
    kind = _IN_TOTO.encode()
    return b" ".join(
        [b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload]
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    """Make one of the three and print where it is, or verify."""
    parser = argparse.ArgumentParser(prog="python -m tools.release")
    parser.add_argument("what", choices=("wheel", "sbom", "provenance", "verify"))
    parser.add_argument("--into", type=Path, default=_ROOT / "build/dist")
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--key", type=Path, help="Ed25519, PEM: private, or to verify")
    parser.add_argument("--wheel", type=Path, help="What to verify")
    arguments = parser.parse_args()
    if arguments.what == "verify":
        _verify(arguments.wheel, arguments.key)
        return
    if arguments.what == "sbom":
        print(write_sbom(arguments.into))
        return
    wheel = build_wheel(arguments.revision, arguments.into)
    print(wheel)
    if arguments.what == "provenance":
        path = wheel.with_name(f"{wheel.name}.intoto.json")
        said = provenance(wheel, arguments.revision)
        if arguments.key is not None:
            said = signed(said, arguments.key)
            path = wheel.with_name(f"{wheel.name}.intoto.dsse.json")
        path.write_text(json.dumps(said, indent=2) + "\n")
        print(path)


def _verify(wheel: Path, key: Path) -> None:
    path = wheel.with_name(f"{wheel.name}.intoto.dsse.json")
    flaw = flaw_of(json.loads(path.read_text()), key, wheel)
    print(flaw or f"{wheel.name} is what the key of {key} speaks of")
    if flaw is not None:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
