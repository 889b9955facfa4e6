"""What a test has of an OpenID provider, whichever it is."""

from dataclasses import dataclass
from typing import Any, Protocol

from tests.federation.servers.program import Restartable
from tests.interop.browser import Browser, Page

PASSWORD = "correct-Horse-7-battery"
SECRET = "gX1f+Bat%3bV/0123456789 ~"  # with what a form writes otherwise
CLIENT_ID, CLIENT_BY_KEY = "auth-serve", "auth-serve-by-key"


@dataclass(frozen=True)
class Here:
    """This service, as a provider has to know it.

    Attributes:
        url: Its public address.
        jwk: The public key of the client that proves itself by one.
    """

    url: str
    jwk: dict[str, Any]

    def callbacks(self, peer: str) -> list[str]:
        """Return the redirect URIs of the connections with a peer."""
        names = (peer, f"{peer}-form", f"{peer}-wrong")
        return [f"{self.url}/upstreams/{name}/callback" for name in names]

    def logout(self, peer: str) -> str:
        """Return where it tells of people whom it signed out."""
        return f"{self.url}/upstreams/{peer}/backchannel-logout"

    def callback_by_key(self, peer: str) -> str:
        """Return that of the connection that proves itself by a key."""
        return f"{self.url}/upstreams/{peer}-key/callback"


class OpenIdPeer(Protocol):
    """A running provider, and a person who can sign in there.

    Attributes:
        kind: Of the connection.
        settings: Of the connection, by a secret.
        issuer: What it calls itself.
        program: To end it and start it again.
        email: Of the person.
        has_form_post: It can answer by a form.
        has_keys: Clients can prove themselves by a key.
        tells_of_sign_out: It knows back-channel logout.
        leads_back: Whoever says no there is led back here, as RFC 6749 §4.1.2.1 has it.
    """

    name: str
    kind: str
    issuer: str
    settings: dict[str, Any]
    program: Restartable
    email: str
    full_name: str
    has_form_post: bool
    has_keys: bool
    leads_back: bool
    tells_of_sign_out: bool

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Walk its pages from the first one to where they lead back here."""
        ...

    def turn_back(self, browser: Browser, page: Page) -> Page:
        """Walk its pages to the one that asks, and say no."""
        ...

    def sign_out(self, browser: Browser) -> None:
        """Sign out there, and have it tell whoever wants to know (if it can)."""
        ...

    def rotate(self) -> None:
        """Have it sign by another key from now on."""
        ...
