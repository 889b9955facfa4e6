"""What an OpenID provider has besides a process: its offer, its clients, its grants."""

from dataclasses import dataclass, fields

from app.oauth.supported import Supported
from app.repositories.statements.grant import OAuthGrantStatements
from app.services.clients.directory import ClientDirectory
from app.services.clients.signed_token import SignedTokens
from app.services.clients.supported import build_supported
from app.services.process.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Process):
    """A process, and what the protocol's wings need besides.

    Attributes:
        supported: What this server offers; the metadata publishes it.
        clients: Those that were asked for lately; the database has them all.
        grants: What each request with a token asks of the database.
        signed: Tokens that a client reads.
    """

    supported: Supported
    clients: ClientDirectory
    grants: OAuthGrantStatements
    signed: SignedTokens


def build_provider(process: Process) -> Provider:
    """Add what the protocol needs to a process; nothing is connected yet."""
    supported = build_supported(process.settings)
    database, now = process.database, process.clock
    return Provider(
        **{each.name: getattr(process, each.name) for each in fields(process)},
        supported=supported,
        clients=ClientDirectory(database, now, process.outbound, supported),
        grants=OAuthGrantStatements(database),
        signed=SignedTokens(process.ring, issuer=process.settings.public_url),
    )
