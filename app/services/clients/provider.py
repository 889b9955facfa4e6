"""What an OpenID provider has besides a process: the clients that it knows."""

from dataclasses import dataclass

from app.services.clients.directory import ClientDirectory
from app.services.process.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Process):
    """A process, and its directory of clients.

    Attributes:
        clients: Those that were asked for lately; the database has them all.
    """

    clients: ClientDirectory
