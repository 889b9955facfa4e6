"""A directory's password that is about to expire: told to who proved it, and once.

What is told travels in a cookie of the browser, past a second step if there is one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app.services.process.process import Process
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.browser_session import Browser

if TYPE_CHECKING:
    from app.upstreams.protocol import UpstreamIdentity

_SOON = timedelta(days=30)  # some directories always say when it will be
_TTL = 900  # seconds that a second step may take
_MOST_GRACE = 1_000


@dataclass(frozen=True, slots=True)
class Expiring:
    """When somebody's password of a directory expires, or that it has.

    Attributes:
        user_id: Whose account it is.
        connection: By name.
        at: When it expires; None where it has already.
        grace: How many sign-ins remain with one that has.
    """

    user_id: UUID
    connection: str
    at: datetime | None
    grace: int = 0

    @property
    def text(self) -> str:
        """Return it as a cookie has it."""
        at = int(self.at.timestamp()) if self.at else 0
        return f"{self.user_id.hex}.{at}.{self.grace}.{self.connection}"


def expiring(
    connection: str, user_id: UUID, identity: "UpstreamIdentity", now: datetime
) -> Expiring | None:
    """Return what is to be told of somebody's password, if anything is."""
    if identity.grace is not None:
        grace = max(0, min(identity.grace, _MOST_GRACE))
        return Expiring(user_id, connection, None, grace)
    seconds = identity.expires_in
    if seconds is None or not 0 <= seconds <= _SOON.total_seconds():
        return None
    return Expiring(user_id, connection, now + timedelta(seconds=seconds))


def expiring_at(browser: Browser) -> Expiring | None:
    """Return what a browser is to be told of the password of who just signed in.

    Only them: somebody else may have signed in there instead.
    """
    here, parts = browser.current, browser.expiring.split(".", 3)
    if here is None or len(parts) != 4 or parts[0] != here.user_id.hex:
        return None
    try:
        at, grace = int(parts[1]), int(parts[2])
        when = datetime.fromtimestamp(at, UTC) if at else None
    except (ValueError, OverflowError, OSError):
        return None
    return Expiring(here.user_id, parts[3], when, grace)


def expiring_cookie(process: Process, told: Expiring | None = None) -> str:
    """Return the field that keeps at a browser what is to be told, or forgets it."""
    cookies = BrowserCookies(process.settings.public_url)
    text = told.text if told else ""
    return cookies.write(cookies.expiring, text, _TTL if told else 0)
