"""``/applications``: what somebody allowed, each with a button that takes it back.

Below it the service accounts that they answer for (ADR-0089), only to be looked at.

The page to ``/api/v1/users/me/consents``: the same list, and the same end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.models.oauth.client import OAuthClient
from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.pages.parts.asked import in_words, registered_application
from app.pages.parts.browser import AtBrowser
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import APPLICATIONS
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.pages.portal.section import Here, enter
from app.services.oauth.consent import Consent, OAuthConsentService
from app.utils.helpers import printable

PATH = f"/{APPLICATIONS}"
_PAGE = 20  # applications
_OWNED = 100  # programs of one person, on the first page alone
_MAX_NAME = 200

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """An application as the page shows it; ``place`` is empty if it is disabled."""

    client_id: str
    name: str
    place: str
    allowed: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Owned:
    """A program that the person answers for; an administrator changes it."""

    client_id: str
    name: str
    is_active: bool
    last_used_at: datetime | None


@router.get(PATH)
async def show_applications(
    browser: AtBrowser, runtime: State, after: UUID | None = None, done: str = ""
) -> Response:
    """List what the account in use allowed, the oldest first; it changes nothing."""
    here = await enter(APPLICATIONS, browser, runtime)
    if isinstance(here, Response):
        return here
    return await _show(here, after=after, done=done)


@router.post(PATH)
async def submit_applications(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Take back what an application may have; everything granted to it ends."""
    here = await enter(APPLICATIONS, browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        async with runtime.unit_of_work() as uow:
            consents = OAuthConsentService(uow)
            await consents.revoke(here.account.user_id, values.get("client_id", ""))
        return here.stay("revoked")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None = None,
    _values: Values | None = None,
    *,
    after: UUID | None = None,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        rows = await OAuthConsentService(uow).list_page(
            here.account.user_id, after=[after] if after else None, limit=_PAGE + 1
        )
        owned = await uow.oauth_clients.list_page(
            after=None, limit=_OWNED, owner_id=here.account.user_id
        )
    shown = rows[:_PAGE]
    known = await here.runtime.clients.shown(row.client_id for row in shown)
    apis = await here.runtime.resources.find(
        {n for row in shown for n in row.resources}
    )
    scopes = here.runtime.settings.oauth.scopes
    return await here.render(
        "account/applications.html",
        error,
        applications=[_allowed(row, known, scopes, apis) for row in shown],
        owned=[] if after else [_owned(row) for row in owned],
        more=f"{PATH}?after={shown[-1].id}" if len(rows) > _PAGE else "",
        done=done,
    )


def _allowed(
    row: Consent,
    known: Mapping[str, Client],
    scopes: Mapping[str, str],
    apis: Mapping[str, Resource],
) -> _Allowed:
    """Return what is shown of a consent; who is disabled is known by name alone."""
    name, place = printable(row.client_name, _MAX_NAME).strip(), ""
    if client := known.get(row.client_id):
        application = registered_application(client)
        name, place = application.name, application.known_by
    return _Allowed(
        client_id=row.client_id,
        name=name or row.client_id,
        place=place,
        allowed=in_words(row.scope.split(), row.claims, scopes) + _at_apis(row, apis),
        since=row.created_at,
        last_used_at=row.last_used_at,
    )


def _owned(row: OAuthClient) -> _Owned:
    """Return what is shown of a program that the person answers for."""
    return _Owned(
        client_id=row.client_id,
        name=printable(row.client_name, _MAX_NAME).strip() or row.client_id,
        is_active=row.status == "active",
        last_used_at=row.last_used_at,
    )


def _at_apis(row: Consent, known: Mapping[str, Resource]) -> tuple[str, ...]:
    """Return what was allowed at APIs; of one that is gone, the names of its scopes."""
    texts = []
    for identifier, scopes in row.resources.items():
        api = known.get(identifier, Resource(identifier=identifier))
        what = ", ".join(api.scopes.get(scope) or scope for scope in scopes)
        texts.append(f"{api.name or identifier}: {what}" if what else identifier)
    return tuple(texts)
