"""What the forms of an account do: each asks the service that the API asks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_args
from uuid import UUID

from app.pages.attribute_fields import DO, told_attributes
from app.pages.console.frame import Here
from app.pages.console.user_forms import ADDRESS, CLAIMS, PROFILE
from app.pages.parts.form import UnknownAction, Values, id_of, validated
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.factor import FactorName
from app.schemas.user import ProfileChange, UserChange
from app.schemas.user_claims import UserClaimsByAdministrator
from app.services.accounts.password import PasswordService
from app.services.accounts.user import UserService
from app.services.accounts.user_claims import UserClaimsService
from app.services.attributes.values import FIELD
from app.services.factors.factor import FactorService
from app.services.oauth.consent import OAuthConsentService

Done = tuple[str, bool]
"""What ``console/user_done.html`` says was done, and whether the account is gone."""
Change = Callable[[Here, UUID, Values], Awaitable[Done]]


def _users(here: Here, uow: UnitOfWork) -> UserService:
    return UserService(uow, here.runtime, PasswordService(here.runtime))


async def _profile(here: Here, user_id: UUID, values: Values) -> Done:
    change: dict[str, Any]
    if values.get("do") == "email":
        fields: dict[str, Any] = {"email": values.get("email", "")}
        change = {"email": validated(UserChange, fields).email}
        if "email_verified" in values:
            change["email_verified"] = True
        await here.demand_presence()  # whoever holds the address holds the account
    elif values.get("do") == DO:
        change = {FIELD: await told_attributes(here.runtime, user_id, values)}
    else:
        names = [each.name for each in PROFILE]
        form = validated(ProfileChange, {name: values.get(name, "") for name in names})
        change = {name: getattr(form, name) for name in names}
    versions = [values["version"]] if values.get("version") else None
    async with here.runtime.unit_of_work() as uow:
        await _users(here, uow).update(here.actor, user_id, change, versions)
    return "saved", False


async def _claims(here: Here, user_id: UUID, values: Values) -> Done:
    given: dict[str, Any] = {
        each.name: values[each.name] for each in CLAIMS if values.get(each.name)
    }
    address = {
        each.name.partition(".")[2]: values[each.name]
        for each in ADDRESS
        if values.get(each.name)
    }
    if address:
        given["address"] = address
    if "phone_number" in given:
        given["phone_number_verified"] = "phone_number_verified" in values
    form = validated(UserClaimsByAdministrator, given)
    claims = form.model_dump(exclude_none=True)
    async with here.runtime.unit_of_work() as uow:
        service = UserClaimsService(uow, here.runtime)
        await service.replace_for(here.actor, user_id, claims)
    return "saved", False


async def _sessions(here: Here, user_id: UUID, values: Values) -> Done:
    named = values.get("session", "")
    async with here.runtime.unit_of_work() as uow:
        users = _users(here, uow)
        if named == "all":
            await users.revoke_sessions(here.actor, user_id)
        else:
            await users.revoke_session(here.actor, user_id, id_of(named))
    return "ended", False


async def _factors(here: Here, user_id: UUID, values: Values) -> Done:
    kind = values.get("remove", "")
    if kind not in get_args(FactorName):
        raise UnknownAction(hint="no such kind of factor")
    await here.demand_presence()
    async with here.runtime.unit_of_work() as uow:
        await FactorService(uow, here.runtime).remove(here.actor, user_id, kind)
    return "removed", False


async def _end_link(here: Here, user_id: UUID, values: Values) -> Done:
    # Here: few services have a connection.
    from app.services.upstreams.account_link import AccountLinkService

    await here.demand_presence()
    link_id, even_last = id_of(values.get("link", "")), "even_last" in values
    async with here.runtime.unit_of_work() as uow:
        links = AccountLinkService(uow, here.runtime)
        await links.end(here.actor, user_id, link_id, even_last=even_last)
    return "removed", False


async def _applications(here: Here, user_id: UUID, values: Values) -> Done:
    async with here.runtime.unit_of_work() as uow:
        consents = OAuthConsentService(uow)
        await consents.revoke_for(here.actor, user_id, values.get("revoke", ""))
    return "revoked", False


async def _roles(here: Here, user_id: UUID, values: Values) -> Done:
    """Add one role, or remove one: what others changed meanwhile stays."""
    await here.demand_presence()
    added, removed = values.get("add", ""), values.get("remove", "")
    async with here.runtime.unit_of_work() as uow:
        await _users(here, uow).change_roles(
            here.actor,
            user_id,
            add={added} if added else (),
            remove={removed} if removed else (),
        )
    return "saved", False


async def _actions(here: Here, user_id: UUID, values: Values) -> Done:
    act = _ACTIONS.get(values.get("do", ""))
    if act is None:
        raise UnknownAction(hint="no such action")
    return await act(here, user_id, values)


async def _disable(here: Here, user_id: UUID, _values: Values) -> Done:
    await here.demand_presence()
    await _set_status(here, user_id, "disabled")
    return "disabled", False


async def _enable(here: Here, user_id: UUID, _values: Values) -> Done:
    await _set_status(here, user_id, "active")
    return "enabled", False


async def _set_status(here: Here, user_id: UUID, status: str) -> None:
    change: Mapping[str, Any] = {"status": status}
    async with here.runtime.unit_of_work() as uow:
        await _users(here, uow).update(here.actor, user_id, change, None)


async def _reset(here: Here, user_id: UUID, values: Values) -> Done:
    await here.demand_presence()
    async with here.runtime.unit_of_work() as uow:
        await _users(here, uow).start_password_reset(
            here.actor, user_id, required="required" in values
        )
    return "reset", False


async def _invite(here: Here, user_id: UUID, _values: Values) -> Done:
    async with here.runtime.unit_of_work() as uow:
        await _users(here, uow).invite_again(here.actor, user_id)
    return "invited", False


async def _delete(here: Here, user_id: UUID, values: Values) -> Done:
    async with here.runtime.unit_of_work() as uow:
        users = _users(here, uow)
        here.demand_typed(values, (await users.get(user_id)).email)
        await users.delete(here.actor, user_id, None)
    return "deleted", True


_ACTIONS: Mapping[str, Change] = {
    "disable": _disable,
    "enable": _enable,
    "reset": _reset,
    "invite": _invite,
    "delete": _delete,
}
CHANGES: Mapping[str, Change] = {
    "": _profile,
    "claims": _claims,
    "sessions": _sessions,
    "factors": _factors,
    "connections": _end_link,
    "applications": _applications,
    "roles": _roles,
    "actions": _actions,
}
