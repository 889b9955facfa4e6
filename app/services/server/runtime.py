"""The whole of a process, put together in one place from the settings."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from app.config import Settings
from app.core.clock import Clock
from app.core.mailbox import Mailbox
from app.core.randomness import Randomness
from app.core.stopping import Stopping
from app.repositories.statements.idempotency_key import IdempotencyClaims
from app.repositories.statements.write_probe import WriteProbe
from app.services.clients.logo import ClientLogos
from app.services.clients.provider import Provider, build_provider
from app.services.forward_auth.gate import HostGate
from app.services.oauth.revoked import RevokedFeed
from app.services.outgoing.stream import StreamPlaces
from app.services.process.process import build_process
from app.services.upstreams.directory import ConnectionDirectory

if TYPE_CHECKING:
    from app.services.server.metrics import MetricsService


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Provider):
    """What the edge has in hand; each service asks for as much of it as it needs."""

    gate: HostGate
    logos: ClientLogos
    connections: ConnectionDirectory
    revoked: RevokedFeed
    stopping: Stopping
    claims: IdempotencyClaims
    write_probe: WriteProbe
    monitoring: "MetricsService | None"
    streams: StreamPlaces
    mailbox: Mailbox = field(default_factory=Mailbox)


def build_runtime(
    settings: Settings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Runtime:
    """Put a process together; nothing is connected yet."""
    provider = build_provider(
        build_process(settings, clock=clock, randomness=randomness)
    )
    database, outbound, now = provider.database, provider.outbound, provider.clock
    stopping = Stopping(now)
    clients, asked = provider.clients, provider.limits.authorize_address
    return Runtime(
        **{each.name: getattr(provider, each.name) for each in fields(provider)},
        gate=HostGate(provider),
        logos=ClientLogos(
            clients, provider.documents, outbound, provider.limiter, asked, now
        ),
        connections=ConnectionDirectory(provider),
        revoked=RevokedFeed(provider, stopping),
        stopping=stopping,
        claims=IdempotencyClaims(database),
        write_probe=WriteProbe(database, now),
        monitoring=_monitoring(provider),
        streams=StreamPlaces(settings.max_streams),
    )


def _monitoring(provider: Provider) -> "MetricsService | None":
    """Return what tells of numbers, where there are any."""
    if provider.metrics is None:
        return None
    from app.services.server.metrics import MetricsService  # here: as those

    return MetricsService(provider)
