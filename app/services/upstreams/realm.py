"""Whose connection leads an address: by its domain alone (ADR-0103).

Whether there is an account has no part in it, nor what it may: nobody learns by this
who has one.
"""

from app.core.exceptions import Forbidden
from app.services.upstreams.directory import ConnectionDirectory, Way
from app.typed_text import canonical_email


class ConnectionLeads(Forbidden):
    """People of this domain are known by a connection, and by no password of here."""

    code = "connection_leads"
    title = "People of this domain sign in with their organization, at the sign-in page"


async def leader(connections: ConnectionDirectory, email: str) -> Way | None:
    """Return the connection that leads people of an address, or None.

    Args:
        connections: Those that are on.
        email: As it was typed.
    """
    return await connections.leader(canonical_email(email).rpartition("@")[2])


async def sole_leader(connections: ConnectionDirectory, email: str) -> Way | None:
    """Return the same, but None where a password of here would do as well."""
    way = await leader(connections, email)
    return None if way is None or way.allows_passwords else way


async def demand_unled(connections: ConnectionDirectory, email: str) -> None:
    """Refuse whoever has to come by a connection, before anything else is looked at.

    Raises:
        ConnectionLeads: Their domain's connection leads, and lets no password of here.
    """
    if await sole_leader(connections, email) is not None:
        raise ConnectionLeads
