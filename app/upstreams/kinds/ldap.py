"""Any directory by LDAP but Active Directory: OpenLDAP, 389 Directory Server."""

from typing import TYPE_CHECKING, Literal

from app.upstreams.directory.flavour import FLAVOURS
from app.upstreams.directory.settings import DirectorySettings, connect
from app.upstreams.kind import MadeKind
from app.upstreams.protocol import ConnectionConfig, Surroundings

if TYPE_CHECKING:
    from app.upstreams.directory.connector import DirectoryConnector


class LdapSettings(DirectorySettings):
    """A directory; ``directory`` says of which make, for what they do differently."""

    directory: Literal["openldap", "389ds", "other"] = "other"


def _connect(
    _config: ConnectionConfig, world: Surroundings, settings: LdapSettings
) -> "DirectoryConnector":
    return connect(settings, FLAVOURS[settings.directory], world)


LDAP = MadeKind("ldap", "LDAP", LdapSettings, _connect, asks_password=True)
