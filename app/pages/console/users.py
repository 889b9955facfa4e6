"""``/admin/users``: accounts, found among however many, and new ones."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.language import gettext
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import USERS
from app.pages.console.user_batch import SAID
from app.pages.console.user_filter import SORTS, UserQuery, Wanted
from app.pages.parts.browser import typed
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.repositories.statements.user_directory import ListedUser
from app.schemas.user import UserCreate
from app.services.accounts.password import PasswordService
from app.services.accounts.user import UserService
from app.services.console.user_directory import UserDirectoryService
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 30  # a page of them weighs below 60 KB with all that it loads
NEW = f"{USERS.path}/new"
Cursor = Annotated[str, Query(max_length=2_048)]


@router.get(USERS.path)
async def list_users(
    at: AtConsole, query: Wanted, cursor: Cursor = "", done: str = ""
) -> Response:
    """List accounts, the latest first unless another order was chosen."""
    here = await at.enter(USERS)
    if isinstance(here, Response):
        return here
    sort = query.sort or SORTS[0]
    listing = f"users:{sort}"
    pages = Pages(here.runtime, cursor or None, _ROWS)
    key = pages.after(listing)
    after: list[Any] | None = key and [*key[:-1], UUID(key[-1])]
    async with here.runtime.unit_of_work(read_only=True) as uow:
        rows = await UserDirectoryService(uow).list_page(
            query.wanted, sort=sort, after=after, limit=pages.fetch
        )

    def last(row: ListedUser) -> list[str]:
        email = [row.user.email_canonical] if "email" in sort else []
        return [*email, str(row.user.id)]

    shown, following = pages.cut(listing, rows, last)
    return here.render(
        "console/users.html",
        query=query,
        sort=sort,
        rows=shown,
        first=query.address(USERS.path) if cursor else "",
        following=following and query.address(USERS.path, cursor=following),
        sorting=_sorting(query, sort),
        actions=[(action.value, gettext(text)) for action, text in SAID.items()],
        done=done,
    )


def _sorting(query: UserQuery, sort: str) -> dict[str, dict[str, str]]:
    """Return for each column that sorts where its heading leads, and how it stands."""
    found = {}
    for column in ("email", "created_at"):
        is_sorted = sort.removeprefix("-") == column
        descends = sort == f"-{column}"
        other = UserQuery(**query.chosen | {"sort": _turned(column, sort)})
        found[column] = {
            "to": other.address(USERS.path),
            "sorted": ("descending" if descends else "ascending") if is_sorted else "",
        }
    return found


def _turned(column: str, sort: str) -> str:
    return f"-{column}" if sort == column else column


@router.get(NEW)
async def show_new(at: AtConsole) -> Response:
    """Ask for the address of somebody to invite."""
    here = await at.enter(USERS, permission=USERS.act)
    return here if isinstance(here, Response) else await _show_new(here)


@router.post(NEW)
async def submit_new(values: Posted, at: AtConsole) -> Response:
    """Make an account, and invite its owner by mail."""
    here = await at.enter(USERS, permission=USERS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        fields = {name: values.get(name, "") for name in ("email", "name")}
        form = validated(UserCreate, fields)
        async with here.runtime.unit_of_work() as uow:
            users = UserService(uow, here.runtime, PasswordService(here.runtime))
            user = await users.create(
                here.actor,
                email=form.email,
                name=form.name,
                password=None,
                email_verified=False,
                roles=None,
            )
        return here.go(f"{USERS.path}/{user.id}", "invited")

    return await submit(here, values, work, _show_new)


async def _show_new(
    here: Here, error: AppError | None = None, values: Values | None = None
) -> Response:
    return here.render(
        "console/user_new.html",
        error,
        values=typed(values or {}),
        wrong=by_field(error),
        labels={},
    )
