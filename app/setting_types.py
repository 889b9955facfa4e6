"""Values that settings may have: judged at start, and never repeated in a refusal."""

import ipaddress
import json
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy.engine import URL

from app.database_url import ESCAPE, read_database_url
from app.typed_text import read_email


def database_address(url: str) -> URL:
    """Return the place of a database, with the driver that this service uses.

    Raises:
        ValueError: As ``read_database_url``.
    """
    return read_database_url(url).url


def _database_url(value: SecretStr) -> SecretStr:
    database_address(value.get_secret_value())
    return value


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass  # [::1] begins so as well
    return [part.strip() for part in value.split(",") if part.strip()]


def _json_object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise ValueError('must read {"orders:read": "See your orders"}')
    return read


def json_list(value: Any) -> Any:
    """Return what a JSON array holds; what is no text is judged as it is."""
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, list):
        raise ValueError("must be a JSON array")
    return read


def _scopes_of_others(value: dict[str, str]) -> dict[str, str]:
    """Refuse scopes that have a meaning here, of which people are told in our words."""
    ours = sorted(OWN_SCOPES & value.keys())
    if ours:
        raise ValueError(f"must not hold {ours[0]}, which is a scope of this service")
    return value


def _rate(value: str) -> str:
    count, _, seconds = value.partition("/")
    if not (count.isdecimal() and seconds.isdecimal() and int(count) and int(seconds)):
        raise ValueError("must read COUNT/SECONDS, for example 10/600")
    return value


def dns_server(text: str) -> tuple[str, int]:
    """Return a resolver's address and port; the port is 53 unless it is there.

    Raises:
        ValueError: It is neither ``address``, ``IPv4:port`` nor ``[IPv6]:port``.
    """
    address, port = text, "53"
    if text.startswith("["):
        address, _, port = text[1:].partition("]:")
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    try:
        found = ipaddress.ip_address(address)
    except ValueError as error:
        raise ValueError("must be addresses, and no names") from error
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError("must have a port from 1 to 65535")
    return str(found), int(port)


def _dns_server(value: str) -> str:
    dns_server(value)
    return value


def _proxy(value: str) -> str:
    if value == "unix":
        return value
    try:
        network = ipaddress.ip_network(value.partition("%")[0], strict=False)
    except ValueError as error:
        raise ValueError(
            "must be addresses or networks, or unix; never * and no names"
        ) from error
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        network = ipaddress.ip_network((mapped, network.prefixlen - 96))
    return str(network)


def _not_everybody(proxies: list[str]) -> list[str]:
    """Refuse a list that trusts every address, in one piece or in several."""
    networks = [ipaddress.ip_network(proxy) for proxy in proxies if proxy != "unix"]
    for version in (4, 6):
        same = [network for network in networks if network.version == version]
        joined: Any = ipaddress.collapse_addresses(same)
        if any(network.prefixlen == 0 for network in joined):
            raise ValueError("trusts every address: any caller could forge its own")
    return proxies


def _parts(value: str, *schemes: str) -> SplitResult:
    """Return the parts of a URL with a host.

    Raises:
        ValueError: It is none; the text says which part is wrong.
    """
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # its text would repeat the value
        is_usable = False
    if is_usable:
        return parts
    begin = value.partition("://")[0].lower()
    if "://" not in value or begin not in schemes:
        raise ValueError("must begin with " + " or ".join(f"{s}://" for s in schemes))
    raise ValueError(f"must read {begin}://host or {begin}://host:port; {ESCAPE}")


def _http_url(value: str) -> str:
    _parts(value, "http", "https")
    return value


def _https_origin(value: str) -> str:
    """Return an origin as browsers write it (RFC 6454 section 6.1)."""
    parts = _parts(value, "https")
    if parts.path.rstrip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("must be origins: https://host or https://host:port")
    return origin_of(value)


def origin_of(url: str) -> str:
    """Return the origin of an address as browsers write it (RFC 6454 section 6.1)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    is_usual = parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme))
    return f"{parts.scheme}://{named}" + ("" if is_usual else f":{parts.port}")


def _smtp_url(value: SecretStr) -> SecretStr:
    _parts(value.get_secret_value(), "smtp", "smtps")
    return value


def _valkey_url(value: SecretStr) -> SecretStr:
    """Return the URL as the client has it; some providers name Valkey's own scheme."""
    text = value.get_secret_value()
    _parts(text, *_VALKEY_SCHEMES)
    scheme, mark, rest = text.partition("://")
    return SecretStr(_VALKEY_SCHEMES[scheme.lower()] + mark + rest)


def _level(value: Any) -> Any:
    """Return our word for another program's; the value if there is none."""
    return _LEVELS.get(value.lower(), value) if isinstance(value, str) else value


def _sender(value: Any) -> Any:
    if isinstance(value, str) and value.rstrip().endswith(">"):
        raise ValueError(
            "must be the address alone; AUTH_SERVE_SMTP__SENDER_NAME is for the name"
        )
    return value


def _private_scheme(value: str) -> str:
    """Return a scheme that some program claims on people's devices.

    Never one that browsers act upon themselves, or that leads to another kind of
    program: an answer to a sign-in has no place there.
    """
    scheme = value.removesuffix("://").removesuffix(":")
    if not _SCHEME.fullmatch(scheme) or scheme in _TAKEN_SCHEMES:
        raise ValueError("must be schemes of native applications, such as cursor")
    return scheme


