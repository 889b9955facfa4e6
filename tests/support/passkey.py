"""One account with passkeys, judged without a database."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.factors.base import Ceremony, Enrolled
from app.factors.passkey import (
    NewPasskey,
    Person,
    creation_options,
    user_handle,
    verify_creation,
)
from tests.factories.authenticator import DEVICE, Authenticator

ORIGIN = "https://id.example.com"
CEREMONY = Ceremony(
    now=datetime(2026, 11, 29, tzinfo=UTC),
    user_id=UUID(int=7),
    digest=lambda *parts: sha256(b"".join(parts)).digest(),
    challenge=b"a challenge of at least sixteen bytes",
    rp_id="example.com",
    origins=(ORIGIN, "https://login.example.com"),
)


def creation(enrolled: tuple[Enrolled, ...] = ()) -> dict[str, Any]:
    """Return creation options of the account, which has these already."""
    handle = user_handle(enrolled, CEREMONY)
    person = Person(handle=handle, name="ada@example.com", display_name="Ada")
    return creation_options(person, enrolled, CEREMONY)


def enrolled_passkey(made: NewPasskey, **data: Any) -> Enrolled:
    """Return a passkey as it is stored, with other ``data`` where it is said."""
    return Enrolled(
        id=UUID(int=1),
        secret=made.public_key,
        state=made.sign_count,
        data={
            "credential_id": made.credential_id,
            "user_handle": user_handle((), CEREMONY),
            "is_backup_eligible": made.is_backup_eligible,
            "is_user_verified": made.is_user_verified,
            "transports": made.transports,
            **data,
        },
    )


def registered(
    flags: int = DEVICE, algorithm: int = -7, step: int = 1, **data: Any
) -> tuple[Authenticator, Enrolled]:
    """Return an authenticator with a passkey, and that as it is stored."""
    authenticator = Authenticator(ORIGIN, algorithm, flags, step)
    answer = authenticator.create(creation())
    return authenticator, enrolled_passkey(verify_creation(answer, CEREMONY), **data)
