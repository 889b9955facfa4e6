"""Addresses of databases as providers hand them out, read into what the driver takes.

libpq's parameters are everywhere in such addresses, and asyncpg knows few of them by
itself. What protects the connection is done, or done more strictly; what only tunes it
is left out; what would be something else here is refused by its name.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_POSTGRES = re.compile(r"(?i)postgres(?:ql)?(?:\+\w+)?")
_SQLITE = re.compile(r"sqlite(?:\+\w+)?")
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d*))?"
)
_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Other drivers' words for TLS.
_TLS_WORDS = {
    **{"true": "require", "1": "require", "on": "require", "no-verify": "require"},
    **{"false": "disable", "0": "disable", "off": "disable", "strict": "verify-full"},
    "accept_invalid_certs": "require",
}
# What tunes libpq or another driver, and is nothing to this one.
_LEFT_OUT = frozenset(
    "client_encoding fallback_application_name gssencmode keepalives keepalives_count "
    "keepalives_idle keepalives_interval load_balance_hosts serverVersion "
    "sslcompression "
    "sslsni supa tcp_user_timeout uselibpqcompat workaround".split()
)
_UTF8 = frozenset({"", "utf8", "unicode", "auto"})
_ELSEWHERE = {
    "connection_limit": "set AUTH_SERVE_DATABASE__POOL_SIZE instead",
    "pool_size": "set AUTH_SERVE_DATABASE__POOL_SIZE instead",
    "max_overflow": "set AUTH_SERVE_DATABASE__POOL_OVERFLOW instead",
    "pool_timeout": "set AUTH_SERVE_DATABASE__POOL_TIMEOUT instead",
    "statement_timeout": "set AUTH_SERVE_DATABASE__STATEMENT_TIMEOUT instead",
}
_FORM = "write postgresql://host/name, with user:password@ before the host"
ESCAPE = (
    "characters such as @ : / ? # % of a user or password are written as "
    "%40 %3A %2F %3F %23 %25"
)


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is, and how it is to be connected to.

    Attributes:
        url: For SQLAlchemy; nothing but the place is left in it.
        arguments: For the driver.
        server_settings: For the server, at the beginning of a connection.
        is_pooled: There is a pooler in transaction mode, the address says.
    """

    url: URL
    arguments: dict[str, Any] = field(default_factory=dict)
    server_settings: dict[str, str] = field(default_factory=dict)
    is_pooled: bool = False


def read_database_url(text: str) -> DatabaseAddress:
    """Read an address.

    Raises:
        ValueError: It is no address of SQLite or PostgreSQL, or holds what cannot be
            done; the text does not repeat it, for it may hold a password.
    """
    scheme, mark, rest = text.strip().partition("://")
    if _SQLITE.fullmatch(scheme):
        return DatabaseAddress(_sqlite(text.strip()))
    if scheme.startswith("jdbc:"):
        raise ValueError(f"is JDBC's; {_FORM}")
    if not mark and re.match(r"(?i)\s*(?:host|server|user\w*|dbname)\s*=", text):
        raise ValueError(f"is a list; {_FORM}")
    if not _POSTGRES.fullmatch(scheme):
        raise ValueError("must begin with sqlite:// or postgresql://")
    return _postgres(rest)


def _sqlite(text: str) -> URL:
    try:
        return make_url(text).set(drivername="sqlite+aiosqlite")
    except (ArgumentError, ValueError):
        raise ValueError("is no URL that can be read") from None


def _postgres(rest: str) -> DatabaseAddress:
    place, _, query = rest.partition("?")
    authority, _, name = place.partition("/")
    who, at, hosts = authority.rpartition("@")
    if "@" in name or (not at and "@" in query.partition("=")[0]):
        raise ValueError(f"is no URL that can be read: {ESCAPE}")
    user, _, password = who.partition(":")
    options = _options(query)
    user = options.pop("user", "") or _decoded(user)
    password = options.pop("password", "") or _decoded(password)
    named = options.pop("dbname", "") or options.pop("database", "")
    hosts = options.pop("host", "") or hosts
    places = _places(hosts, options.pop("port", ""))
    host, port = places[0]
    is_plain = len(places) == 1 and not host.startswith("/")
    url = URL.create(
        "postgresql+asyncpg",
        username=user or None,
        password=password or None,
        host=(host or None) if is_plain else None,
        port=port if is_plain else None,
        database=named or _decoded(name) or None,
    )
    arguments: dict[str, Any] = {}
    if not is_plain:
        arguments["host"] = [each[0] for each in places]
        arguments["port"] = [each[1] or 5432 for each in places]
    return _connecting(url, arguments, options)


