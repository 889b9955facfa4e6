"""Issuers whose tokens of workloads are believed: made, changed, gone, and used."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class TrustedIssuerCreated(Event):
    """An issuer is trusted from now on."""

    name: ClassVar[str] = "trusted_issuer.created"

    trusted_issuer: str
    issuer: str


@event
class TrustedIssuerUpdated(Event):
    """What is made of an issuer's tokens changed; values are not kept."""

    name: ClassVar[str] = "trusted_issuer.updated"

    trusted_issuer: str
    fields: tuple[str, ...]


@event
class TrustedIssuerDeleted(Event):
    """An issuer is trusted no more."""

    name: ClassVar[str] = "trusted_issuer.deleted"

    trusted_issuer: str
    issuer: str


@event
class TrustedIssuerTested(Event):
    """Somebody had it tried whether an issuer's keys are found."""

    name: ClassVar[str] = "trusted_issuer.tested"

    trusted_issuer: str
    ok: bool


@event
class WorkloadActed(Event):
    """A workload was given a token to act for a person, as a rule says."""

    name: ClassVar[str] = "oauth.workload_acted"

    client_id: str
    grant_id: UUID
    issuer: str
    subject: str