def _preview_host(value: str) -> str:
    """Return a domain that one owner has, with all that is below it.

    Below a public suffix (``github.io`` is one) anybody may have a host.
    """
    name = value.strip().removesuffix(".").lower()
    if not _DOMAIN.fullmatch(name):
        raise ValueError("must be domain names, such as preview.example.com")
    # Here: some 300 KB that only who has previews needs.
    from publicsuffixlist import PublicSuffixList

    if PublicSuffixList().privatesuffix(name) is None:
        raise ValueError("must not be public suffixes: others have hosts below them")
    return name


def _ca_file(value: Path) -> Path:
    try:
        ssl.create_default_context(cafile=value)
    except OSError:  # also ssl.SSLError
        raise ValueError("cannot be read as a file of certificates (PEM)") from None
    return value


def _geoip_file(value: Path) -> Path:
    # Here: nobody without such a file needs the library.
    from maxminddb import InvalidDatabaseError, open_database

    try:
        open_database(str(value)).close()
    except (InvalidDatabaseError, OSError, ValueError):
        raise ValueError("cannot be read as a MaxMind DB (.mmdb)") from None
    return value


def _issuer(value: str) -> str:
    parts = _parts(value, "http", "https")
    if {"?", "#", "@"} & set(value):  # empty ones too, which would end each link
        raise ValueError("must not hold a query, a fragment or credentials")
    path = parts.path.rstrip("/")
    if path and not _BASE_PATH.fullmatch(path):
        raise ValueError(
            "may hold a path of letters, digits, - and _ only, such as /auth, and none "
            "that begins with /.well-known"
        )
    if not value.isascii():
        raise ValueError("must have its host as browsers send it, which is xn--...")
    # Of the scheme it hangs whether cookies are for https alone.
    return f"{parts.scheme}{value[len(parts.scheme) :].rstrip('/')}"


# What an application may have of a person, and the person's own account (ADR-0054).
# The engine has the same as `PERSONAL`; settings lie below it.
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "secret", "password", "example")
OWN_SCOPES = frozenset(
    {
        *("account", "address", "email", "groups", "offline_access", "openid", "phone"),
        *("profile", "roles"),
    }
)
SCOPE_TOKEN = r"^[\x21\x23-\x5b\x5d-\x7e]{1,100}$"  # RFC 6749 section 3.3
_VALKEY_SCHEMES = {
    **{"redis": "redis", "rediss": "rediss"},
    **{"valkey": "redis", "valkeys": "rediss"},
}
_LEVELS = {
    **{"trace": "DEBUG", "verbose": "DEBUG", "notice": "INFO", "warn": "WARNING"},
    **{"err": "ERROR", "critical": "ERROR", "fatal": "ERROR"},
}
# No dot and no percent sign: whoever normalises a path, reads this one alike.
_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9_-]{1,64}){1,4}")
_SCHEME = re.compile(r"[a-z][a-z0-9+-]{1,62}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_TAKEN_SCHEMES = frozenset(
    "about acct android-app blob chrome chrome-extension cid content data dns feed "
    "file filesystem ftp ftps geo git http https imap intent ipp irc jar javascript "
    "ldap ldaps magnet mailto market mid moz-extension ms-appx news nfs nntp pkcs11 "
    "pop resource rtsp safari-extension sftp sip sips sms ssh tel telnet urn "
    "vbscript view-source vnc wais webcal ws wss xmpp".split()
)
PreviewHosts = Annotated[
    list[Annotated[str, AfterValidator(_preview_host)]],
    NoDecode,
    BeforeValidator(_split),
]
Schemes = Annotated[
    list[Annotated[str, AfterValidator(_private_scheme)]],
    NoDecode,
    BeforeValidator(_split),
]
Algorithms = Annotated[
    list[Literal["RS256", "ES256", "PS256", "EdDSA"]], NoDecode, BeforeValidator(_split)
]
Names = Annotated[list[str], NoDecode, BeforeValidator(_split)]
DnsServers = Annotated[
    list[Annotated[str, AfterValidator(_dns_server)]],
    NoDecode,
    BeforeValidator(_split),
]
Models = Annotated[list[UUID], NoDecode, BeforeValidator(_split)]
Proxies = Annotated[
    list[Annotated[str, AfterValidator(_proxy)]],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_not_everybody),
]
Rate = Annotated[str, AfterValidator(_rate)]
CENTURY = 100 * 365 * 86_400  # seconds; a date that far ahead still exists
Scopes = Annotated[
    dict[Annotated[str, Field(pattern=SCOPE_TOKEN)], str],
    NoDecode,
    BeforeValidator(_json_object),
    AfterValidator(_scopes_of_others),
]
Seconds = Annotated[int, Field(gt=0, le=CENTURY)]
Origins = Annotated[
    list[Annotated[str, AfterValidator(_https_origin)]],
    NoDecode,
    BeforeValidator(_split),
]
Issuer = Annotated[str, AfterValidator(_issuer)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]


def weakness(secret: str) -> str | None:
    """Say why a secret key is none, or None when it may be one."""
    if len(secret.strip()) < 32:
        return "must have at least 32 characters"
    if len(set(secret)) < 10 or secret.strip().casefold().startswith(_PLACEHOLDERS):
        return "is not made by chance; try: openssl rand -base64 48"
    return None


def _chance(value: SecretStr) -> SecretStr:
    problem = weakness(value.get_secret_value())
    if problem is not None:
        raise ValueError(problem)
    return value


Chance = Annotated[SecretStr, AfterValidator(_chance)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_smtp_url)]
ValkeyUrl = Annotated[SecretStr, AfterValidator(_valkey_url)]
CaFile = Annotated[Path, AfterValidator(_ca_file)]
GeoipFile = Annotated[Path, AfterValidator(_geoip_file)]
Email = Annotated[str, AfterValidator(read_email)]
Sender = Annotated[str, BeforeValidator(_sender), AfterValidator(read_email)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_level)
]
