"""What an OpenID provider has besides a process: its offer, its clients, its grants."""

from dataclasses import dataclass, fields

from app.oauth.supported import Supported
from app.repositories.statements.attribute import AttributeStatements
from app.repositories.statements.membership import MembershipStatements
from app.repositories.statements.oauth.device_code import DeviceCodeStatements
from app.repositories.statements.oauth.grant import OAuthGrantStatements
from app.services.clients.device_polls import DevicePolls
from app.services.clients.directory import ClientDirectory
from app.services.clients.document_memory import DocumentMemory
from app.services.clients.resource_directory import ResourceDirectory, own_resources
from app.services.clients.signed_token import SignedTokens
from app.services.clients.supported import build_supported, declared_resources
from app.services.clients.told_exchanges import ToldExchanges
from app.services.clients.trusted_issuer_directory import TrustedIssuerDirectory
from app.services.process.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Process):
    """A process, and what the protocol's wings need besides.

    Attributes:
        supported: What this server offers; the metadata publishes it.
        resources: APIs that tokens are asked for by name.
        clients: Those that were asked for lately; the database has them all.
        documents: What clients said of themselves at addresses of theirs.
        trusted_issuers: Whose tokens of workloads are believed.
        grants: What each request with a token asks of the database.
        device_codes: What each poll of a device asks of the database.
        exchanges: Those that were written down of late.
        polls: When devices asked last, so that they do not ask too often.
        signed: Tokens that a client reads.
        memberships: What people belong to.
        attributes: What operators know of people besides.
    """

    supported: Supported
    resources: ResourceDirectory
    clients: ClientDirectory
    documents: DocumentMemory
    trusted_issuers: TrustedIssuerDirectory
    grants: OAuthGrantStatements
    device_codes: DeviceCodeStatements
    exchanges: ToldExchanges
    polls: DevicePolls
    signed: SignedTokens
    memberships: MembershipStatements
    attributes: AttributeStatements


def build_provider(process: Process) -> Provider:
    """Add what the protocol needs to a process; nothing is connected yet."""
    supported = build_supported(process.settings)
    database, now, settings = process.database, process.clock, process.settings
    algorithms = {settings.token.algorithm, *supported.id_token_algs}
    own = own_resources(settings.public_url)
    declared = declared_resources(settings)
    resources = ResourceDirectory(database, now, algorithms, declared, own)
    return Provider(
        **{each.name: getattr(process, each.name) for each in fields(process)},
        supported=supported,
        resources=resources,
        clients=ClientDirectory(database, now, process.outbound, supported, resources),
        documents=DocumentMemory(now),
        trusted_issuers=TrustedIssuerDirectory(
            database,
            now,
            process.outbound,
            own=settings.public_url,
            development=not settings.is_production,
        ),
        grants=OAuthGrantStatements(database),
        device_codes=DeviceCodeStatements(database),
        exchanges=ToldExchanges(),
        polls=DevicePolls(),
        signed=SignedTokens(process.ring, issuer=settings.public_url),
        memberships=MembershipStatements(database),
        attributes=AttributeStatements(database),
    )
