"""The request that a proxy asks about, read from what it says; unclear is refused.

The proxy is trusted and the visitor is not: a field that stands there twice, or that
holds two values, was written by both.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

# A name of DNS or an address, and perhaps a port.
_HOST = re.compile(
    r"([a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?|\[[0-9a-f:]{2,45}\])(:[0-9]{1,5})?"
)
_TARGET = re.compile(r"/[!-~]*")
_METHOD = re.compile(r"[A-Z-]{1,32}")
_PROTOS = {"https": True, "http": False, "wss": True, "ws": False}
_SCHEMES = {True: "https", False: "http"}
_PORTS = {True: ":443", False: ":80"}
_MAX_TARGET = 8_192
# Other HTTP on the same connection: who is let through speaks to the program alone.
_OTHER_HTTP = re.compile(r"(?:h2c?|https?|tls)\b", re.IGNORECASE)
_NONE: Sequence[str] = ()
FIELDS = frozenset(
    "accept authorization cookie http2-settings sec-fetch-dest sec-fetch-mode "
    "sec-fetch-site sec-purpose sec-websocket-key upgrade x-forwarded-host "
    "x-forwarded-method x-forwarded-proto x-forwarded-uri x-requested-with".split()
)
Fields = Mapping[str, Sequence[str]]


class Unclear(ValueError):
    """What the proxy says is missing, there twice, or malformed; the text says what."""


@dataclass(frozen=True, slots=True)
class Original:
    """A request to a host, as its proxy tells of it.

    Attributes:
        host: In small letters, without the port that its scheme has anyway.
        scheme: ``https`` or ``http``; a websocket has that of its handshake.
        target: Path and query, as they came.
        method: In capitals.
        fields: The visitor's own, of ``FIELDS``.
    """

    host: str
    scheme: str
    target: str
    method: str
    fields: Fields

    @property
    def path(self) -> str:
        """The path, as it came."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> bytes:
        """The query, without its question mark."""
        return self.target.partition("?")[2].encode()

    @property
    def origin(self) -> str:
        """Where the browser is."""
        return f"{self.scheme}://{self.host}"

    @property
    def is_browser(self) -> bool:
        """Tell whether it came from a browser, whatever for (Fetch Metadata)."""
        fields = self.fields
        return "sec-fetch-mode" in fields or "x-requested-with" in fields

    @property
    def is_navigation(self) -> bool:
        """Tell whether a person looks at the answer, who could sign in."""
        fields = self.fields
        if self.method not in ("GET", "HEAD") or "x-requested-with" in fields:
            return False
        if "upgrade" in fields or "sec-websocket-key" in fields:
            return False
        mode = fields.get("sec-fetch-mode", ["navigate"])
        if list(mode) != ["navigate"]:
            return False
        return any("text/html" in each.lower() for each in fields.get("accept", _NONE))


def read_forwarded(fields: Fields) -> Original:
    """Return what ``X-Forwarded-Host``, ``-Proto``, ``-Uri`` and ``-Method`` say.

    Raises:
        Unclear: One is missing, there twice or malformed.
    """
    return read_told(
        host=_single(fields, "x-forwarded-host"),
        target=_single(fields, "x-forwarded-uri"),
        method=_single(fields, "x-forwarded-method"),
        fields=fields,
    )


def read_told(*, host: str, target: str, method: str, fields: Fields) -> Original:
    """Return a request of which the proxy tells otherwise, but for the scheme.

    Raises:
        Unclear: Something is malformed.
    """
    is_secure = _PROTOS.get(_single(fields, "x-forwarded-proto").lower())
    if is_secure is None:
        raise Unclear("x-forwarded-proto is neither https nor http")
    if len(target) > _MAX_TARGET or not _TARGET.fullmatch(target):
        raise Unclear("the address is no path, or too long")
    if not _METHOD.fullmatch(method):
        raise Unclear("the method is malformed")
    if _goes_on_otherwise(fields):
        raise Unclear("it goes on in another HTTP, of which no proxy asks")
    named = canonical_host(host, is_secure=is_secure)
    return Original(named, _SCHEMES[is_secure], target, method, fields)


@lru_cache(maxsize=1_024)
def canonical_host(host: str, *, is_secure: bool) -> str:
    """Return a host as it is stored.

    Raises:
        Unclear: It is none.
    """
    named = host.lower().removesuffix(_PORTS[is_secure])
    found = _HOST.fullmatch(named)
    if found is None or ".." in named or int((found[2] or ":1")[1:]) > 65_535:
        raise Unclear("the host is malformed")
    return named


def _single(fields: Fields, name: str) -> str:
    lines = fields.get(name, _NONE)
    if len(lines) != 1:
        raise Unclear(f"{name} is {'there twice' if lines else 'missing'}")
    return lines[0]


def _goes_on_otherwise(fields: Fields) -> bool:
    """Tell whether a connection is to become one of requests that nobody asks about.

    RFC 9113 took ``h2c`` back, and at https it never was (RFC 7540 section 3.2).
    """
    named = (each for line in fields.get("upgrade", _NONE) for each in line.split(","))
    return "http2-settings" in fields or any(
        _OTHER_HTTP.match(each.strip(" \t")) for each in named
    )
