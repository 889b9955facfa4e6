"""Active Directory, and Samba as its domain controller.

What is different is in ``directory.flavour`` and ``directory.answers``. People sign in
by userPrincipalName, sAMAccountName (also as ``NETBIOS\\sam``) or address.
"""

from typing import TYPE_CHECKING

from pydantic import StrictBool

from app.upstreams.directory.flavour import AD
from app.upstreams.directory.settings import DirectorySettings, connect
from app.upstreams.kind import MadeKind
from app.upstreams.protocol import ConnectionConfig, Surroundings

if TYPE_CHECKING:
    from app.upstreams.directory.connector import DirectoryConnector


class ActiveDirectorySettings(DirectorySettings):
    """A domain; as people cannot write their own ``mail`` there, it is believed."""

    verified_mail: StrictBool = True


def _connect(
    _config: ConnectionConfig, world: Surroundings, settings: ActiveDirectorySettings
) -> "DirectoryConnector":
    return connect(settings, AD, world)


ACTIVE_DIRECTORY = MadeKind(
    "active_directory",
    "Active Directory",
    ActiveDirectorySettings,
    _connect,
    asks_password=True,
)
