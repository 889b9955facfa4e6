"""``/admin/users/batch``: the same change for many accounts, asked once more.

The page counts who is meant and keeps just those: what is sent names each of them, so
that nobody else comes in between the question and the answer. It is confirmed by typing
the number. The account of every one of them is judged by itself; the answer says which
were left as they were, and why, and is read from the audit trail.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.core.context import current
from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.events.user import UsersChangedTogether
from app.pages.console.frame import AtConsole, Here
from app.pages.console.roles import offered_roles
from app.pages.console.sections import USERS
from app.pages.console.user_filter import UserQuery, Wanted, user_query
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import go_on
from app.pages.parts.form import UnknownAction, Values, id_of, refused
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.audit_event import AuditEventService
from app.services.console.user_batch import MOST, Batch, BatchAction, UserBatchService
from app.services.console.user_directory import UserDirectoryService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = f"{USERS.path}/batch"
DONE = "/admin/changed-users"  # below USERS.path it would be an account of that name
SAID = {
    BatchAction.DISABLE: N_("Disable"),
    BatchAction.ENABLE: N_("Enable"),
    BatchAction.END_SESSIONS: N_("Sign out everywhere"),
    BatchAction.ADD_ROLE: N_("Add a role"),
    BatchAction.INVITE_AGAIN: N_("Invite again"),
}
# What wants a sign-in of just now for one account wants it for many.
_GUARDED = frozenset({BatchAction.DISABLE, BatchAction.ADD_ROLE})
REFUSED = {
    "yourself": N_("It is your own account."),
    "forbidden": N_("The account, or the role, may do more than you."),
    "last_administrator": N_("It is the last active administrator."),
    "already_accepted": N_("Signs in already."),
    "user_disabled": N_("The account is disabled."),
    "user_not_found": N_("The account is gone."),
    "too_many_attempts": N_("It was sent enough emails for now."),
    "validation_failed": N_("There is no such role."),
}
_SHOWN = 10
Name = Annotated[str, Query(max_length=64)]


@router.get(PATH)
async def show_batch(
    at: AtConsole,
    request: Request,
    query: Wanted,
    action: Name = "",
    scope: Name = "",
    after: Name = "",
) -> Response:
    """Count who is meant, and ask."""
    here = await at.enter(USERS, permission=USERS.act)
    if isinstance(here, Response):
        return here
    if action not in SAID:
        return go_on(query.address(USERS.path))
    ticked = [id_of(each) for each in request.query_params.getlist("id")[:MOST]]
    whole = query if scope == "filter" else None
    async with here.runtime.unit_of_work(read_only=True) as uow:
        users = UserDirectoryService(uow)
        if whole is not None:
            key = [id_of(after)] if after else None
            rows = await users.list_page(
                whole.wanted, sort="created_at", after=key, limit=MOST + 1
            )
        else:
            rows = await users.by_ids(ticked)
        roles = await _roles(uow, here, action)
    ids = [row.user.id for row in rows[:MOST]]
    if not ids:  # nothing ticked, or nobody left: said beside the boxes
        return go_on(query.address(USERS.path, done="nobody"))
    following = ids[-1].hex if len(rows) > MOST else ""
    return _ask(
        here,
        BatchAction(action),
        ids,
        query=query,
        names=[row.user.email for row in rows[:_SHOWN]],
        roles=roles,
        following=following,
    )


async def _roles(uow: UnitOfWork, here: Here, action: str) -> list[str] | None:
    if action != BatchAction.ADD_ROLE:
        return []
    rows = await offered_roles(uow, here, MOST)
    return None if rows is None else [row.name for row in rows]


def _ask(
    here: Here,
    action: BatchAction,
    ids: list[UUID],
    error: AppError | None = None,
    *,
    query: UserQuery,
    names: list[str],
    roles: list[str] | None,
    following: str = "",
) -> Response:
    return here.render(
        "console/user_batch.html",
        error,
        action=action,
        text=gettext(SAID[action]),
        ids=ids,
        names=names,
        roles=roles,
        query=query,
        following=following,
        most=MOST,
        wrong=by_field(error),
        labels={},
        back=query.address(USERS.path),
    )


@router.post(PATH)
async def submit_batch(values: Posted, at: AtConsole) -> Response:
    """Do it, and lead to what came of it."""
    here = await at.enter(USERS, permission=USERS.act)
    if isinstance(here, Response):
        return here
    action, query = _action(values), user_query(values)
    ids = list(dict.fromkeys(id_of(each) for each in values.get("ids", "").split()))

    async def work() -> Response:
        if len(ids) > MOST:
            said = gettext("No more than %(most)s at a time.") % {"most": MOST}
            raise refused("ids", "too_many", said)
        here.demand_typed(values, str(len(ids)))
        if action in _GUARDED:
            await here.demand_presence()
        batch = Batch(action, ids, values.get("added", ""))
        await UserBatchService(here.runtime).run(here.actor, batch)
        others = {"action": action.value, "after": values.get("following", "")}
        number = current().correlation_id
        return go_on(query.address(DONE, number=number, **others))

    async def show(here: Here, error: AppError, values: Values) -> Response:
        async with here.runtime.unit_of_work(read_only=True) as uow:
            rows = await UserDirectoryService(uow).by_ids(ids[:_SHOWN])
            roles = await _roles(uow, here, action)
        return _ask(
            here,
            action,
            ids[:MOST],
            error,
            query=query,
            names=[row.user.email for row in rows],
            roles=roles,
            following=values.get("following", ""),
        )

    return await submit(here, values, work, show)


def _action(values: Values) -> BatchAction:
    try:
        return BatchAction(values.get("action", ""))
    except ValueError as error:
        raise UnknownAction(hint="no such action") from error


@router.get(DONE)
async def show_done(
    at: AtConsole, query: Wanted, number: Name = "", action: Name = "", after: Name = ""
) -> Response:
    """Say what came of it, to whoever asked for it."""
    here = await at.enter(USERS, permission=USERS.act)
    if isinstance(here, Response):
        return here
    async with here.runtime.unit_of_work(read_only=True) as uow:
        found = await AuditEventService(uow).list_page(
            actor_id=here.actor.user_id,
            name=UsersChangedTogether.name,
            correlation_id=number,
            after=None,
            limit=1,
        )
        data: dict[str, Any] = found[0].data if found else {}
        refused: dict[str, str] = data.get("refused", {})
        rows = await UserDirectoryService(uow).by_ids([UUID(each) for each in refused])
    emails = {str(row.user.id): row.user.email for row in rows}
    is_more = bool(after) and action in SAID
    following = {"scope": "filter", "action": action, "after": after}
    return here.render(
        "console/user_batch_done.html",
        text=gettext(SAID[BatchAction(data["action"])]) if data else "",
        done=data.get("done"),
        refused=[
            (each, emails.get(each, each), gettext(REFUSED.get(code, code)))
            for each, code in refused.items()
        ],
        following=query.address(PATH, **following) if is_more else "",
        back=query.address(USERS.path),
    )
