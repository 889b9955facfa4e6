"""``/admin/clients/new``: an application, by what it is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.console.client_form import (
    API,
    CHOICES,
    Choice,
    choices_in,
    labels,
    metadata_in,
    own_scopes,
    owner_in,
    pasted,
    settings_of,
)
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import CLIENTS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.schemas.client import ClientCreate
from app.services.clients.client import OAuthClientService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = f"{CLIENTS.path}/new"


@router.get(PATH)
async def show_new_client(
    at: AtConsole, kind: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """Ask what the application is, then what there is to know about it."""
    here = await _enter(at)
    if isinstance(here, Response):
        return here
    return await _show(here, None, {"kind": kind})


@router.post(PATH)
async def create_client(values: Posted, at: AtConsole) -> Response:
    """Make the application; its secret is on this one answer and on no other."""
    here = await _enter(at)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        choice = CHOICES.get(values.get("kind", ""))
        if choice is None:
            return await _show(here, None, {})
        return await _make(here, choice, values)

    return await submit(here, values, work, _show)


async def _enter(at: AtConsole) -> Here | Response:
    """Let in who signed in just now: people may not be asked by what is made here."""
    may = CLIENTS.act
    return await at.enter(CLIENTS, shown="new", permission=may, fresh=True)


async def _make(here: Here, choice: Choice, values: Values) -> Response:
    asked = metadata_in(values, choice.comes_back)
    asked = {name: value for name, value in asked.items() if value is not None}
    metadata = {**choice.metadata, **asked}
    choices = {**choices_in(values), "is_resource_server": choice.name == API}
    judged(ClientCreate, {**metadata, **choices})
    async with here.runtime.unit_of_work() as uow:
        clients = OAuthClientService(uow, here.runtime)
        owned = choices | await owner_in(here, clients, values)
        row, secret = await clients.create(metadata, owned)
    value = secret.value if secret else ""
    return show_secret(here, row, value, choice, is_new=True)


def show_secret(
    here: Here, row: Any, secret: str, choice: Choice, *, is_new: bool
) -> Response:
    """Return the page with what goes into the application's settings."""
    issuer = here.runtime.settings.public_url
    return here.render(
        "console/client_made.html",
        client=row,
        secret=secret,
        is_new=is_new,
        settings=settings_of(issuer, row),
        snippets=pasted(issuer, row, secret, choice),
    )


async def _show(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/client_new.html",
        error,
        choices=CHOICES.values(),
        choice=CHOICES.get(values.get("kind", "")),
        values=values,
        own_scopes=own_scopes(here.runtime.supported),
        wrong=by_field(error),
        labels=labels(),
    )
