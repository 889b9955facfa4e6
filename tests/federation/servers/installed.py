"""Where the peers are that ``make federation`` installs."""

import os
import shutil
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("PEERS_FOLDER") or Path(sys.prefix) / "peers")
NODE_OIDC_PROVIDER = FOLDER / "node-oidc-provider"
DEX = FOLDER / "dex" / "dex"
KEYCLOAK = FOLDER / "keycloak"
OPENID = ("node-oidc-provider", "dex", "keycloak")
DIRECTORIES = ("slapd", "389", "samba")
EVERY = (*OPENID, *DIRECTORIES)


def chosen() -> tuple[str, ...]:
    """Return the peers that this run is about, by the variable ``PEERS``.

    Raises:
        ValueError: It names one that there is not.
    """
    names = os.environ.get("PEERS", "").replace(",", " ").split()
    unknown = set(names) - set(EVERY)
    if unknown:
        raise ValueError(f"PEERS: {' '.join(unknown)} is none of {' '.join(EVERY)}")
    return tuple(name for name in EVERY if name in names or not names)


def program(name: str, peer: str) -> str:
    """Return the path of a program of the system's packages.

    Raises:
        FileNotFoundError: It is not installed.
    """
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise FileNotFoundError(f"{name} is not here: make federation PEERS={peer}")
    return found