def _places(hosts: str, ports: str) -> list[tuple[str, int | None]]:
    """Return hosts and ports; libpq knows several, separated by commas."""
    if "%2F" in hosts.upper():
        hosts = _decoded(hosts)
    if hosts.startswith("/"):  # a folder of sockets; Cloud SQL's have colons
        return [(hosts, _port(ports))]
    found = []
    defaults = ports.split(",")
    for number, host in enumerate(hosts.split(",")):
        parts = _HOST.fullmatch(host)
        if parts is None:
            raise ValueError(f"has no host that can be read: {ESCAPE}")
        default = defaults[number] if number < len(defaults) else defaults[0]
        port = _port(parts["port"] or default)
        found.append((parts["v6"] or _decoded(parts["name"]), port))
    return found


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 5 or not 0 < int(text) < 65_536:
        raise ValueError("has a port that does not exist")
    return int(text)


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, mark, value = part.partition("=")
        if not mark or name in options:
            raise ValueError(f"has options that cannot be read: {ESCAPE}")
        options[_decoded(name)] = _decoded(value)
    return options


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError(f"has a % that stands for nothing: {ESCAPE}")
    return unquote(text)


def _connecting(
    url: URL, arguments: dict[str, Any], options: dict[str, str]
) -> DatabaseAddress:
    """Turn what is left of the query into what the driver takes."""
    tls = _tls(options)
    if tls is not None:
        arguments["ssl"] = tls
    server: dict[str, str] = {}
    for name in ("application_name", "options"):
        if name in options:
            server[name] = options.pop(name)
    for name in ("schema", "currentSchema", "search_path"):  # of Prisma, JDBC, libpq
        if options.get(name):
            server["search_path"] = options.pop(name)
    for name in ("target_session_attrs", "passfile", "krbsrvname", "gsslib"):
        if name in options:
            arguments[name] = options.pop(name)
    seconds = options.pop("connect_timeout", "") or options.pop("timeout", "")
    if seconds.isdecimal() and int(seconds):
        arguments["timeout"] = float(seconds)
    sizes = ("statement_cache_size", "prepared_statement_cache_size")
    is_pooled = any(options.pop(name, "") == "0" for name in sizes)
    is_pooled |= options.pop("prepareThreshold", "") == "0"
    is_pooled |= options.pop("pgbouncer", "") in ("true", "1")
    is_pooled |= options.pop("pool_mode", "") == "transaction"
    words = [options.pop(n, "") for n in ("client_encoding", "charset", "encoding")]
    encodings = {word.lower().replace("-", "") for word in words}
    if options.get("gssencmode") == "require" or not encodings <= _UTF8:
        raise ValueError("has gssencmode or client_encoding that cannot be had here")
    for name in options:
        if name in _ELSEWHERE:
            raise ValueError(f"has {name}: {_ELSEWHERE[name]}")
        if name not in _LEFT_OUT:
            known = name if re.fullmatch(r"[\w-]{1,40}", name) else "one"
            raise ValueError(f"has an option that is not known ({known}): leave it out")
    return DatabaseAddress(url, arguments, server, is_pooled)


def _tls(options: dict[str, str]) -> ssl.SSLContext | str | None:
    """Return what the driver takes for ``sslmode`` and its companions.

    Channel binding is not known to the driver. What it protects from, a server in
    between, a verified certificate keeps away as well: who demands the one gets the
    other.
    """
    given = [options.pop(name, "") for name in ("sslmode", "ssl", "sslaccept")]
    mode = next((word for word in given if word), "")
    mode = _TLS_WORDS.get(mode.lower(), mode.lower())
    files = {
        name: options.pop(name, "")
        for name in ("sslrootcert", "sslcert", "sslkey", "sslpassword")
    }
    binding = options.pop("channel_binding", "")
    if mode and mode not in _TLS:
        raise ValueError("has an sslmode that does not exist")
    if binding == "require":
        mode = "verify-full"
    if files["sslrootcert"] and mode in ("", "allow", "prefer", "require"):
        mode = "verify-ca"  # as libpq has it, which does not stop at prefer
    if mode.startswith("verify") or (mode == "require" and files["sslcert"]):
        return _context(mode, files)
    return mode or None


def _context(mode: str, files: Mapping[str, str]) -> ssl.SSLContext:
    root = files["sslrootcert"]
    try:
        context = ssl.create_default_context(
            cafile=None if root in ("", "system") else root
        )
        context.check_hostname = mode == "verify-full"
        if mode == "require":
            context.verify_mode = ssl.CERT_NONE
        if files["sslcert"]:
            key, password = files["sslkey"] or None, files["sslpassword"] or None
            context.load_cert_chain(files["sslcert"], key, password)
    except OSError:  # also ssl.SSLError
        raise ValueError("names a file of certificates that cannot be read") from None
    return context
