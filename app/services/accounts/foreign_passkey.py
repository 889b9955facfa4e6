"""Passkeys as other products store them, and how an import stores them."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    TypeAdapter,
    ValidationError,
)
from sqlalchemy.exc import IntegrityError

from app.factors.base import FactorRefused
from app.factors.passkey import MAX_CREDENTIAL_ID, check_key, known_transports
from app.models.passkey import Passkey
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.base import Input, in_utc
from app.schemas.factor import PasskeyName
from app.services.accounts.foreign_factor import parsed

_Made = Annotated[AwareDatetime, AfterValidator(in_utc)]
_PASSWORDLESS = "webauthn-passwordless"
KEYCLOAK_TYPES = ("webauthn", _PASSWORDLESS)
MAX_HANDLE = 64  # bytes, WebAuthn Level 3 section 4
_MAX_KEY = 1_024  # bytes; one of 4,096 bits has some 530
_UNNAMED = "Passkey"
_BACKUPS = {"multiDevice": True, "singleDevice": False, None: None}
_BASE64 = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_NAME: TypeAdapter[str] = TypeAdapter(PasskeyName)


class PasskeyTaken(ValueError):
    """Another account has a passkey of this credential id."""

    def __init__(self) -> None:
        """Say it without the id."""
        super().__init__("passkeys were not taken: another account has one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPasskey:
    """The columns of a passkey that come from elsewhere."""

    credential_id: bytes
    user_handle: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool | None
    is_backed_up: bool
    is_user_verified: bool
    transports: list[str]
    aaguid: UUID
    name: str
    created_at: datetime | None


def _decoded(text: Any) -> bytes:
    """Read base64url or base64, with or without padding: products write either."""
    plain = text.replace("+", "-").replace("/", "_") if isinstance(text, str) else ""
    if not _BASE64.fullmatch(plain):
        raise ValueError("must be base64url")
    plain = plain.rstrip("=")
    return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _listed(told: Any) -> Any:
    """Read a column that has words between commas."""
    return told.split(",") if isinstance(told, str) else told


_Bytes = BeforeValidator(_decoded)


class _Native(Input):
    """A passkey in a native line."""

    credential_id: Annotated[
        bytes, _Bytes, Field(min_length=1, max_length=MAX_CREDENTIAL_ID)
    ]
    public_key: Annotated[bytes, _Bytes, Field(min_length=1, max_length=_MAX_KEY)]
    sign_count: Annotated[StrictInt, Field(ge=0, lt=2**32)]
    user_handle: Annotated[bytes, _Bytes, Field(min_length=1, max_length=MAX_HANDLE)]
    transports: Annotated[list[str] | None, BeforeValidator(_listed)] = None
    is_backup_eligible: StrictBool | None = None
    is_backed_up: StrictBool = False
    is_user_verified: StrictBool = False
    aaguid: UUID | None = None
    name: Any = None
    created_at: _Made | None = None  # some products count milliseconds


def read_passkeys(given: Sequence[Mapping[str, Any]]) -> list[ForeignPasskey]:
    """Return what an import stores of an account's passkeys.

    Raises:
        ValueError: One of them cannot be taken, and the account is refused: it would
            be weaker here without it. The text names no value.
    """
    try:
        read = [_read(each) for each in given]
    except ValidationError as error:
        reason = "; ".join(
            f"{'.'.join(str(part) for part in flaw['loc'])}: {flaw['msg']}"
            for flaw in error.errors(include_input=False)
        )
        raise ValueError(f"passkeys were not taken: {reason}") from None
    except (FactorRefused, ValueError) as error:
        raise ValueError(f"passkeys were not taken: {error}") from None
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("passkeys were not taken: of no form that is known") from None
    if len({each.credential_id for each in read}) < len(read):
        raise ValueError("passkeys were not taken: one is there twice")
    return read


def _read(given: Mapping[str, Any]) -> ForeignPasskey:
    """Read one passkey of whichever form."""
    if "credentialData" in given:
        given = _keycloak(given)
    elif "publicKey" in given:
        given = _simplewebauthn(given)
    native = _Native.model_validate(given)
    _check_key(native.public_key)
    made = native.created_at
    told: dict[str, Any] = native.model_dump() | {
        "transports": list(known_transports(native.transports)),
        "aaguid": native.aaguid or UUID(int=0),
        "name": _name_of(native.name),
        "created_at": made and made.astimezone(UTC),
    }
    return ForeignPasskey(**told)


def _check_key(public_key: bytes) -> None:
    try:
        check_key(public_key)
    except FactorRefused as refusal:
        # What the library says may tell of the value.
        if refusal.__cause__ is not None:
            raise ValueError("public_key: is no key in COSE") from None
        raise


def _keycloak(credential: Mapping[str, Any]) -> dict[str, Any]:
    """Read a credential of a realm export.

    One that signs in alone there has the user verified, as far as it matters: whoever
    has it and not its PIN signed in there too.
    """
    told = parsed(credential["credentialData"])
    return {
        "credential_id": told["credentialId"],
        "public_key": told["credentialPublicKey"],
        "sign_count": told.get("counter", 0),
        "user_handle": credential.get("user_handle"),
        "transports": told.get("transports"),
        "is_user_verified": credential.get("type") == _PASSWORDLESS,
        "aaguid": told.get("aaguid") or None,
        "name": credential.get("userLabel"),
        "created_at": credential.get("createdDate"),
    }


def keycloak_entry(credential: Mapping[str, Any], user_id: Any) -> dict[str, Any]:
    """Return a credential of a realm export with what its authenticator calls them.

    That is the id of the account there, as text.
    """
    handle = urlsafe_b64encode(str(user_id or "").encode()).decode()
    return {**credential, "user_handle": handle}


def _simplewebauthn(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Read a row as the documents of SimpleWebAuthn have it.

    Whether the user was verified is not in it; a line may say so beside.
    """
    kind = stored.get("deviceType")
    if kind not in _BACKUPS:
        raise ValueError("deviceType is not known")
    return {
        "credential_id": stored["id"],
        "public_key": stored["publicKey"],
        "sign_count": stored.get("counter", 0),
        "user_handle": stored.get("webauthnUserID", stored.get("user_handle")),
        "transports": stored.get("transports"),
        "is_backup_eligible": _BACKUPS[kind],
        "is_backed_up": stored.get("backedUp", False),
        "is_user_verified": stored.get("is_user_verified", False),
        "aaguid": stored.get("aaguid"),
        "name": stored.get("name"),
        "created_at": stored.get("created_at"),
    }


def _name_of(told: Any) -> str:
    """Return the name, shortened; nobody loses a passkey for one that is refused."""
    try:
        return _NAME.validate_python(told[:64]) or _UNNAMED
    except (TypeError, ValueError):
        return _UNNAMED


async def add_passkeys(
    uow: UnitOfWork, user_id: UUID, passkeys: Sequence[ForeignPasskey]
) -> None:
    """Store the passkeys of an account that is new.

    Raises:
        PasskeyTaken: Another account has one of them (section 7.1).
    """
    now = uow.clock.now()
    for each in passkeys:
        columns = asdict(each) | {"created_at": each.created_at or now}
        row = Passkey(
            id=uow.randomness.uuid7(), user_id=user_id, last_used_at=None, **columns
        )
        uow.passkeys.add(row)
    try:
        await uow.db.flush()
    except IntegrityError as error:
        raise PasskeyTaken from error
