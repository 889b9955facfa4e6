"""What happened to an account, in words for its owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.language import N_, gettext
from app.oauth.clients.client import Client
from app.pages.parts.asked import registered_application
from app.services.accounts.audit_event import ToldEvent
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import BrowserAccount
from app.services.sign_in.origin import masked, spoken_browser, spoken_origin
from app.services.sign_in.place import Places
from app.utils.helpers import printable

_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page.

    Attributes:
        icon: Of ``components/icon.html``.
        text: What happened.
        at: When.
        browser: Where it was done, if the reader did it.
        place: The same, coarsely: never the address of somebody else.
        by_other: Whether an administrator did it.
        is_here: Whether it began the session that looks at it.
    """

    icon: str
    text: str
    at: datetime
    browser: str
    place: str
    by_other: bool
    is_here: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """An icon and a sentence; ``by`` names the fact that chooses among others."""

    icon: str
    text: str
    by: str = ""
    others: tuple[tuple[str, str], ...] = ()


_PASSKEY, _TOTP, _CODES = "passkey", "totp", "recovery_code"
# What is not here is of no use to people, or said by what stands beside it.
_WORDS: Mapping[str, _Said] = {
    "sign_in.succeeded": _Said(
        "check",
        N_("Signed in"),
        "method",
        (
            ("password", N_("Signed in with your password")),
            (_PASSKEY, N_("Signed in with a passkey")),
            ("email_code", N_("Signed in with a code by email")),
            ("upstream", N_("Signed in with a connected service")),
        ),
    ),
    "sign_in.failed": _Said("warning", N_("Somebody tried to sign in and failed")),
    "sign_in.second_step_guessed": _Said(
        "warning", N_("Somebody with your password failed at the second step")
    ),
    "sign_in.not_me": _Said("warning", N_("Everything was signed out: it wasn't you")),
    "device.remembered": _Said("laptop", N_("Browser remembered for the second step")),
    "device.forgotten": _Said("laptop", N_("Remembered browser forgotten")),
    "email.verified": _Said("mail", N_("Email address confirmed")),
    "email.change_requested": _Said("mail", N_("Change of email address started")),
    "email.changed": _Said("mail", N_("Email address changed")),
    "email.set": _Said("mail", N_("Email address changed")),
    "factor.added": _Said(
        "shield",
        N_("Second step added"),
        "factor",
        (
            (_PASSKEY, N_("Passkey added")),
            (_TOTP, N_("Authenticator app set up")),
        ),
    ),
    "factor.removed": _Said(
        "shield",
        N_("Second step removed"),
        "factor",
        (
            (_PASSKEY, N_("Passkey removed")),
            (_TOTP, N_("Authenticator app removed")),
            (_CODES, N_("Recovery codes removed")),
        ),
    ),
    "factor.recovery_codes_made": _Said("list", N_("Recovery codes made")),
    "factor.recovery_code_used": _Said("list", N_("Recovery code used")),
    "factor.recovery_requested": _Said(
        "warning", N_("Somebody said that every second step is lost")
    ),
    "factor.recovery_stopped": _Said("shield", N_("Removal of second steps stopped")),
    "factor.recovered": _Said("warning", N_("All second steps removed")),
    "password.changed": _Said("lock", N_("Password changed")),
    "password.reset": _Said("lock", N_("Password reset by email")),
    "password.reset_requested": _Said("lock", N_("Reset of the password asked for")),
    "password.reset_demanded": _Said("lock", N_("A new password was demanded")),
    "password.change_failed": _Said(
        "warning", N_("Wrong password at a change of the password")
    ),
    "session.revoked": _Said("exit", N_("Signed out on one device")),
    "session.all_revoked": _Said("exit", N_("Signed out on other devices")),
    "session.refresh_token_reused": _Said(
        "warning", N_("A copied sign-in was found and ended")
    ),
    "oauth.authorization_granted": _Said("apps", N_("Signed in to %(name)s")),
    "oauth.device_approved": _Said("laptop", N_("Signed in to %(name)s on a device")),
    "oauth.device_denied": _Said("laptop", N_("%(name)s was given no access")),
    "oauth.consent_granted": _Said("apps", N_("%(name)s was given access")),
    "oauth.consent_revoked": _Said("apps", N_("Access of %(name)s revoked")),
    "oauth.consent_denied": _Said("apps", N_("%(name)s was given no access")),
    "oauth.refresh_token_reused": _Said(
        "warning", N_("A copied sign-in at %(name)s was found and ended")
    ),
    "upstream.signed_out": _Said("laptop", N_("Signed out by a connected service")),
    "upstream.withdrawn": _Said("laptop", N_("Signed out by a connected service")),
    "upstream.linked": _Said("shield", N_("Connected with another service")),
    "upstream.unlinked": _Said("shield", N_("Disconnected from another service")),
    "user.registered": _Said("person", N_("Account created")),
    "user.created": _Said("person", N_("Account created")),
    "user.invitation_accepted": _Said("person", N_("Invitation accepted")),
    "user.updated": _Said("pencil", N_("Profile changed")),
    "user.status_changed": _Said("warning", N_("Account turned off or on")),
    "user.roles_changed": _Said("key", N_("Roles changed")),
    "group.member_added": _Said("people", N_("Groups changed")),
    "group.member_removed": _Said("people", N_("Groups changed")),
    "personal_token.created": _Said("key", N_("Access token made")),
    "personal_token.revoked": _Said("key", N_("Access token revoked")),
    "personal_token.all_revoked": _Said("key", N_("All access tokens revoked")),
    "user.exported": _Said("download", N_("Copy of your data downloaded")),
}
NAMES = tuple(_WORDS)


class Telling:
    """Puts events into words for whoever looks at them."""

    def __init__(
        self,
        runtime: Runtime,
        account: BrowserAccount,
        clients: Mapping[str, Client],
    ) -> None:
        """Speak to this person, and name applications by what was found of them."""
        self._account = account
        self._clients = clients
        self._places = Places(runtime.settings.session.geoip_file)

    def line(self, event: ToldEvent) -> Line:
        """Return the line of an event whose name is among ``NAMES``."""
        said = _WORDS[event.name]
        text = dict(said.others).get(str(event.data.get(said.by)), said.text)
        names = {"name": self._application(event.data)}
        session = str(event.data.get("session_id", ""))
        is_sign_in = event.name == "sign_in.succeeded"
        return Line(
            icon=said.icon,
            text=gettext(text) % names,
            at=event.created_at,
            browser=spoken_browser(event.user_agent) if event.user_agent else "",
            place=self._place(event.ip) if event.ip else "",
            by_other=event.by_other,
            is_here=is_sign_in and session == str(self._account.session_id),
        )

    def _place(self, ip: str) -> str:
        return self._places.of(ip) or spoken_origin(masked(ip))

    def _application(self, data: Mapping[str, Any]) -> str:
        client_id = data.get("client_id")
        if not client_id:
            return ""
        client = self._clients.get(client_id)
        if client is None:
            return printable(client_id, _MAX_NAME)
        return registered_application(client).name
