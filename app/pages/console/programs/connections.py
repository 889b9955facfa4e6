"""``/admin/connections``: who else may say who people are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.core.exceptions import AppError, NotFound
from app.core.language import N_, Message, gettext
from app.core.late.route import LateRoute
from app.models.upstream.connection import Connection
from app.pages.console.frame import AtConsole, Here
from app.pages.console.programs.change import Work, change, deed
from app.pages.console.programs.connection_form import (
    RULES,
    changed_settings,
    labels,
    profile,
    shown_connection,
    typed_policy,
    usual_policy,
    wrong_in_connection,
)
from app.pages.console.programs.directory_read import (
    SHOWN,
    is_directory,
    kept,
    reading,
)
from app.pages.console.programs.setting_fields import (
    SettingField,
    fields_of,
    typed_settings,
    usual_settings,
)
from app.pages.console.sections import CONNECTIONS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.connection import ConnectionChange, ConnectionCreate
from app.services.process.paging import Pages
from app.services.upstreams.configuration import kind_named, redirect_uri
from app.services.upstreams.connection import ConnectionService
from app.services.upstreams.sync.service import ConnectionSyncService

if TYPE_CHECKING:
    from app.upstreams.protocol import Kind

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_ONE = f"{CONNECTIONS.path}/{{connection_id:uuid}}"
_NEW = f"{CONNECTIONS.path}/new/{{kind}}"
_DONE = {
    "made": N_(
        "The connection is made and still off. Tell the other side the redirect URI, "
        "test it, and enable it."
    ),
    "saved": N_("The connection is saved."),
    "enabled": N_("The connection is enabled: people can sign in by it."),
    "disabled": N_("The connection is disabled: nobody signs in by it."),
    "deleted": N_("The connection is deleted."),
    "sync": N_(
        "The directory is read within seconds; this page then tells what came of it."
    ),
}
_STATES: dict[str, tuple[Message, str]] = {
    "on": (N_("Active"), "success"),
    "silent": (N_("Does not answer"), "warning"),
    "off": (N_("Disabled"), "danger"),
}
Text = Annotated[str, Query(max_length=2_048)]
KindName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


@router.get(CONNECTIONS.path)
async def list_connections(
    at: AtConsole, cursor: Text = "", done: Text = ""
) -> Response:
    """List connections by name, each with how it does and whom it knows."""
    here = await at.enter(CONNECTIONS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        connections = _connections(here, uow)
        after = pages.after("connections")
        rows = await connections.list_page(after=after, limit=pages.fetch)
        shown, following = pages.cut("connections", rows, lambda row: [row.name])
        linked = await connections.linked(shown)
    return here.render(
        "console/programs/connections.html",
        connections=[
            (row, _title(row.kind), _state(here, row), linked.get(row.id, 0))
            for row in shown
        ],
        rules=RULES,
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(f"{CONNECTIONS.path}/new")
async def choose_kind(at: AtConsole) -> Response:
    """Ask who is on the other side."""
    here = await at.enter(CONNECTIONS, shown="new", permission=CONNECTIONS.act)
    if isinstance(here, Response):
        return here
    from app.upstreams.kinds import KINDS  # here: most installations have none

    return here.render(
        "console/programs/connection_new.html", kind=None, kinds=KINDS.values()
    )


@router.get(_NEW)
async def show_new_connection(kind: KindName, at: AtConsole) -> Response:
    """Show the form for a kind of connection, and what the other side is told."""
    found = _kind(kind)
    here = await at.enter(CONNECTIONS, shown=f"new.{kind}", permission=CONNECTIONS.act)
    if isinstance(here, Response):
        return here
    own = {"name": kind.replace("_", "-"), "display_name": found.title}
    usual = usual_settings(fields_of(found))
    return _show_new(here, found, None, usual_policy() | usual | own)


@router.post(_NEW)
async def create_connection(kind: KindName, values: Posted, at: AtConsole) -> Response:
    """Make a connection; it is off until somebody enables it."""
    found = _kind(kind)

    async def work(here: Here, uow: UnitOfWork) -> Response:
        own = {"name": values.get("name", "").strip(), "kind": kind, "enabled": False}
        settings = typed_settings(fields_of(found), values)
        wanted = typed_policy(values) | own | {"settings": settings}
        form = judged(ConnectionCreate, wanted)
        members = form.model_dump(mode="json", exclude={"name"})
        row = await _connections(here, uow).create(here.actor, form.name, members)
        return here.go(_address(row.id), "made")

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return _show_new(here, found, error, values)

    return await change(at, CONNECTIONS, f"new.{kind}", values, work, show)


@router.get(_ONE)
async def show_connection(
    connection_id: UUID, at: AtConsole, done: Text = ""
) -> Response:
    """Show a connection, without its secrets."""
    here = await at.enter(CONNECTIONS, shown=str(connection_id))
    if isinstance(here, Response):
        return here
    return await _show_one(here, connection_id, None, {}, done=_DONE.get(done, ""))


@router.post(_ONE)
async def update_connection(
    connection_id: UUID, values: Posted, at: AtConsole
) -> Response:
    """Change a connection; a secret that is not typed stays."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        connections = _connections(here, uow)
        row = await connections.get(connection_id)
        wanted = typed_policy(values)
        wanted |= changed_settings(row, _fields(row.kind), values)
        form, versions = judged(ConnectionChange, wanted), {values.get("version", "")}
        await connections.update(here.actor, connection_id, form.change(), versions)
        return here.go(_address(connection_id), "saved")

    return await _change(at, connection_id, values, work)


