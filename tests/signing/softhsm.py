"""A token of SoftHSM in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import Attribute, ObjectClass

from app.core.signing.library import library

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, LABEL = "4321", "auth"
with_softhsm = pytest.mark.skipif(not MODULE.is_file(), reason="no softhsm2")


class SoftHsm:
    """What an operator has: a module, a label, a PIN; and a cable to pull."""

    def __init__(self, folder: Path) -> None:
        """Initialise a token below a folder."""
        self._tokens, self._away = folder / "tokens", folder / "away"
        self._tokens.mkdir()
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self._tokens}\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(conf)}
        tool = shutil.which("softhsm2-util") or "softhsm2-util"
        line = [tool, "--init-token", "--free", "--label", LABEL]
        subprocess.run(
            [*line, "--so-pin", "12345678", "--pin", PIN],
            env={"PATH": os.defpath, **self.environment},
            check=True,
            capture_output=True,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Return what stands in the settings."""
        return {"module": str(MODULE), "token": LABEL, "pin": PIN}

    def unplug(self) -> None:
        """Take the token away: whoever holds a session holds nothing any more."""
        self._tokens.rename(self._away)

    def plug(self) -> None:
        """Bring it back."""
        self._away.rename(self._tokens)

    def end_sessions(self) -> None:
        """Begin the module anew: every session and handle of this process is void."""
        library(str(MODULE)).reinitialize()

    def private_keys(self) -> list[dict[str, Any]]:
        """Return what another program sees of the private halves."""
        code = "from tests.signing.softhsm import print_keys; print_keys()"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PATH": os.defpath, **self.environment},
            check=True,
            capture_output=True,
            text=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


def print_keys() -> None:
    """Print what may be known of each private half; that may not be readable."""
    session = library(str(MODULE)).get_token(token_label=LABEL).open(user_pin=PIN)
    for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        names = [Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.SIGN]
        names += [Attribute.DECRYPT, Attribute.NEVER_EXTRACTABLE]
        print(json.dumps({name.name: key[name] for name in names}))


@contextmanager
def lent(folder: Path) -> Iterator[SoftHsm]:
    """Make a token that this process sees; its module is begun anew before and after.

    The module belongs to the whole process, and reads where tokens are when it begins.
    """
    token = SoftHsm(folder)
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ.update(token.environment)
    library(str(MODULE)).reinitialize()
    try:
        yield token
    finally:
        library(str(MODULE)).finalize()
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before
