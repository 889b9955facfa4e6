"""Passkeys: the relying party's steps of WebAuthn Level 3 (sections 7.1 and 7.2).

The library checks what it checks; what it leaves to its caller is checked here: the
length and the sameness of credential ids, who embeds whom, whether a key can be used,
whose a user handle is, and that backup eligibility never changes.
"""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from app.factors.base import Ceremony, Enrolled, FactorRefused, Proof
from app.utils.helpers import base64url

MAX_CREDENTIAL_ID = 1_023  # bytes, section 7.1
TIMEOUT = 300_000  # milliseconds; the challenge is good for as long
DEVICE_BOUND = "hwk"  # RFC 8176: proof of possession of a hardware-secured key
SYNCED = "swk"  # the same of one that may leave its device
VERIFIED = "user"
# Ed25519, ES256, RS256: what section 5.4 recommends, each with its own type of key.
_ALGORITHM_OF = {
    "DecodedOKPPublicKey": -8,
    "DecodedEC2PublicKey": -7,
    "DecodedRSAPublicKey": -257,
}
_ALGORITHMS = tuple(_ALGORITHM_OF.values())
_HANDLE = b"user handle of passkeys"
_MODULUS = range(2_048, 4_097)  # bits
_TRANSPORTS = ("internal", "hybrid", "usb", "nfc", "ble", "smart-card")
_HINTS = {"internal": "client-device", "hybrid": "hybrid"}
_Judged = TypeVar("_Judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a passkey is made for, as authenticators show and find them.

    Attributes:
        handle: Says nothing about them, and is the same for all of their passkeys.
        name: What tells accounts apart: the address.
        display_name: What they are called.
    """

    handle: bytes
    name: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What a registration leaves to be stored (section 4, credential record).

    Attributes:
        is_user_verified: Whether the authenticator knew its user from the beginning
            (``uvInitialized``). Else whoever finds a key without a PIN gives it one,
            and would be taken for two factors.
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool
    is_user_verified: bool
    transports: tuple[str, ...]
    aaguid: UUID


def user_handle(enrolled: Sequence[Enrolled], ceremony: Ceremony) -> bytes:
    """Return the handle of an account: that of its passkeys, else a derived one."""
    if enrolled:
        handle: bytes = enrolled[0].data["user_handle"]
        return handle
    return ceremony.digest(_HANDLE, ceremony.user_id.bytes)


def creation_options(
    person: Person, enrolled: Sequence[Enrolled], ceremony: Ceremony
) -> dict[str, Any]:
    """Return what ``PublicKeyCredential.parseCreationOptionsFromJSON`` takes.

    An authenticator that has a passkey of the account already makes no second one.
    """
    return {
        "rp": {"id": ceremony.rp_id, "name": ceremony.rp_name or ceremony.rp_id},
        "user": {
            "id": base64url(person.handle),
            "name": person.name,
            "displayName": person.display_name,
        },
        "challenge": base64url(ceremony.challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in _ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": [_descriptor(each) for each in enrolled],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "preferred",
        },
        "hints": ["client-device", "hybrid", "security-key"],
        "attestation": "none" if ceremony.attestation is None else "direct",
    }


def request_options(
    ceremony: Ceremony, enrolled: Sequence[Enrolled] = ()
) -> dict[str, Any]:
    """Return what ``PublicKeyCredential.parseRequestOptionsFromJSON`` takes.

    Without passkeys to choose from, the authenticator knows who signs in, and has to
    verify them: nothing else is asked. As a second step it need not.
    """
    options: dict[str, Any] = {
        "challenge": base64url(ceremony.challenge),
        "timeout": TIMEOUT,
        "rpId": ceremony.rp_id,
        "allowCredentials": [_descriptor(each) for each in enrolled],
        "userVerification": "preferred" if enrolled else "required",
    }
    hints = [_hint(name) for each in enrolled for name in each.data["transports"]]
    return {**options, "hints": [*dict.fromkeys(hints)]} if hints else options


def verify_creation(answer: Any, ceremony: Ceremony) -> NewPasskey:
    """Judge what ``navigator.credentials.create`` answered.

    Raises:
        FactorRefused: It is not a passkey for us, made now.
    """
    return _judged(_verify_creation, answer, ceremony)


def verify_alone(
    enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony
) -> Proof:
    """Judge an assertion that nothing else was asked for: who it is, and verified.

    Raises:
        FactorRefused: It is wrong, of a stranger, or the user was not verified.
    """
    return _judged(_verify_assertion, enrolled, answer, ceremony, True)


def check_key(public_key: bytes) -> None:
    """Judge a key in COSE that comes without a registration.

    Raises:
        FactorRefused: No signature of it would ever be accepted.
    """
    _judged(_check_key, public_key)


def read_challenge(answer: Any) -> bytes:
    """Return the challenge that an answer claims; nothing is proven by it.

    Raises:
        FactorRefused: There is none.
    """
    return _judged(_read_challenge, answer)


def read_credential_id(answer: Any) -> bytes:
    """Return the id of the credential that an answer claims; nothing is proven by it.

    Raises:
        FactorRefused: There is none, or it is too long.
    """
    return _judged(_read_credential_id, answer)


class PasskeyFactor:
    """A passkey as a second step: one of those that the account has."""

    name: ClassVar[str] = "passkey"

    def begin(
        self, enrolled: Sequence[Enrolled], ceremony: Ceremony
    ) -> dict[str, Any] | None:
        """Return the request options; without passkeys there is nothing to ask."""
        return request_options(ceremony, enrolled) if enrolled else None

    def verify(
        self, enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony
    ) -> Proof:
        """Judge an assertion.

        Raises:
            FactorRefused: It is wrong, or of a passkey that the account has not.
        """
        return _judged(_verify_assertion, enrolled, answer, ceremony, False)


def _judged(judge: Callable[..., _Judged], *given: Any) -> _Judged:
    """Return a judgement; whatever goes wrong on the way is a refusal.

    What browsers send is four formats in one another, and junk in any of them makes
    the library fail in more ways than it names.
    """
    try:
        return judge(*given)
    except FactorRefused:
        raise
    except Exception as error:
        raise FactorRefused(f"{type(error).__name__}: {error}"[:300]) from error


def _verify_creation(answer: Any, ceremony: Ceremony) -> NewPasskey:
    # Here: the library is six megabytes until somebody has a passkey.
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    _refuse_embedded(answer)
    made = verify_registration_response(
        credential=answer,
        expected_challenge=ceremony.challenge,
        expected_rp_id=ceremony.rp_id,
        expected_origin=[*ceremony.origins],
        supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in _ALGORITHMS],
    )
    if made.credential_id != _read_credential_id(answer):
        raise FactorRefused("the id is not the one of the authenticator")
    _check_key(made.credential_public_key)
    if ceremony.attestation is not None:
        told = answer["response"]
        ceremony.attestation.check(
            _decode(told["attestationObject"]),
            _decode(told["clientDataJSON"]),
            ceremony.now,
        )
    return NewPasskey(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        is_backup_eligible=made.credential_device_type == "multi_device",
        is_backed_up=made.credential_backed_up,
        is_user_verified=made.user_verified,
        transports=known_transports(answer["response"].get("transports")),
        aaguid=UUID(made.aaguid),
    )


def _check_key(public_key: bytes) -> None:
    """Refuse a key that no signature could ever be checked with, or not in time."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from webauthn import helpers

    decoded = helpers.decode_credential_public_key(public_key)
    key = helpers.decoded_public_key_to_cryptography(decoded)
    if _ALGORITHM_OF.get(type(decoded).__name__) != decoded.alg:
        raise FactorRefused("the public key is of an algorithm that we do not verify")
    if isinstance(key, ec.EllipticCurvePublicKey):
        is_fit = isinstance(key.curve, ec.SECP256R1)  # section 5.8.5
    elif isinstance(key, rsa.RSAPublicKey):
        is_fit = key.key_size in _MODULUS and key.public_numbers().e < 2**32
    else:
        is_fit = True  # Ed25519 has one form
    if not is_fit:
        raise FactorRefused("the public key has a curve or a size that we do not take")


def _verify_assertion(
    enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony, is_alone: bool
) -> Proof:
    from webauthn import verify_authentication_response

    passkey = _claimed(enrolled, answer, is_alone)
    _refuse_embedded(answer)
    shown = verify_authentication_response(
        credential=answer,
        expected_challenge=ceremony.challenge,
        expected_rp_id=ceremony.rp_id,
        expected_origin=[*ceremony.origins],
        credential_public_key=passkey.secret,
        credential_current_sign_count=passkey.state or 0,
        require_user_verification=is_alone,
    )
    is_eligible = shown.credential_device_type == "multi_device"
    # One that came from elsewhere may say so for the first time now.
    if passkey.data["is_backup_eligible"] not in (None, is_eligible):
        raise FactorRefused("backup eligibility never changes")
    possession = SYNCED if is_eligible else DEVICE_BOUND
    is_verified = shown.user_verified and passkey.data["is_user_verified"]
    if is_alone and not is_verified:
        raise FactorRefused("it did not know its user when it was made")
    return Proof(
        id=passkey.id,
        state=shown.new_sign_count,
        amr=(possession, VERIFIED) if is_verified else (possession,),
        is_multi_factor=is_verified,
        data={
            "is_backup_eligible": is_eligible,
            "is_backed_up": shown.credential_backed_up,
        },
    )


def _claimed(enrolled: Sequence[Enrolled], answer: Any, is_alone: bool) -> Enrolled:
    """Return the passkey that an answer is said to come from."""
    wanted = _read_credential_id(answer)
    found = [each for each in enrolled if each.data["credential_id"] == wanted]
    if not found:
        raise FactorRefused("the account has no such passkey")
    handle = answer["response"].get("userHandle") or ""
    if not handle and not is_alone:
        return found[0]  # section 7.2 step 6: who it is was known before
    if not hmac.compare_digest(_decode(handle), found[0].data["user_handle"]):
        raise FactorRefused("the user handle is somebody else's")
    return found[0]


def _refuse_embedded(answer: Any) -> None:
    """Refuse what a page of ours answered within one of somebody else's.

    No page of ours may be framed, so no honest browser says so.
    """
    client_data = _client_data(answer)
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise FactorRefused("asked for within a page of another origin")


def _client_data(answer: Any) -> dict[str, Any]:
    text = _decode(answer["response"]["clientDataJSON"]).decode("utf-8")
    client_data = json.loads(text)
    if not isinstance(client_data, dict):
        raise FactorRefused("the client data is no object")
    return client_data


def _read_challenge(answer: Any) -> bytes:
    return _decode(_client_data(answer)["challenge"])


def _read_credential_id(answer: Any) -> bytes:
    credential_id = _decode(answer["id"])
    if not 0 < len(credential_id) <= MAX_CREDENTIAL_ID:
        raise FactorRefused("the length of the credential id is impossible")
    return credential_id


def known_transports(told: Any) -> tuple[str, ...]:
    """Return what the browser told of how to reach the authenticator.

    The standard would keep words that nobody knows; no stranger's text is kept here.
    """
    names = told if isinstance(told, list) else []
    return tuple(name for name in _TRANSPORTS if name in names)


def _descriptor(passkey: Enrolled) -> dict[str, Any]:
    return {
        "type": "public-key",
        "id": base64url(passkey.data["credential_id"]),
        "transports": [*passkey.data["transports"]],
    }


def _hint(transport: str) -> str:
    return _HINTS.get(transport, "security-key")


def _decode(text: str) -> bytes:
    """Return the bytes; one spelling only is accepted."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(raw) != text:
        raise FactorRefused("not base64url")
    return raw
