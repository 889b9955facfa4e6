"""``/admin/resources``: APIs that tokens are asked for by name."""

from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.programs.change import Work, change, wrong_in
from app.pages.console.programs.lines import (
    number_of,
    read_claims,
    read_pairs,
    typed_claims,
)
from app.pages.console.sections import RESOURCES
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.repositories.unit_of_work import UnitOfWork
from app.resource_settings import TokenType
from app.schemas.resource import ResourceChange, ResourceCreate
from app.services.clients.resource import KnownResource, OAuthResourceService
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_ONE = f"{RESOURCES.path}/{{resource_id:uuid}}"
_LABELS = {
    "identifier": N_("Identifier"),
    "name": N_("Name"),
    "scopes": N_("Scopes"),
    "access": N_("Who may ask for tokens"),
    "access_token_ttl": N_("Lifetime of tokens, in seconds"),
    "algorithm": N_("Signed with"),
    "typ": N_("Type of tokens"),
    "audience_form": N_("How aud is written"),
    "scope_form": N_("How scope is written"),
    "claims": N_("Claims besides"),
    "typed": N_("Identifier"),
}
_DONE = {
    "made": N_("The API is added."),
    "saved": N_("The API is saved."),
    "active": N_("The API is enabled."),
    "disabled": N_("The API is disabled: there is no new token for it."),
    "deleted": N_("The API is deleted."),
}
_PLAIN = "name", "access", "typ", "audience_form", "scope_form"  # as they are typed
Text = Annotated[str, Query(max_length=2_048)]


@router.get(RESOURCES.path)
async def list_resources(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List APIs by identifier, those of the settings among them."""
    here = await at.enter(RESOURCES)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        resources = OAuthResourceService(uow, here.runtime)
        after = pages.after("resources")
        rows = await resources.list_page(after=after, limit=pages.fetch)
    shown, following = pages.cut("resources", rows, lambda row: [row.identifier])
    return here.render(
        "console/programs/resources.html",
        resources=shown,
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(f"{RESOURCES.path}/new")
async def show_new_resource(at: AtConsole) -> Response:
    """Show the form for an API."""
    here = await at.enter(RESOURCES, shown="new", permission=RESOURCES.act)
    if isinstance(here, Response):
        return here
    return await _show_new(here, None, {})


@router.post(f"{RESOURCES.path}/new")
async def create_resource(values: Posted, at: AtConsole) -> Response:
    """Register an API."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        identifier, choices = values.get("identifier", "").strip(), _typed(values)
        judged(ResourceCreate, {**choices, "identifier": identifier})
        resources = OAuthResourceService(uow, here.runtime)
        made = await resources.create(identifier, choices)
        return here.go(f"{RESOURCES.path}/{made.id}", "made")

    return await change(at, RESOURCES, "new", values, work, _show_new)


@router.get(_ONE)
async def show_resource(resource_id: UUID, at: AtConsole, done: Text = "") -> Response:
    """Show what tokens for an API look like."""
    here = await at.enter(RESOURCES, shown=str(resource_id))
    if isinstance(here, Response):
        return here
    return await _show_one(here, resource_id, None, {}, done)


@router.post(_ONE)
async def update_resource(resource_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Change an API; what is withdrawn is in no new token."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        choices, versions = _typed(values), {values.get("version", "")}
        judged(ResourceChange, choices)
        resources = OAuthResourceService(uow, here.runtime)
        await resources.update(resource_id, choices, versions)
        return here.go(f"{RESOURCES.path}/{resource_id}", "saved")

    return await _change(at, resource_id, values, work)


@router.post(f"{_ONE}/status")
async def switch_resource(resource_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Disable an API, or enable it again."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        status = "disabled" if values.get("status") == "disabled" else "active"
        resources = OAuthResourceService(uow, here.runtime)
        await resources.update(resource_id, {"status": status}, None)
        return here.go(f"{RESOURCES.path}/{resource_id}", status)

    return await _change(at, resource_id, values, work)


@router.post(f"{_ONE}/delete")
async def delete_resource(resource_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Delete an API whose identifier was typed."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        resources = OAuthResourceService(uow, here.runtime)
        here.demand_typed(values, (await resources.get(resource_id)).identifier)
        await resources.delete(resource_id, None)
        return here.go(RESOURCES.path, "deleted")

    return await _change(at, resource_id, values, work)


async def _change(
    at: AtConsole, resource_id: UUID, values: Values, work: Work
) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, resource_id, error, values)

    return await change(at, RESOURCES, str(resource_id), values, work, show)


async def _show_new(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/programs/resource_new.html",
        error,
        values=values,
        wrong=wrong_in(error),
        **_asked(here),
    )


async def _show_one(
    here: Here,
    resource_id: UUID,
    error: AppError | None,
    values: Values,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        known = await OAuthResourceService(uow, here.runtime).get(resource_id)
    issuer = here.runtime.settings.public_url
    is_typed = error is not None and "version" in values
    return here.render(
        "console/programs/resource.html",
        error,
        resource=known,
        values=values if is_typed else _values(known),
        settings=[
            (gettext("Issuer"), issuer),
            (gettext("API (audience)"), known.identifier),
            (gettext("Discovery"), f"{issuer}/.well-known/openid-configuration"),
        ],
        may_change=here.actor.may(RESOURCES.act) and known.source == "database",
        wrong=wrong_in(error),
        **_asked(here),
        done=_DONE.get(done, ""),
    )


def _values(known: KnownResource) -> dict[str, str]:
    """Return what the form has in it before anybody types."""
    return {
        **{name: getattr(known, name) for name in _PLAIN},
        "algorithm": known.algorithm or "",
        "access_token_ttl": str(known.access_token_ttl or ""),
        "scopes": "\n".join(
            f"{name} = {said}" if said else name for name, said in known.scopes.items()
        ),
        "claims": typed_claims(known.claims),
    }


def _typed(values: Values) -> dict[str, Any]:
    """Return what is typed about an API; lists stand in lines.

    Raises:
        Unprocessable: A line cannot be read.
    """
    lifetime = values.get("access_token_ttl", "").strip()
    return {
        **{name: values[name].strip() for name in _PLAIN if name in values},
        "algorithm": values.get("algorithm") or None,
        "access_token_ttl": number_of(lifetime),
        "scopes": read_pairs("scopes", values.get("scopes", "")),
        "claims": read_claims("claims", values.get("claims", "")),
    }


def _asked(here: Here) -> dict[str, Any]:
    """Return what the forms offer, and how they call it."""
    return {
        "labels": {name: gettext(label) for name, label in _LABELS.items()},
        "algorithms": sorted(here.runtime.resources.algorithms),
        "types": [(each, each) for each in get_args(TokenType)],
    }
