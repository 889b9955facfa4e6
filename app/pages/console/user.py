"""``/admin/users/{id}``: one account, from each side that operators look at it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.pages.attribute_fields import DO, attribute_form
from app.pages.console.frame import AtConsole, Here, Visit
from app.pages.console.roles import description_of, offered_roles
from app.pages.console.sections import AUDIT, USERS
from app.pages.console.told import tell
from app.pages.console.user_changes import CHANGES
from app.pages.console.user_forms import ADDRESS, CLAIMS, PROFILE
from app.pages.parts.browser import typed
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.policies.permission import OPERATOR_ID
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.audit_event import AuditEventService
from app.services.accounts.errors import UserNotFound
from app.services.accounts.user_claims import UserClaimsService
from app.services.attributes.values import AttributeValues
from app.services.console.user_directory import UserDirectoryService
from app.services.oauth.consent import OAuthConsentService
from app.services.sessions.session import SessionService
from app.services.sign_in.origin import spoken_browser

router = APIRouter(include_in_schema=False, route_class=LateRoute)
PATH = f"{USERS.path}/{{user_id}}"
_MOST = 100
TABS = {
    "": N_("Profile"),
    "claims": N_("Claims"),
    "sessions": N_("Sessions"),
    "factors": N_("Sign-in methods"),
    "connections": N_("Connected services"),
    "applications": N_("Applications"),
    "roles": N_("Roles"),
    "activity": N_("Activity"),
    "actions": N_("Actions"),
}
Look = Callable[[UnitOfWork, UUID, Here], Awaitable[dict[str, Any]]]


async def _profile(uow: UnitOfWork, user_id: UUID, _here: Here) -> dict[str, Any]:
    return {"fields": PROFILE, "attributes": await AttributeValues(uow).of(user_id)}


async def _claims(uow: UnitOfWork, user_id: UUID, here: Here) -> dict[str, Any]:
    held = await UserClaimsService(uow, here.runtime).held(user_id)
    flat = {key: text for key, text in held.items() if key != "address"}
    flat |= {f"address.{key}": text for key, text in held.get("address", {}).items()}
    return {"fields": CLAIMS, "address": ADDRESS, "held": flat}


async def _sessions(uow: UnitOfWork, user_id: UUID, _here: Here) -> dict[str, Any]:
    found = await SessionService(uow).list_live(user_id, after=None, limit=_MOST)
    return {"sessions": found, "browser_of": spoken_browser}


async def _factors(uow: UnitOfWork, user_id: UUID, _here: Here) -> dict[str, Any]:
    return {"factors": await UserDirectoryService(uow).factors_of(user_id)}


async def _links(uow: UnitOfWork, user_id: UUID, here: Here) -> dict[str, Any]:
    # Here: few services have a connection.
    from app.services.upstreams.account_link import AccountLinkService

    links = AccountLinkService(uow, here.runtime)
    return {"links": await links.list_known(user_id, limit=_MOST)}


async def _applications(uow: UnitOfWork, user_id: UUID, _here: Here) -> dict[str, Any]:
    consents = OAuthConsentService(uow)
    return {"consents": await consents.list_page(user_id, after=None, limit=_MOST)}


async def _roles(uow: UnitOfWork, _user_id: UUID, here: Here) -> dict[str, Any]:
    known = await offered_roles(uow, here, _MOST)
    described = {each.name: description_of(each) for each in known or ()}
    return {
        "offered": None if known is None else list(described),
        "described": described,
    }


async def _activity(uow: UnitOfWork, user_id: UUID, _here: Here) -> dict[str, Any]:
    events = await AuditEventService(uow).list_page(
        user_id=user_id, after=None, limit=_MOST
    )
    told = [tell(each) for each in events]
    return {"told": told, "audit": AUDIT.path, "operator": OPERATOR_ID}


async def _actions(_uow: UnitOfWork, _user_id: UUID, _here: Here) -> dict[str, Any]:
    return {}


_LOOKS: dict[str, Look] = {
    "": _profile,
    "claims": _claims,
    "sessions": _sessions,
    "factors": _factors,
    "connections": _links,
    "applications": _applications,
    "roles": _roles,
    "activity": _activity,
    "actions": _actions,
}


@router.get(PATH)
async def show_user(user_id: str, at: AtConsole, done: str = "") -> Response:
    """Show what an account says of its owner."""
    return await _enter_and_show(at, user_id, "", done)


@router.get(f"{PATH}/{{tab}}")
async def show_tab(user_id: str, tab: str, at: AtConsole, done: str = "") -> Response:
    """Show another side of an account."""
    return await _enter_and_show(at, user_id, tab, done)


@router.post(PATH)
async def submit_user(user_id: str, values: Posted, at: AtConsole) -> Response:
    """Change the profile, or the address."""
    return await _submit(at, user_id, "", values)


@router.post(f"{PATH}/{{tab}}")
async def submit_tab(user_id: str, tab: str, values: Posted, at: AtConsole) -> Response:
    """Do what a button of another side says."""
    return await _submit(at, user_id, tab, values)


def _needed(tab: str) -> str:
    return {"activity": AUDIT.permission, "actions": USERS.act}.get(tab, "")


async def _enter_and_show(at: Visit, named: str, tab: str, done: str) -> Response:
    here = await at.enter(USERS, shown=named, permission=_needed(tab))
    if isinstance(here, Response):
        return here
    user_id = _id(named, tab)
    return await _show(here, user_id, tab, done=done)


async def _submit(at: Visit, named: str, tab: str, values: Values) -> Response:
    here = await at.enter(USERS, shown=named, permission=USERS.act)
    if isinstance(here, Response):
        return here
    user_id = _id(named, tab)
    if tab not in CHANGES:
        raise UserNotFound(hint=f"nothing is changed at {tab}")

    async def work() -> Response:
        done, is_gone = await CHANGES[tab](here, user_id, values)
        if is_gone:
            return here.go(USERS.path, done)
        path = f"{USERS.path}/{user_id}"
        return here.go(f"{path}/{tab}" if tab else path, done)

    async def show(here: Here, error: AppError, values: Values) -> Response:
        if isinstance(error, UserNotFound):
            raise error
        return await _show(here, user_id, tab, error, values)

    return await submit(here, values, work, show)


def _id(named: str, tab: str) -> UUID:
    """Return whose page it is.

    Raises:
        UserNotFound: There is no such page.
    """
    try:
        user_id = UUID(named)
    except ValueError as error:
        raise UserNotFound(hint="no id") from error
    if tab not in TABS or str(user_id) != named:
        raise UserNotFound(hint="no such page")
    return user_id


async def _show(
    here: Here,
    user_id: UUID,
    tab: str,
    error: AppError | None = None,
    values: Values | None = None,
    done: str = "",
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        listed = await UserDirectoryService(uow).get(user_id)
        seen = await _LOOKS[tab](uow, user_id, here)
    path = f"{USERS.path}/{user_id}"
    tabs = [
        (label, f"{path}/{name}" if name else path, name == tab)
        for name, label in TABS.items()
        if not _needed(name) or here.actor.may(_needed(name))
    ]
    sent, may_act = (values or {}).get("do", ""), here.actor.may(USERS.act)
    told = values if sent == DO else None
    more = attribute_form(seen.pop("attributes", ()), told, may_write=may_act)
    return here.render(
        f"console/user_{tab or 'profile'}.html",
        error,
        user=listed.user,
        held_roles=listed.roles,
        tabs=tabs,
        path=path,
        typed=None if values is None else typed(values),
        sent=sent,
        more=more,
        wrong=by_field(error),
        labels=more.labels,
        done=done,
        may_act=may_act,
        **seen,
    )
