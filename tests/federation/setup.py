"""Install real peers: ``python -m tests.federation.setup``, which is what make does.

From npm, Go modules, Maven Central and the system's packages, in versions that are
named here; into the virtual environment, in ``peers``. Those of ``PEERS``, or all.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.federation.servers import installed

HERE = Path(__file__).parent
DEX = "github.com/dexidp/dex"
DEX_VERSION = "v0.0.0-20240807174518-43956db7fd75"  # v2.41.1: no tag is of its path
DEX_API_VERSION = "v2.2.0"
KEYCLOAK_VERSION = "26.7.3"
KEYCLOAK_SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
PACKAGES = {
    "slapd": ("slapd", "ldap-utils"),
    "389": ("389-ds-base", "ldap-utils"),
    "samba": (
        "samba",
        "samba-ad-provision",
        "samba-dsdb-modules",
        "samba-vfs-modules",
        "winbind",
        "ldap-utils",
        "socat",
    ),
}
_FORBID = Path("/usr/sbin/policy-rc.d")


def node_oidc_provider(folder: Path) -> None:
    """Install what ``package-lock.json`` pins, every package by its hash."""
    source = HERE / "servers" / "node_oidc_provider"
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder)
    _run("npm", "ci", "--silent", "--no-audit", "--no-fund", at=folder)


def dex(folder: Path) -> None:
    """Build it: its module replaces another, so ``go install`` refuses it."""
    with tempfile.TemporaryDirectory() as name:
        module = Path(name)
        _run("go", "mod", "init", "peers", at=module)
        wanted = (f"{DEX}/cmd/dex@{DEX_VERSION}", f"{DEX}/api/v2@{DEX_API_VERSION}")
        _run("go", "get", *wanted, at=module)
        output = str(folder / "dex")
        _run("go", "build", "-o", output, f"{DEX}/cmd/dex", at=module)


def keycloak(folder: Path) -> None:
    """Unpack it and let it optimize itself, so that it starts in seconds."""
    name = f"keycloak-quarkus-dist-{KEYCLOAK_VERSION}.zip"
    with tempfile.TemporaryDirectory() as where:
        artifact = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK_VERSION}:zip"
        wanted = (f"-Dartifact={artifact}", f"-DoutputDirectory={where}")
        _run("mvn", "--quiet", "--batch-mode", MAVEN_PLUGIN, *wanted, at=Path(where))
        content = Path(where) / name
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != KEYCLOAK_SHA256:
            raise SystemExit(f"{name} has another hash: {digest}")
        zipfile.ZipFile(content).extractall(where)
        unpacked = Path(where) / f"keycloak-{KEYCLOAK_VERSION}"
        shutil.copytree(unpacked, folder, dirs_exist_ok=True)
    script = folder / "bin" / "kc.sh"
    script.chmod(0o755)
    _run(str(script), "build", "--db=dev-file", "--cache=local", at=folder)


def packages(*names: str) -> None:
    """Install from the system's packages; none of their services is started."""
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return
    was_there = _FORBID.exists()
    if not was_there:
        _FORBID.write_text("#!/bin/sh\nexit 101\n")
        _FORBID.chmod(0o755)
    try:
        _run("apt-get", "update", "-q", at=HERE)
        wanted = ("apt-get", "install", "-qy", "--no-install-recommends")
        _run(*wanted, *missing, at=HERE, DEBIAN_FRONTEND="noninteractive")
    finally:
        if not was_there:
            _FORBID.unlink()


def _is_installed(name: str) -> bool:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True).stdout == b"installed"


def _run(*command: str, at: Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=at,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout.decode(errors='replace')}")


_OPENID: dict[str, tuple[str, Callable[[Path], None]]] = {
    "node-oidc-provider": ("9.13.3", node_oidc_provider),
    "dex": (DEX_VERSION, dex),
    "keycloak": (KEYCLOAK_VERSION, keycloak),
}


def main() -> None:
    """Install what is chosen and not there in the version that is named here."""
    for name in installed.chosen():
        print(f"{name}...", flush=True)
        if name in PACKAGES:
            packages(*PACKAGES[name])
            continue
        version, install = _OPENID[name]
        folder = installed.FOLDER / name
        stamp = folder / "version"
        if stamp.exists() and stamp.read_text() == version:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        stamp.write_text(version)


if __name__ == "__main__":
    main()
