"""``/admin/clients``: applications, and what may be changed about one."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.models.oauth.client import ADMINISTRATOR, NOBODY
from app.pages.console.client_form import (
    address_of,
    choices_in,
    kind_of,
    labels,
    metadata_in,
    own_scopes,
    owner_in,
    owner_of,
    pasted,
    settings_of,
    theme_of,
)
from app.pages.console.client_new import show_secret
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import CLIENTS
from app.pages.parts.dependencies import Posted
from app.pages.parts.flow import go_on
from app.pages.parts.form import Values, judged
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.schemas.client import ClientChange
from app.services.clients.client import (
    ClientNotFound,
    ClientSecretNotFound,
    OAuthClientService,
)
from app.services.clients.redirect_try import try_redirect_uri
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ONE = f"{CLIENTS.path}/one"
_CONFIRMED = ("status", "secret_id")  # what tells forms that want an id typed apart
_PLACEHOLDER = "YOUR_CLIENT_SECRET"
_DONE = {
    "saved": N_("The application is saved."),
    "disabled": N_("The application is disabled. What people granted to it is ended."),
    "active": N_("The application is enabled."),
    "revoked": N_("The secret is ended."),
    "deleted": N_("The application is deleted."),
}
Text = Annotated[str, Query(max_length=2_048)]
Work = Callable[[Here, OAuthClientService, str], Awaitable[Response]]


@router.get(CLIENTS.path)
async def list_clients(
    at: AtConsole,
    q: Text = "",
    cursor: Text = "",
    done: Text = "",
    forsaken: bool = False,
) -> Response:
    """List applications by identifier, or find some: by a text, or without an owner."""
    here = await at.enter(CLIENTS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    following: str | None = None
    async with here.runtime.unit_of_work(read_only=True) as uow:
        clients = OAuthClientService(uow, here.runtime)
        if forsaken:
            shown = await clients.forsaken(_ROWS)
        elif q.strip():
            shown = await clients.find(q.strip(), _ROWS)
        else:
            rows = await clients.list_page(
                after=pages.after("clients"), limit=pages.fetch
            )
            shown, following = pages.cut("clients", rows, lambda row: [row.client_id])
    return here.render(
        "console/clients.html",
        clients=[(row, kind_of(row), address_of(row.client_id)) for row in shown],
        q=q,
        forsaken=forsaken,
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(_ONE)
async def show_client(
    at: AtConsole,
    client_id: Annotated[str, Query(alias="id", max_length=255)],
    test: Text = "",
    done: Text = "",
) -> Response:
    """Show an application; with ``test``, whether it may be led back to there."""
    here = await at.enter(CLIENTS, shown=_shown(client_id))
    if isinstance(here, Response):
        return here
    return await _show(here, client_id, None, {}, test.strip(), done)


@router.get(f"{CLIENTS.path}/{{client_id}}")
async def lead_to_client(client_id: str) -> Response:
    """Lead to an application from the shorter address that a sign-in comes back to."""
    return go_on(address_of(client_id))


@router.post(_ONE)
async def update_client(values: Posted, at: AtConsole) -> Response:
    """Change an application; the whole of it is judged anew."""

    async def work(here: Here, clients: OAuthClientService, client_id: str) -> Response:
        row = await clients.get(client_id)
        metadata = metadata_in(values, kind_of(row).comes_back)
        metadata["scope"] = metadata["scope"] or ""
        choices = choices_in(values)
        if ("vouched" in values) != (row.voucher != NOBODY):
            # Who answered for it before goes on doing so, whatever else is changed.
            choices["vouched_by"] = ADMINISTRATOR if "vouched" in values else NOBODY
        judged(ClientChange, {**metadata, **choices})
        choices |= await owner_in(here, clients, values)
        versions = {values.get("version", "")}
        await clients.update(client_id, metadata, choices, versions)
        return here.go(address_of(client_id, done="saved"))

    return await _change(at, values, work)


@router.post(f"{_ONE}/status")
async def set_status(values: Posted, at: AtConsole) -> Response:
    """Disable an application, or enable it again."""

    async def work(here: Here, clients: OAuthClientService, client_id: str) -> Response:
        status = "disabled" if values.get("status") == "disabled" else "active"
        if status == "disabled":
            here.demand_typed(values, client_id)
        await clients.update(client_id, {}, {"status": status}, None)
        return here.go(address_of(client_id, done=status))

    return await _change(at, values, work)


@router.post(f"{_ONE}/rotate")
async def rotate_secret(values: Posted, at: AtConsole) -> Response:
    """Make a new secret, on this answer alone; the one before lives on a while."""

    async def work(here: Here, clients: OAuthClientService, client_id: str) -> Response:
        issued = await clients.rotate_secret(client_id)
        row = await clients.get(client_id)
        return show_secret(here, row, issued.value, kind_of(row), is_new=False)

    return await _change(at, values, work)


@router.post(f"{_ONE}/revoke")
async def revoke_secret(values: Posted, at: AtConsole) -> Response:
    """End a secret at once; the last one, without which it is out, if that is meant."""

    async def work(here: Here, clients: OAuthClientService, client_id: str) -> Response:
        try:
            secret_id = UUID(values.get("secret_id", ""))
        except ValueError:
            raise ClientSecretNotFound from None
        if len(await clients.secrets_of(client_id)) == 1:
            here.demand_typed(values, client_id)
        await clients.revoke_secret(client_id, secret_id)
        return here.go(address_of(client_id, done="revoked"))

    return await _change(at, values, work)


@router.post(f"{_ONE}/delete")
async def delete_client(values: Posted, at: AtConsole) -> Response:
    """Delete an application whose identifier was typed."""

    async def work(here: Here, clients: OAuthClientService, client_id: str) -> Response:
        here.demand_typed(values, client_id)
        await clients.delete(client_id, None)
        return here.go(CLIENTS.path, "deleted")

    return await _change(at, values, work)


async def _change(at: AtConsole, values: Values, work: Work) -> Response:
    """Do something to an application, by who signed in just now."""
    client_id = values.get("id", "")
    here = await at.enter(CLIENTS, shown=_shown(client_id), permission=CLIENTS.act)
    if isinstance(here, Response):
        return here

    async def do() -> Response:
        await here.demand_presence()
        async with here.runtime.unit_of_work() as uow:
            return await work(here, OAuthClientService(uow, here.runtime), client_id)

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        if isinstance(error, ClientNotFound):
            raise error
        return await _show(here, client_id, error, values)

    return await submit(here, values, do, show)


async def _show(
    here: Here,
    client_id: str,
    error: AppError | None,
    values: Values,
    test: str = "",
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        clients = OAuthClientService(uow, here.runtime)
        row, owner = await clients.with_owner(client_id)
        secrets = await clients.secrets_of(client_id)
    kind, issuer = kind_of(row), here.runtime.settings.public_url
    is_typed = error is not None and "version" in values
    return here.render(
        "console/client.html",
        error,
        client=row,
        kind=kind,
        secrets=secrets,
        needs_secret=_needs_secret(row, secrets),
        values=values if is_typed else _values(row) | owner_of(here, row, owner),
        is_forsaken=bool(row.owner_id) and not (owner and owner.status == "active"),
        secret="",
        settings=settings_of(issuer, row),
        snippets=pasted(issuer, row, _PLACEHOLDER),
        tried=try_redirect_uri(here.runtime, row, test) if test else None,
        wrong=by_field(error),
        own_scopes=own_scopes(here.runtime.supported),
        labels=labels(),
        sent=next((each for each in _CONFIRMED if each in values), ""),
        done=_DONE.get(done, ""),
    )


def _shown(client_id: str) -> str:
    """Return what a sign-in leads back to; to the list, where an id is no segment."""
    return client_id if _SEGMENT.fullmatch(client_id) else ""


def _needs_secret(row: Any, secrets: Sequence[Any]) -> bool:
    method = row.document.get("token_endpoint_auth_method", "client_secret_basic")
    return bool(secrets) or method.startswith("client_secret")


def _values(row: Any) -> dict[str, str]:
    """Return what the form has in it before anybody types; boxes are there or not."""
    document = row.document
    values = {
        "client_name": row.client_name,
        "scope": document.get("scope", ""),
        "audience": row.audience or "",
        "minimum_acr": row.minimum_acr or "",
        **theme_of(row),
        "redirect_uris": "\n".join(document.get("redirect_uris", ())),
        "post_logout_redirect_uris": "\n".join(
            document.get("post_logout_redirect_uris", ())
        ),
    }
    if row.is_first_party:
        values["is_first_party"] = "on"
    if row.voucher != NOBODY:
        values["vouched"] = "on"
    return values
