"""Second factors as other products export them, and how an import stores them."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.password_schemes.limits import HashRefused
from app.core.passwords import stored_form
from app.factors.otpauth import checked_key, read_base32, read_uri
from app.factors.totp import TotpKey, seal_context
from app.models.recovery_code import RecoveryCode
from app.models.totp import Totp
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

SHA512 = "sha512:"  # before the digest of a code, in hex, without a salt
_KEYCLOAK_HASHES = ("RS512", "SHA-512")  # its names for one round of SHA-512


def read_totp(given: str | Mapping[str, Any]) -> TotpKey:
    """Return the key of an authenticator app.

    Args:
        given: An ``otpauth`` URI, or the secret in base32, or an object: ``secret`` in
            base32 with ``algorithm``, ``digits`` and ``period``; a credential ``otp``
            of Keycloak; a ``TOTPDevice`` of authentik.

    Raises:
        ValueError: It is none of these; the text names no value.
    """
    if isinstance(given, str):
        is_uri = given.strip().lower().startswith("otpauth:")
        return read_uri(given) if is_uri else checked_key(read_base32(given))
    try:
        if "secretData" in given:
            return _keycloak(given)
        if "key" in given:
            return _authentik(given)
        names = ("algorithm", "digits", "period")
        if set(given) - {"secret", *names}:
            raise ValueError("it has members that are not known")
        told = {name: given[name] for name in names if given.get(name) is not None}
        return checked_key(read_base32(given["secret"]), **told)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("of no form that is known") from None


def _keycloak(credential: Mapping[str, Any]) -> TotpKey:
    """Read a credential of a realm export: the secret is text, unless it says how."""
    how, secret = parsed(credential["credentialData"]), parsed(credential["secretData"])
    if how.get("subType", "totp") != "totp":
        raise ValueError("only codes that a clock drives are known, no HOTP")
    value, encoding = str(secret["value"]), how.get("secretEncoding")
    if encoding is not None and str(encoding).upper() != "BASE32":
        raise ValueError("its secretEncoding is not known")
    return checked_key(
        read_base32(value) if encoding else value.encode(),
        algorithm=how.get("algorithm", "HmacSHA1"),
        digits=how.get("digits", 6),
        period=how.get("period", 30),
    )


def _authentik(device: Mapping[str, Any]) -> TotpKey:
    """Read a device of django-otp: a key in hex, always SHA-1."""
    if device.get("t0", 0) != 0:
        raise ValueError("its time does not begin with 1970")
    return checked_key(
        bytes.fromhex(device["key"]),
        digits=device.get("digits", 6),
        period=device.get("step", 30),
    )


def keycloak_code_hashes(credential: Mapping[str, Any]) -> list[str]:
    """Return the hashes of a credential ``recovery-authn-codes`` of a realm export.

    Raises:
        ValueError: They were made in another way than by one round of SHA-512.
    """
    how, secret = parsed(credential["credentialData"]), parsed(credential["secretData"])
    rounds = how.get("hashIterations", 1)
    if how.get("algorithm") not in _KEYCLOAK_HASHES or rounds != 1:
        raise ValueError("its recovery codes are hashed in a way that is not known")
    return [str(code["encodedHashedValue"]) for code in secret["codes"]]


def parsed(value: Any) -> Any:
    """Return what Keycloak writes as JSON inside of JSON."""
    return json.loads(value) if isinstance(value, str) else value


def read_code_hash(text: str, source: str | None = None) -> str:
    """Return the stored form of the hash of a recovery code.

    Args:
        text: SHA-512 in base64, as Keycloak writes it, or any hash of a password that
            an import takes.
        source: Which product made it.

    Raises:
        HashRefused: It is neither.
    """
    try:
        digest = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        digest = b""
    return f"{SHA512}{digest.hex()}" if len(digest) == 64 else stored_form(text, source)


def read_factors(
    totp: str | Mapping[str, Any] | None, hashes: list[str], source: str | None
) -> tuple[TotpKey | None, list[str]]:
    """Return what an import stores of an account's factors.

    Raises:
        ValueError: One of them cannot be taken. The account is refused then: without
            its second factor it would be weaker here than it was there.
    """
    try:
        key = None if totp is None else read_totp(totp)
    except ValueError as error:
        raise ValueError(f"totp was not taken: {error}") from None
    try:
        return key, [read_code_hash(text, source) for text in hashes]
    except HashRefused as refusal:
        raise ValueError(f"recovery_code_hashes were not taken: {refusal}") from None


def add_factors(
    uow: UnitOfWork,
    process: Process,
    user_id: UUID,
    key: TotpKey | None,
    hashes: list[str],
) -> None:
    """Store an app and hashes of recovery codes of an account that is new."""
    now = uow.clock.now()
    if key is not None:
        uow.totps.add(totp_row(uow, process, user_id, key))
    for code_hash in hashes:
        uow.recovery_codes.add(
            RecoveryCode(
                id=uow.randomness.uuid7(),
                user_id=user_id,
                code_hash=code_hash,
                created_at=now,
                used_at=None,
            )
        )


def totp_row(uow: UnitOfWork, process: Process, user_id: UUID, key: TotpKey) -> Totp:
    """Return a row for an account's app; it is not stored yet."""
    nonce = process.randomness.bytes(12)
    sealed = process.secret_key.seal(key.secret, nonce, seal_context(user_id))
    return Totp(
        id=uow.randomness.uuid7(),
        user_id=user_id,
        sealed_secret=sealed,
        algorithm=key.algorithm,
        digits=key.digits,
        period=key.period,
        last_step=None,
        created_at=uow.clock.now(),
        last_used_at=None,
    )
