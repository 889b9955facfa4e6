"""Threads share the library of a token; a process of its own, for it may end by it."""

import os
import subprocess
import sys

from tests.servers.service import ROOT
from tests.signing.softhsm import LABEL, MODULE, PIN, SoftHsm, with_softhsm

pytestmark = with_softhsm
_MODULE_AND_PIN = str(MODULE), LABEL, PIN
_PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from app.core.signing.pkcs11 import Pkcs11Token

token = Pkcs11Token(*sys.argv[1:])

def work(number):
    reference = f"{number:032x}"
    jwk = token.make("ES256", reference)
    signed = [token.sign(reference, "ES256", b"said") for _ in range(20)]
    token.destroy(reference)
    return jwk["kty"], {len(each) for each in signed}

with ThreadPoolExecutor(8) as pool:
    found = list(pool.map(work, range(64)))
assert found == [("EC", {64})] * 64, found
"""


def test_threads_that_make_and_sign_at_once_end_no_process(hsm: SoftHsm) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *_MODULE_AND_PIN],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), **hsm.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
