"""``audit why``: what is kept of a request, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.exceptions import NotFound
from app.models.access.answered_request import AnsweredRequest
from app.models.access.refused_request import RefusedRequest
from app.models.audit_event import AuditEvent
from app.oauth import errors
from app.oauth.errors import OAuthError
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.refused_request import RefusedRequests
from app.services.server.why.texts import (
    CHECKS,
    CODES,
    PASSED,
    PASSED_RULES,
    REASONS,
    RULES,
    limit_of,
)

_MOST = 50  # requests: senders choose their ids
MOST_EVENTS = 100
_NO_RULE: Sequence[str] = ()
_CHECK_OF = {
    kind.error: kind.check
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, OAuthError) and "error" in vars(kind)
    if hasattr(kind, "check")
}


class RequestNotKept(NotFound):
    """Nothing is kept about this request: it was not refused, or long ago."""

    code = "request_not_kept"
    title = "Nothing is kept about this request"

    @property
    def detail(self) -> str:
        """What the reason may be, and where to look then."""
        return (
            "It was not refused, is older than AUTH_SERVE_RETENTION__"
            "REFUSED_REQUEST_TTL, or was one of very many. The log has a line for it. "
            "Of what was allowed something is kept only where "
            "AUTH_SERVE_RETENTION__ANSWERED_REQUESTS_PER_MINUTE says how much."
        )


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A decision in words.

    Attributes:
        sentence: What was found, in English; the catalogues know it.
        detail: The concrete difference, in English.
        rules: Settings and fields that the decision holds to.
    """

    outcome: str
    check: str
    code: str
    sentence: str
    detail: str
    compared: Mapping[str, str]
    rules: Sequence[str]
    is_title: bool  # of the refusal, which pages may say otherwise


@dataclass(frozen=True, slots=True)
class ToldRequest:
    """A request, and its decisions in their order."""

    created_at: datetime
    method: str
    route: str
    status: int
    steps: Sequence[ToldStep]


@dataclass(frozen=True, slots=True)
class Why:
    """All that is kept under a correlation id."""

    correlation_id: str
    refusals: Sequence[ToldRequest]
    allowed: Sequence[ToldRequest]
    events: Sequence[AuditEvent]


class WhyService:
    """Tells why requests were refused or allowed, to who may read the audit trail."""

    def __init__(self, uow: UnitOfWork, kept: RefusedRequests) -> None:
        """Read in this transaction; what this process has not written yet counts."""
        self._uow = uow
        self._kept = kept

    async def find(self, correlation_id: str) -> Why:
        """Return all that is kept of an id, which may be nothing.

        Asked before anything else is read: a transaction that has read already does
        not see what this waits for.
        """
        await self._kept.settle()
        rows, others, events = await self._uow.audit_events.of_request(
            correlation_id, requests=_MOST, events=MOST_EVENTS
        )
        refusals, allowed = map(_told, rows), map(_told, others)
        return Why(correlation_id, list(refusals), list(allowed), events)

    async def tell(self, correlation_id: str) -> Why:
        """Return all that is kept of an id.

        Raises:
            RequestNotKept: Nothing is.
        """
        why = await self.find(correlation_id)
        if not (why.refusals or why.allowed or why.events):
            raise RequestNotKept
        return why


def _told(row: RefusedRequest | AnsweredRequest) -> ToldRequest:
    steps = [told_step(each) for each in row.steps]
    return ToldRequest(row.created_at, row.method, row.route, row.status, steps)


def told_step(step: Mapping[str, Any]) -> ToldStep:
    """Return a step as it is kept in words."""
    code, hint = str(step.get("code", "")), str(step.get("hint", ""))
    title = step.get("title", "")
    check = str(step.get("check") or ("" if title else _CHECK_OF.get(code, "")))
    is_passed = step["outcome"] == "passed"
    known = (PASSED if is_passed else CHECKS).get(check)
    reason = REASONS.get(hint)
    rules = (RULES.get(each) for each in (limit_of(hint), check, code) if not is_passed)
    if is_passed:
        rules = (each.get(check) for each in (PASSED_RULES, RULES))
    said = reason or known or CODES.get(code)
    return ToldStep(
        outcome=step["outcome"],
        check=hint if reason else check or code,
        code=code,
        sentence=said or title or code,
        detail="" if reason else hint,
        compared=step.get("compared", {}),
        rules=next(filter(None, rules), _NO_RULE),
        is_title=not said and bool(title),
    )
