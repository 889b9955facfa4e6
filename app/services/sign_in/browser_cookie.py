"""The cookies of a browser (RFC 6265bis): read narrowly, written one way.

``__Host-`` keeps other hosts, paths and plain HTTP from planting them. Browsers accept
that prefix from https alone, so where the public URL is http the names are plain. They
are long ones: cookies do not know ports, and ``session`` is what Flask and Starlette
call theirs, so that an application under development on the same host would overwrite
it.
"""

from collections.abc import Sequence

from app.utils.base_path import base_path


class BrowserCookies:
    """Names and attributes, as the public URL has them."""

    def __init__(self, public_url: str) -> None:
        """Choose the names; https there makes them ``__Host-`` ones."""
        self._is_secure = public_url.startswith("https://")
        prefix = "__Host-" if self._is_secure else "auth_serve_"
        # Two services may stand on one host, each under a path of its own; "_" may be
        # part of a segment, and /a_b is not /a/b.
        suffix = base_path(public_url).replace("/", "_", 1).replace("/", ".")
        self.session = f"{prefix}session{suffix}"
        self.browser = f"{prefix}browser{suffix}"
        self.link = f"{prefix}link{suffix}"
        self.expiring = f"{prefix}expiring{suffix}"
        self.step = f"{prefix}step{suffix}"
        self.remembered = f"{prefix}remembered{suffix}"
        self.device = f"{prefix}device{suffix}"
        self.host = f"{prefix}auth_serve_host"  # at hosts that others serve
        self.host_browser = f"{prefix}auth_serve_browser"
        self.language = f"{prefix}language"  # read in `app/core/language`

    def read(self, fields: Sequence[str], name: str) -> str:
        """Return a cookie's value, or nothing.

        Args:
            fields: Every ``Cookie`` field of the request (HTTP/2 may send several).
            name: Which cookie. One that stands twice is none: somebody else set one.
        """
        pairs = [pair.strip() for field in fields for pair in field.split(";")]
        values = [
            pair[len(name) + 1 :] for pair in pairs if pair.startswith(f"{name}=")
        ]
        return values[0] if len(values) == 1 else ""

    def write(self, name: str, value: str, max_age: int | None = None) -> str:
        """Return a ``Set-Cookie`` field.

        Args:
            name: One of the names.
            value: Of letters, digits and ``-_.`` only.
            max_age: Seconds; 0 deletes it, None keeps it until the browser is closed.
        """
        parts = [f"{name}={value}", "Path=/"]
        if max_age is not None:
            parts.append(f"Max-Age={max_age}")
        if self._is_secure:
            parts.append("Secure")
        return "; ".join([*parts, "HttpOnly", "SameSite=Lax"])
