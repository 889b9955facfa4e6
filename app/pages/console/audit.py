"""``/admin/audit``: the evidence, and one request followed through a sign-in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.core.exceptions import AppError, FieldError, NotFound, Unprocessable
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.models.audit_event import AuditEvent
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import AUDIT, USERS
from app.pages.console.told import names, said_step, tell
from app.pages.parts.form import fault
from app.pages.parts.form_page import by_field, note
from app.policies.permission import OPERATOR_ID
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.base import in_utc
from app.services.accounts.audit_event import AuditEventService
from app.services.process.paging import Pages
from app.services.server.trace import TraceService
from app.services.server.why.service import WhyService
from app.typed_text import canonical_email

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 25  # a page of them weighs below 60 KB with all that it loads
Text = Annotated[str, Query(max_length=255)]
CorrelationId = Annotated[str, Path(pattern=r"^[!-~]{1,128}$")]


_LABELS = {
    "event": N_("Event"),
    "user_id": N_("User (ID or email)"),
    "actor_id": N_("Done by (ID or email)"),
    "client_id": N_("Client ID"),
    "correlation_id": N_("Reference number"),
    "since": N_("From (UTC)"),
    "until": N_("Before (UTC)"),
}


class EventNotFound(NotFound):
    """There is no such event, or it was kept long enough."""

    code = "audit_event_not_found"
    title = "There is no such event"


@router.get(AUDIT.path)
async def list_events(
    at: AtConsole,
    event: Text = "",
    user_id: Text = "",
    actor_id: Text = "",
    client_id: Text = "",
    correlation_id: Text = "",
    since: Text = "",
    until: Text = "",
    cursor: str = "",
) -> Response:
    """List events that meet every filter, newest first."""
    here = await at.enter(AUDIT)
    if isinstance(here, Response):
        return here
    typed = {
        "event": event.strip(),
        "user_id": user_id.strip(),
        "actor_id": actor_id.strip(),
        "client_id": client_id.strip(),
        "correlation_id": correlation_id.strip(),
        "since": since,
        "until": until,
    }
    try:
        filters = _filters(await _with_ids(here, typed))
    except Unprocessable as refusal:
        note(refusal)
        return _render(here, typed, (), None, {}, refusal)
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        read = partial(AuditEventService(uow).list_page, **filters)
        shown, following = await pages.by_id("audit_events", read)
        emails = await _emails(here, uow, *shown)
    return _render(here, typed, shown, following, emails)


@router.get(f"{AUDIT.path}/{{event_id}}")
async def show_event(event_id: UUID, at: AtConsole) -> Response:
    """Show one event with all that is known of it."""
    here = await at.enter(AUDIT, shown=str(event_id))
    if isinstance(here, Response):
        return here
    async with here.runtime.unit_of_work(read_only=True) as uow:
        row = await uow.audit_events.by_id(event_id)
        if row is None:
            raise EventNotFound
        emails = await _emails(here, uow, row)
    told = tell(row)
    return here.render(
        "console/audit_event.html",
        told=told,
        row=row,
        emails=emails,
        operator=OPERATOR_ID,
    )


@router.get(f"{AUDIT.path}/trace/{{correlation_id}}")
async def show_trace(correlation_id: CorrelationId, at: AtConsole) -> Response:
    """Tell what happened in a request, before it and after it."""
    here = await at.enter(AUDIT, shown=f"trace.{correlation_id}")
    if isinstance(here, Response):
        return here
    async with here.runtime.unit_of_work(read_only=True) as uow:
        service = WhyService(uow, here.runtime.refused_requests)
        why = await service.find(correlation_id)
        steps = await TraceService(uow).follow(why.events)
    own = [each.event for each in steps if each.tie == "request"]
    return here.render(
        "console/trace.html",
        steps=[(tell(each.event), each.tie) for each in steps],
        refusals=why.refusals,
        allowed=why.allowed,
        said=said_step,
        correlation_id=correlation_id,
        first=own[0] if own else None,
    )


def _render(
    here: Here,
    typed: Mapping[str, str],
    shown: Any,
    following: str | None,
    emails: Mapping[UUID, str],
    error: AppError | None = None,
) -> Response:
    given = {name: text for name, text in typed.items() if text}
    return here.render(
        "console/audit.html",
        error,
        typed=typed,
        given=given,
        events=[tell(row) for row in shown],
        emails=emails,
        names=names(),
        wrong=by_field(error),
        labels={name: gettext(label) for name, label in _LABELS.items()},
        following=following,
    )


async def _emails(
    here: Here, uow: UnitOfWork, *events: AuditEvent
) -> Mapping[UUID, str]:
    """Return how who events name is called: by address, for who may see people."""
    told = {OPERATOR_ID: gettext("Command line")}
    named = {each for row in events for each in (row.user_id, row.actor_id) if each}
    if not named - told.keys() or not here.actor.may(USERS.permission):
        return told
    return await uow.users.emails_of(named) | told


async def _with_ids(here: Here, typed: Mapping[str, str]) -> dict[str, str]:
    """Return filters with ids in place of addresses, for who may see people.

    Raises:
        Unprocessable: Nobody has such an address.
    """
    found, unknown = dict(typed), []
    for name in ("user_id", "actor_id"):
        if "@" not in typed[name] or not here.actor.may(USERS.permission):
            continue
        async with here.runtime.unit_of_work(read_only=True) as uow:
            user = await uow.users.by_email(canonical_email(typed[name]))
        if user is None:
            said = gettext("There is no account with this address.")
            unknown.append(fault(name, "unknown_account", said))
        else:
            found[name] = str(user.id)
    if unknown:
        raise Unprocessable(unknown)
    return found


def _filters(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what the service takes.

    Raises:
        Unprocessable: An id is none, or an instant is none.
    """
    wrong: list[FieldError] = []

    def read(name: str, parse: Any, said: str) -> Any:
        try:
            return parse(typed[name]) if typed[name] else None
        except ValueError:
            wrong.append(fault(name, "invalid", said))
            return None

    no_id, no_time = gettext("This is not an ID."), gettext("This is not a time.")
    filters = {
        "name": typed["event"] or None,
        "user_id": read("user_id", UUID, no_id),
        "actor_id": read("actor_id", UUID, no_id),
        "client_id": typed["client_id"] or None,
        "correlation_id": typed["correlation_id"] or None,
        "since": read("since", _instant, no_time),
        "until": read("until", _instant, no_time),
    }
    if wrong:
        raise Unprocessable(wrong)
    return filters


def _instant(text: str) -> datetime:
    """Return an instant; a browser's field says none of a zone, the page says UTC."""
    found = datetime.fromisoformat(text)
    return in_utc(found if found.tzinfo else found.replace(tzinfo=UTC))
