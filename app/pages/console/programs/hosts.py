"""``/admin/hosts``: programs without a sign-in of their own, behind a proxy."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.models.oauth.protected_host import ProtectedHost
from app.pages.console.frame import AtConsole, Here
from app.pages.console.programs.change import Work, change, wrong_in
from app.pages.console.programs.lines import lines_of
from app.pages.console.programs.proxies import snippets
from app.pages.console.sections import HOSTS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.protected_host import (
    ALL_TOLD,
    SIGN_OUT,
    ProtectedHostChange,
    ProtectedHostCreate,
)
from app.services.forward_auth.errors import ProtectedHostNotFound
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_ONE = f"{HOSTS.path}/{{client_id}}"  # a host has dots, which no way back has
_TOLD = "told."  # begins the names of the boxes: a field stands in a form once
_LABELS = {
    "host": N_("Host"),
    "name": N_("Name"),
    "who": N_("Who may enter"),
    "groups": N_("Groups"),
    "roles": N_("Roles"),
    "minimum_acr": N_("Sign-in at least with"),
    "open_paths": N_("Open to everybody"),
    "machines": N_("Programs that may enter"),
    "sign_out_path": N_("Path to sign out"),
    "typed": N_("Host"),
}
_DONE = {
    "made": N_("The host is protected. Set its proxy up with what stands below."),
    "saved": N_("The host is saved."),
    "deleted": N_("The host is deleted: nobody enters it any more."),
}
Text = Annotated[str, Query(max_length=2_048)]
ClientId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


@router.get(HOSTS.path)
async def list_hosts(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List protected hosts by name."""
    here = await at.enter(HOSTS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        after = pages.after("protected_hosts")
        rows = await _hosts(here, uow).list_page(after=after, limit=pages.fetch)
    shown, following = pages.cut("protected_hosts", rows, lambda row: [row.host])
    return here.render(
        "console/programs/hosts.html",
        hosts=shown,
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(f"{HOSTS.path}/new")
async def show_new_host(at: AtConsole) -> Response:
    """Show the form for a host."""
    here = await at.enter(HOSTS, shown="new", permission=HOSTS.act)
    if isinstance(here, Response):
        return here
    usual = {f"{_TOLD}{name}": "on" for name in ALL_TOLD}
    return await _show_new(here, None, {"sign_out_path": SIGN_OUT, **usual})


@router.post(f"{HOSTS.path}/new")
async def create_host(values: Posted, at: AtConsole) -> Response:
    """Protect a host."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        host, choices = values.get("host", "").strip(), _typed(values)
        form = judged(ProtectedHostCreate, {**choices, "host": host})
        row = await _hosts(here, uow).create(host, form.model_dump(exclude={"host"}))
        return here.go(f"{HOSTS.path}/{row.client_id}", "made")

    return await change(at, HOSTS, "new", values, work, _show_new)


@router.get(_ONE)
async def show_host(client_id: ClientId, at: AtConsole, done: Text = "") -> Response:
    """Show who may enter a host, and what its proxy is set up with."""
    here = await at.enter(HOSTS, shown=client_id)
    if isinstance(here, Response):
        return here
    return await _show_one(here, client_id, None, {}, done)


@router.post(_ONE)
async def update_host(client_id: ClientId, values: Posted, at: AtConsole) -> Response:
    """Change who may enter, and what the program is told."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        choices, versions = _typed(values), {values.get("version", "")}
        judged(ProtectedHostChange, choices)
        row = await _row(uow, client_id)
        await _hosts(here, uow).update(row.host, choices, versions)
        return here.go(f"{HOSTS.path}/{client_id}", "saved")

    return await _change(at, client_id, values, work)


@router.post(f"{_ONE}/delete")
async def delete_host(client_id: ClientId, values: Posted, at: AtConsole) -> Response:
    """Forget a host whose name was typed."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        row = await _row(uow, client_id)
        here.demand_typed(values, row.host)
        await _hosts(here, uow).delete(row.host, None)
        return here.go(HOSTS.path, "deleted")

    return await _change(at, client_id, values, work)


async def _change(
    at: AtConsole, client_id: str, values: Values, work: Work
) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, client_id, error, values)

    return await change(at, HOSTS, client_id, values, work, show)


async def _row(uow: UnitOfWork, client_id: str) -> ProtectedHost:
    """Return the host of a client.

    Raises:
        ProtectedHostNotFound: It has none.
    """
    row = await uow.protected_hosts.by_client(client_id)
    if row is None:
        raise ProtectedHostNotFound
    return row


async def _show_new(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/programs/host_new.html",
        error,
        values=values,
        wrong=wrong_in(error),
        **_asked(),
    )


async def _show_one(
    here: Here, client_id: str, error: AppError | None, values: Values, done: str = ""
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        row = await _row(uow, client_id)
    is_typed = error is not None and "version" in values
    return here.render(
        "console/programs/host.html",
        error,
        host=row,
        values=values if is_typed else _values(row),
        snippets=snippets(row.host),
        wrong=wrong_in(error),
        done=_DONE.get(done, ""),
        **_asked(),
    )


def _hosts(here: Here, uow: UnitOfWork) -> ProtectedHostService:
    return ProtectedHostService(uow, here.runtime, here.runtime.gate.hosts)


def _values(row: ProtectedHost) -> dict[str, str]:
    """Return what the form has in it before anybody types."""
    is_open = row.roles is None and row.groups is None
    ends = {"ends_session": "on"} if row.ends_session else {}
    return {
        "name": row.name,
        "who": "all" if is_open else "named",
        "groups": " ".join(row.groups or ()),
        "roles": " ".join(row.roles or ()),
        "minimum_acr": row.minimum_acr or "",
        "open_paths": "\n".join(row.open_paths),
        "machines": "\n".join(row.machines),
        "sign_out_path": row.sign_out_path,
        **ends,
        **{f"{_TOLD}{name}": "on" for name in row.told},
    }


def _typed(values: Values) -> dict[str, Any]:
    """Return what is typed about a host.

    Where some are to be named and none is, nobody may enter: never everybody.
    """
    roles, groups = values.get("roles", "").split(), values.get("groups", "").split()
    is_open = values.get("who") == "all"
    return {
        "name": values.get("name", "").strip() or None,
        "groups": None if is_open or not groups else groups,
        "roles": None if is_open or (groups and not roles) else roles,
        "minimum_acr": values.get("minimum_acr") or None,
        "open_paths": lines_of(values.get("open_paths", "")),
        "machines": lines_of(values.get("machines", "")),
        "told": [name for name in ALL_TOLD if f"{_TOLD}{name}" in values],
        "sign_out_path": values.get("sign_out_path", "").strip() or SIGN_OUT,
        "ends_session": "ends_session" in values,
    }


def _asked() -> dict[str, Any]:
    """Return how the forms call what they ask."""
    return {
        "labels": {name: gettext(label) for name, label in _LABELS.items()},
        "told": [(f"{_TOLD}{name}", _field(name)) for name in ALL_TOLD],
    }


def _field(name: str) -> str:
    return f"X-Auth-Request-{name.title().replace('_', '-')}"
