"""What is remembered of somebody who went elsewhere, until they are back."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.models.one_time_token import OneTimeToken
from app.services.accounts.begun_at import BegunAt
from app.services.process.process import Process
from app.services.sign_in.browser_session import Browser

if TYPE_CHECKING:
    from app.upstreams.protocol import Kept

LINK_TTL = 1_800  # seconds to prove the account that there is


@dataclass(frozen=True, slots=True)
class Going:
    """What somebody goes elsewhere for, kept until they are back.

    Attributes:
        flow: The request of an application that waits.
        section: The page of the account that they sign in for.
        user_id: Whose account is to be connected; None to sign in.
        login_hint: What they typed, handed on and not kept, like the next five.
        domain_hint: Whose people an application means.
        again: Whether they are to prove themselves anew, who are signed in here.
        is_demanded: Whether an application demands that, so that it has to be sure.
        max_age: Seconds since they proved themselves there, as an application says.
        acr_values: How strongly, likewise.
        begun_at: The application, for a mail that may follow.
    """

    flow: str = ""
    section: str = ""
    user_id: UUID | None = None
    login_hint: str | None = None
    domain_hint: str | None = None
    again: bool = False
    is_demanded: bool = False
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    begun_at: BegunAt | None = None


def remembered(
    process: Process, token_id: UUID, browser: Browser, going: Going, kept: "Kept"
) -> dict[str, Any]:
    """Return what a row remembers; what has to stay secret is sealed in it."""
    nonce = process.randomness.bytes(12)
    body = json.dumps(kept.as_json()).encode()
    sealed = process.secret_key.seal(body, nonce, _context(token_id))
    return {
        "browser": mark_of(process, browser),
        "kept": b64encode(sealed).decode(),
        "flow": going.flow,
        "to": going.section,
        "user": going.user_id.hex if going.user_id else "",
        **(going.begun_at.data() if going.begun_at else {}),
    }


def kept_of(process: Process, row: OneTimeToken) -> "Kept":
    """Return what the connector is given back."""
    from app.upstreams.protocol import Kept

    sealed = b64decode(row.data["kept"])
    body = process.secret_key.unseal(sealed, _context(row.id))
    return Kept.from_json(json.loads(body))


def going_of(data: Mapping[str, Any]) -> Going:
    """Return what somebody went elsewhere for."""
    going = Going(flow=data["flow"], section=data["to"])
    if data["user"]:
        going = replace(going, user_id=UUID(hex=data["user"]))
    return replace(going, begun_at=BegunAt.read(data))


def settings_mark(settings: Mapping[str, Any]) -> str:
    """Return what tells settings of a connection from those that it has later."""
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def mark_of(process: Process, browser: Browser) -> str:
    """Return what a row knows a browser by; it does not open anything."""
    return process.secret_key.digest(b"upstream", browser.value.encode()).hex()


def is_of(process: Process, row: OneTimeToken, browser: Browser) -> bool:
    """Tell whether a row was made for this browser."""
    expected = mark_of(process, browser)
    return bool(browser.value) and hmac.compare_digest(row.data["browser"], expected)


def _context(token_id: UUID) -> str:
    return f"upstream_sign_in:{token_id}"
