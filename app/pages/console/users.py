"""``/admin/users``: accounts, found among however many."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import USERS
from app.services.accounts.password import PasswordService
from app.services.accounts.user import UserService
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
Text = Annotated[str, Query(max_length=200)]


@router.get(USERS.path)
async def list_users(at: AtConsole, q: Text = "", cursor: Text = "") -> Response:
    """List accounts, the latest first."""
    here = await at.enter(USERS)
    if isinstance(here, Response):
        return here
    return await _list(here, q, cursor)


async def _list(here: Here, q: str, cursor: str) -> Response:
    sort = "-created_at"
    listing = f"users:{sort}"
    pages = Pages(here.runtime, cursor or None, _ROWS)
    key = pages.after(listing)
    after: list[Any] | None = key and [UUID(key[-1])]
    async with here.runtime.unit_of_work(read_only=True) as uow:
        users = UserService(uow, here.runtime, PasswordService(here.runtime))
        rows = await users.list_page(
            search=q.strip() or None,
            status=None,
            role=None,
            sort=sort,
            after=after,
            limit=pages.fetch,
        )
        shown, following = pages.cut(listing, rows, lambda row: [str(row.id)])
        roles = await users.roles_of(shown)
    return here.render(
        "console/users.html", q=q, users=shown, roles=roles, following=following
    )
