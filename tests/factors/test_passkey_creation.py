"""Making passkeys: the steps of WebAuthn Level 3, 7.1, broken one at a time."""

from collections.abc import Mapping
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.factors.base import FactorRefused
from app.factors.passkey import verify_creation
from tests.factories.authenticator import (
    AAGUID,
    BACKED_UP,
    CLOUD,
    DEVICE,
    USER_VERIFIED,
    Authenticator,
    encode,
)
from tests.support.passkey import CEREMONY, ORIGIN, creation, registered


def test_options_are_those_of_a_discoverable_credential() -> None:
    _, had = registered()

    options = creation((had,))

    assert options["rp"]["id"] == "example.com"
    assert options["user"]["id"] == encode(had.data["user_handle"])
    assert b"ada" not in had.data["user_handle"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["attestation"] == "none"
    (excluded,) = options["excludeCredentials"]
    assert excluded["id"] == encode(had.data["credential_id"])
    assert excluded["transports"] == ["internal", "hybrid"]


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_registration_is_kept_as_the_standard_says(algorithm: int) -> None:
    authenticator = Authenticator(ORIGIN, algorithm, CLOUD)

    made = verify_creation(authenticator.create(creation()), CEREMONY)

    (passkey,) = authenticator.passkeys
    assert made.credential_id == passkey.credential_id
    assert cbor2.loads(made.public_key) == cbor2.loads(passkey.public_key)
    assert (made.is_backup_eligible, made.is_backed_up) == (True, True)
    assert made.is_user_verified and made.sign_count == 0
    assert made.transports == ("internal", "hybrid")
    assert made.aaguid == AAGUID


def test_a_packed_self_attestation_is_verified() -> None:
    answer = Authenticator(ORIGIN).create(creation(), fmt="packed", statement="self")

    assert verify_creation(answer, CEREMONY).credential_id


_ES256 = {1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\1" * 32}
_OTHER = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
_P384 = {
    **{1: 2, 3: -7, -1: 2},
    **{-2: _OTHER.x.to_bytes(48, "big"), -3: _OTHER.y.to_bytes(48, "big")},
}
_SMALL = {1: 3, 3: -257, -1: b"\xff" * 64, -2: b"\1\0\1"}
_BROKEN_CREATION: dict[str, Mapping[str, Any]] = {
    "type": {"client_data": {"type": "webauthn.get"}},
    "no type": {"client_data": {"type": None}},
    "type of junk": {"client_data": {"type": ["webauthn.create"]}},
    "challenge": {"client_data": {"challenge": encode(b"another, and as long as it")}},
    "no challenge": {"client_data": {"challenge": None}},
    "challenge of junk": {"client_data": {"challenge": 7}},
    "origin by suffix": {"origin": "https://badid.example.com"},
    "origin below": {"origin": "https://a.id.example.com"},
    "origin of the rp id": {"origin": "https://example.com"},
    "origin by http": {"origin": "http://id.example.com"},
    "origin by port": {"origin": "https://id.example.com:8443"},
    "origin with a path": {"origin": "https://id.example.com/"},
    "origin in capitals": {"origin": "https://ID.example.com"},
    "origin of junk": {"client_data": {"origin": [ORIGIN]}},
    "within another page": {"client_data": {"crossOrigin": True}},
    "within, as text": {"client_data": {"crossOrigin": "false"}},
    "top origin": {"client_data": {"topOrigin": ORIGIN}},
    "rp id": {"rp_id": "id.example.com"},
    "user not present": {"flags": USER_VERIFIED},
    "backed up but not eligible": {"flags": DEVICE | BACKED_UP},
    "nothing attested": {"attested": 0},
    "algorithm": {"public_key": cbor2.dumps({**_ES256, 3: -36})},
    "algorithm without a hash": {"public_key": cbor2.dumps({**_SMALL, 3: -65535})},
    "off the curve": {"public_key": cbor2.dumps(_ES256)},
    "another curve": {"public_key": cbor2.dumps(_P384)},
    "a small modulus": {"public_key": cbor2.dumps(_SMALL)},
    "a number as key": {"public_key": b"\x04"},
    "no key": {"public_key": b""},
    "bytes left over": {"public_key": cbor2.dumps(_ES256) + b"\0"},
    "unknown format": {"fmt": "made-up"},
    "format of junk": {"fmt": {}},
    "a statement with none": {"statement": {"sig": b"\0"}},
    "packed without a signature": {"fmt": "packed"},
    "packed, wrong": {"fmt": "packed", "statement": {"alg": -7, "sig": b"\0" * 70}},
    "tpm of junk": {"fmt": "tpm", "statement": {"ver": "2.0", "x5c": [b"\0"]}},
    "another id": {"told_id": b"somebody else's"},
    "an id too long": {"credential_id": b"x" * 1_024},
    "no attestation": {"response": {"attestationObject": ""}},
    "junk attestation": {"response": {"attestationObject": "AAAA"}},
    "deep attestation": {"response": {"attestationObject": encode(b"\x81" * 9_999)}},
    "attestation a number": {"response": {"attestationObject": 7}},
    "client data of junk": {"response": {"clientDataJSON": encode(b"[]")}},
    "client data not UTF-8": {"response": {"clientDataJSON": encode(b"\xff{}")}},
    "client data deep": {"response": {"clientDataJSON": encode(b"[" * 99_999)}},
    "client data not base64": {"response": {"clientDataJSON": "é"}},
}


@pytest.mark.parametrize("broken", _BROKEN_CREATION)
def test_t107_a_registration_with_one_thing_wrong_is_refused(broken: str) -> None:
    answer = Authenticator(ORIGIN).create(creation(), **_BROKEN_CREATION[broken])

    with pytest.raises(FactorRefused):
        verify_creation(answer, CEREMONY)


def test_the_longest_id_is_taken() -> None:
    answer = Authenticator(ORIGIN).create(creation(), credential_id=b"x" * 1_023)

    assert len(verify_creation(answer, CEREMONY).credential_id) == 1_023


@pytest.mark.parametrize("told", [7, None, [{}], ["usb", "mind", "usb", ["nfc"]]])
def test_only_known_transports_are_kept(told: Any) -> None:
    answer = Authenticator(ORIGIN).create(creation(), response={"transports": told})

    made = verify_creation(answer, CEREMONY)

    assert made.transports == (("usb",) if told and told != [{}] and told != 7 else ())