@router.post(f"{_ONE}/status")
async def switch_connection(
    connection_id: UUID, values: Posted, at: AtConsole
) -> Response:
    """Let people come by a connection, or nobody."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        enabled = values.get("status") == "enabled"
        connections, wanted = _connections(here, uow), {"enabled": enabled}
        await connections.update(here.actor, connection_id, wanted, None)
        return here.go(_address(connection_id), "enabled" if enabled else "disabled")

    return await _change(at, connection_id, values, work)


@router.post(f"{_ONE}/test")
async def test_connection(
    connection_id: UUID, values: Posted, at: AtConsole
) -> Response:
    """Look whether it would work, and say step by step what was seen."""

    async def work(here: Here) -> Response:
        async with here.runtime.unit_of_work() as uow:
            told = await _connections(here, uow).test(connection_id)
        return await _show_one(here, connection_id, None, {}, steps=told.steps)

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, connection_id, error, {})

    return await deed(at, CONNECTIONS, str(connection_id), values, work, show)


@router.post(f"{_ONE}/sync")
async def read_directory(
    connection_id: UUID, values: Posted, at: AtConsole
) -> Response:
    """Have a directory read as a whole; who is missing goes where its name is typed."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        if is_accepted := "accept" in values:
            row = await _connections(here, uow).get(connection_id)
            here.demand_typed(values, row.name, "accept")
        await ConnectionSyncService(uow).request(
            connection_id,
            "console",
            dry_run="dry_run" in values,
            accept_missing=is_accepted,
        )
        return here.go(_address(connection_id), "sync")

    return await _change(at, connection_id, values, work)


@router.post(f"{_ONE}/delete")
async def delete_connection(
    connection_id: UUID, values: Posted, at: AtConsole
) -> Response:
    """Delete a connection whose name was typed; nobody is known by it any more."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        connections = _connections(here, uow)
        here.demand_typed(values, (await connections.get(connection_id)).name)
        await connections.delete(connection_id, None)
        return here.go(CONNECTIONS.path, "deleted")

    return await _change(at, connection_id, values, work)


async def _change(
    at: AtConsole, connection_id: UUID, values: Values, work: Work
) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, connection_id, error, values)

    return await change(at, CONNECTIONS, str(connection_id), values, work, show)


def _show_new(
    here: Here, kind: "Kind", error: AppError | None, values: Values
) -> Response:
    return here.render(
        "console/programs/connection_new.html",
        error,
        kind=kind,
        redirect_uri=_redirect_uri(here, kind, values.get("name") or kind.name),
        values=values,
        secrets=(),
        is_read=kind.asks_password,
        **_asked(fields_of(kind), error),
    )


async def _show_one(
    here: Here, connection_id: UUID, error: AppError | None, values: Values, **seen: Any
) -> Response:
    """Return the page; ``seen`` is what was done, and what a test saw."""
    async with here.runtime.unit_of_work(read_only=True) as uow:
        connections = _connections(here, uow)
        row, linked = await connections.with_people(connection_id)
        is_read = is_directory(row.kind)
        syncs = await ConnectionSyncService(uow).last(row, SHOWN) if is_read else ()
    readings = [reading(each) for each in syncs]
    told, fields = connections.shown(row), _fields(row.kind)
    is_typed = error is not None and "version" in values
    return here.render(
        "console/programs/connection.html",
        error,
        connection=row,
        kind=_title(row.kind),
        state=_state(here, row),
        linked=linked,
        redirect_uri=_redirect_uri(here, kind_named(row.kind), row.name),
        signed_out_uri=told.signed_out_uri,
        secrets=told.secrets,
        is_read=is_read,
        readings=readings,
        kept=kept(readings),
        values=values if is_typed else shown_connection(row, fields),
        **_asked(fields, error),
        **({"done": "", "steps": ()} | seen),
    )


def _asked(fields: Sequence[SettingField], error: AppError | None) -> dict[str, Any]:
    """Return what the forms ask, and what is wrong in them."""
    said, followed = labels(), profile()
    known = {*said, *(name for name, _ in followed), *(f.typed_as for f in fields)}
    wrong, others = wrong_in_connection(error, known)
    return {
        "labels": said,
        "fields": fields,
        "profile": followed,
        "rules": [(name, gettext(label)) for name, label in RULES.items()],
        "wrong": wrong,
        "others": others,
    }


def _state(here: Here, row: Connection) -> tuple[str, str]:
    """Return how a connection does, in a word, and what kind of word that is."""
    silent = {way.id for way in here.runtime.connections.silent()}
    name = "off" if not row.enabled else "silent" if row.id in silent else "on"
    label, kind = _STATES[name]
    return gettext(label), kind


def _kind(name: str) -> "Kind":
    """Return a kind.

    Raises:
        NotFound: There is none of this name.
    """
    found = kind_named(name)
    if found is None:
        raise NotFound(hint="no such kind of connection")
    return found


def _redirect_uri(here: Here, kind: "Kind | None", name: str) -> str:
    """Return what the other side is told; empty where nobody is led there and back."""
    is_asked = kind is None or kind.asks_password
    return "" if is_asked else redirect_uri(here.runtime, name)


def _title(kind: str) -> str:
    found = kind_named(kind)
    return found.title if found else kind


def _fields(kind: str) -> Sequence[SettingField]:
    """Return the fields of a kind's settings; of one that is gone there are none."""
    found = kind_named(kind)
    return fields_of(found) if found else ()


def _connections(here: Here, uow: UnitOfWork) -> ConnectionService:
    return ConnectionService(uow, here.runtime, here.runtime.connections.forget)


def _address(connection_id: UUID) -> str:
    return f"{CONNECTIONS.path}/{connection_id}"
