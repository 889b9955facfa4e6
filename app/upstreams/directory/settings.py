"""What an operator says of a directory."""

import re
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from app.schemas.base import MAX_SECRET
from app.upstreams.directory import filters
from app.upstreams.directory.client import Account, Directory
from app.upstreams.directory.connector import DirectoryConnector, Profile
from app.upstreams.directory.dn import canonical
from app.upstreams.directory.flavour import Flavour
from app.upstreams.directory.groups import GroupSearch
from app.upstreams.directory.link import Server
from app.upstreams.protocol import Surroundings, UpstreamSettings
from app.upstreams.settings import Secret

_PORTS = {"ldaps": 636, "ldap": 389}
_SERVER = re.compile(r"ldaps?://[^/?#@\s]+/?")


def _server(value: str) -> str:
    if not _SERVER.fullmatch(value):
        raise ValueError("must be ldaps://HOST or ldap://HOST, perhaps with :PORT")
    parts = urlsplit(value)
    if not parts.hostname or parts.port == 0:
        raise ValueError("must name a host")
    return value.rstrip("/")


def _dn(value: str) -> str:
    canonical(value)
    return value


def _filter(value: str) -> str:
    filters.parse(value)
    return value


def _authorities(value: str) -> str:
    if not value:  # would be those of the system
        raise ValueError("must be certificates in PEM, or absent")
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("must be certificates in PEM") from error
    return value


ServerUrl = Annotated[StrictStr, Field(max_length=300), AfterValidator(_server)]
Dn = Annotated[StrictStr, Field(min_length=1, max_length=1_024), AfterValidator(_dn)]
FilterText = Annotated[StrictStr, Field(max_length=2_048), AfterValidator(_filter)]
Attribute = Annotated[
    StrictStr, Field(max_length=128, pattern=r"^[A-Za-z][A-Za-z0-9.;-]*$")
]
Who = Annotated[StrictStr, Field(min_length=1, max_length=1_024, pattern=r"^[^\x00]+$")]
Certificates = Annotated[
    StrictStr, Field(max_length=MAX_SECRET * 4), AfterValidator(_authorities)
]


class DirectorySettings(UpstreamSettings):
    """A directory, and the account that searches it.

    ``servers``: tried in order; ``ldap://`` means StartTLS, unless ``start_tls`` is
    false, which is for loopback alone. ``ca_certificates``: in PEM, alone trusted; else
    the system's. ``bind_name``: of the search account, as the directory wants it; it
    needs to read and nothing else. ``user_base``, ``group_base``: DNs; without the
    second, nobody's groups are asked for. ``login_attributes``: by what people may be
    called at sign-in. ``id_attribute``: what says for ever who somebody is, if not what
    the directory gives. ``attributes``: told besides, for ``follow``. ``timeout``:
    seconds for one answer. ``verified_mail``: whether nobody but administrators writes
    ``mail``. ``keeps_passwords``: people are moved off the directory.
    """

    servers: Annotated[tuple[ServerUrl, ...], Field(min_length=1, max_length=10)]
    start_tls: StrictBool = True
    ca_certificates: Certificates | None = None
    bind_name: Who
    bind_password: Secret
    user_base: Dn
    user_filter: FilterText | None = None
    login_attributes: (
        Annotated[tuple[Attribute, ...], Field(min_length=1, max_length=10)] | None
    ) = None
    id_attribute: Attribute | None = None
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=50)] = ()
    group_base: Dn | None = None
    group_filter: FilterText | None = None
    nested_groups: StrictBool = True
    page_size: Annotated[StrictInt, Field(ge=10, le=1_000)] = 500
    timeout: Annotated[StrictInt, Field(ge=1, le=30)] = 5
    verified_mail: StrictBool = False
    keeps_passwords: StrictBool = False

    @model_validator(mode="after")
    def _encrypt(self) -> Self:
        if self.start_tls:
            return self
        for url in self.servers:
            if url.startswith("ldap:") and not _is_loopback(url):
                raise ValueError("start_tls may be false for loopback alone")
        return self

    def called(self) -> Mapping[str, str]:
        """Return the servers."""
        return {f"servers.{at}": url for at, url in enumerate(self.servers)}

    def named_by(self) -> Mapping[str, str]:
        """Return what says who somebody is: a second server says the same."""
        return {"id_attribute": self.id_attribute or ""}


def connect(
    settings: DirectorySettings, flavour: Flavour, world: Surroundings
) -> DirectoryConnector:
    """Return what asks a directory; it calls nobody yet."""
    directory = Directory(
        world.outbound,
        [_read(url, start_tls=settings.start_tls) for url in settings.servers],
        Account(settings.bind_name, settings.bind_password),
        authorities=settings.ca_certificates,
        seconds=float(settings.timeout),
        whose=world.whose,
    )
    world.called.update(directory.breakers())
    profile = Profile(
        issuer=settings.servers[0],
        flavour=flavour,
        base=settings.user_base,
        people=filters.parse(settings.user_filter or flavour.people),
        login=tuple(settings.login_attributes or flavour.login),
        identifier=settings.id_attribute,
        attributes=settings.attributes,
        groups=_groups(settings, flavour),
        page_size=settings.page_size,
        seconds=float(settings.timeout),
        verified_mail=settings.verified_mail,
        keeps_passwords=settings.keeps_passwords,
    )
    return DirectoryConnector(directory, profile)


def _groups(settings: DirectorySettings, flavour: Flavour) -> GroupSearch | None:
    if settings.group_base is None:
        return None
    return GroupSearch(
        base=settings.group_base,
        wanted=filters.parse(settings.group_filter or flavour.groups),
        nested=settings.nested_groups,
        page_size=settings.page_size,
    )


def _read(url: str, *, start_tls: bool) -> Server:
    parts = urlsplit(url)
    assert parts.hostname is not None  # judged before
    tls = "implicit" if parts.scheme == "ldaps" else "start" if start_tls else "none"
    return Server(parts.hostname, parts.port or _PORTS[parts.scheme], tls)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
