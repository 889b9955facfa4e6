"""Bodies of the audit trail."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from app.schemas.base import Instant, Output


class AuditEvent(Output):
    """One thing that happened."""

    id: UUID
    name: str
    user_id: UUID | None
    actor_id: UUID | None
    correlation_id: str
    ip: str
    user_agent: str
    data: dict[str, Any]
    created_at: Instant


class WhyStep(Output):
    """One decision about a request.

    ``check`` is what was looked at, ``compared`` what with what, ``rules`` the settings
    and fields that it holds to. ``code`` is that of the answer.
    """

    outcome: Literal["passed", "refused"]
    check: str
    code: str
    sentence: str
    detail: str
    compared: Mapping[str, str]
    rules: Sequence[str]


class WhyRequest(Output):
    """A request, and what was decided on the way to its answer."""

    created_at: Instant
    method: str
    route: str
    status: int
    steps: Sequence[WhyStep]


class Why(Output):
    """What is kept under a correlation id, oldest first; 50 and 100 at most.

    ``allowed`` is empty unless ``AUTH_SERVE_RETENTION__ANSWERED_REQUESTS_PER_MINUTE``
    has such requests kept.
    """

    correlation_id: str
    refusals: Sequence[WhyRequest]
    allowed: Sequence[WhyRequest]
    events: Sequence[AuditEvent]
