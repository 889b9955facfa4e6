"""Refusals of what proxies ask; the log has the true reason."""

from collections.abc import Sequence

from app.core.exceptions import Forbidden, NotFound, Unauthenticated


class ProxyNotTrusted(Forbidden):
    """The settings do not name who asks, so nobody knows what it says of others."""

    code = "proxy_not_trusted"
    title = "Only a proxy that AUTH_SERVE_TRUSTED_PROXIES names may ask this"


class UnclearRequest(Forbidden):
    """What the proxy tells of the request is missing, contradictory or malformed."""

    code = "unclear_forwarded_request"
    title = "What the proxy tells of this request cannot be relied on"


class HostNotProtected(Forbidden):
    """No such host was made known here."""

    code = "host_not_protected"
    title = "This host is not known here"


class HostSignInRequired(Unauthenticated):
    """Nobody is signed in at the host, and no page can be shown to whoever asks."""

    code = "unauthenticated"
    title = "Sign in to do this"

    def __init__(self, realm: str, *, by_secret: bool, hint: str = "") -> None:
        """Refuse.

        Args:
            realm: The host.
            by_secret: Whether a program may come with its secret. Browsers would ask
                people for one, so they are not told.
            hint: Why, for the log.
        """
        super().__init__(hint=hint)
        scheme = "Basic" if by_secret else "Cookie"
        self._challenge = f'{scheme} realm="{realm}"'

    @property
    def headers(self) -> dict[str, str]:
        """What would help (RFC 9110 section 11.6.1)."""
        return super().headers | {"WWW-Authenticate": self._challenge}


class HostForbidden(Forbidden):
    """Somebody is signed in who may not enter."""

    code = "host_forbidden"
    title = "You may not enter here"

    def __init__(
        self, host: str = "", admits: Sequence[str] = (), *, hint: str = ""
    ) -> None:
        """Refuse.

        Args:
            host: Which one.
            admits: Roles and groups of whom it lets in; for the log only.
            hint: Why not this one; for the log only.
        """
        super().__init__(hint=hint)
        self.compared = {"host": host, "lets in": " ".join(admits)}


class ForeignSignOut(Forbidden):
    """Another site, a picture or a prefetch asked to sign out, not the person."""

    code = "foreign_sign_out"
    title = "Sign out from the program itself"


class ForeignReturn(Forbidden):
    """A sign-in comes back that was not begun in this browser."""

    code = "foreign_return"
    title = "This sign-in cannot be continued here"


class ProtectedHostNotFound(NotFound):
    """There is no such host."""

    code = "protected_host_not_found"
    title = "There is no such protected host"
