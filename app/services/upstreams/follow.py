"""Profile and groups, as they are elsewhere: taken over at each sign-in by a map."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.events.group import GroupMemberAdded, GroupMemberRemoved
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import ProfileChange
from app.services.accounts.account import apply_change
from app.services.accounts.change import keeping_an_administrator
from app.services.accounts.errors import LastAdministrator
from app.services.process.process import Process

MAX_VALUES = 2_000  # of a claim about groups; more are none
_log = logging.getLogger("auth_serve.connection")


async def follow_profile(
    uow: UnitOfWork, user: User, policy: Mapping[str, Any], claims: Mapping[str, Any]
) -> None:
    """Take over the profile of somebody who is locked.

    What is not told, or what nobody could have here, leaves a field as it is.
    """
    change = profile_of(policy, claims)
    if change:
        await apply_change(uow, user, change, None)


def profile_of(policy: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a profile that follow, as an account may have them."""
    change: dict[str, Any] = {}
    for field, claim in policy["follow"]["profile"].items():
        value = claims.get(claim)
        if isinstance(value, str) and value:
            change |= _acceptable(field, value)
    return change


def _acceptable(field: str, value: str) -> dict[str, Any]:
    try:
        judged = ProfileChange.model_validate({field: value})
    except ValidationError:
        return {}
    return judged.model_dump(include={field})


async def follow_groups(
    process: Process,
    user_id: UUID,
    policy: Mapping[str, Any],
    claims: Mapping[str, Any],
) -> None:
    """Put somebody into the groups that follow a claim, and take them out of others.

    What is not told is not there: who lost all groups elsewhere is told without any.
    The last administrator stays one.
    """
    mapped = policy["follow"]["groups"]
    if not mapped["groups"]:
        return
    wanted = groups_wanted(policy, claims)
    ours = set(mapped["groups"].values())
    async with process.unit_of_work(read_only=True) as uow:
        held = ours & set(await uow.groups.names_of_user(user_id))
    if held - wanted:
        await leave_groups(process, user_id, held - wanted)
    if wanted - held:
        await _put_in(process, user_id, wanted - held)


def groups_wanted(policy: Mapping[str, Any], claims: Mapping[str, Any]) -> set[str]:
    """Return the groups here that somebody is in by what is told of them."""
    mapped = policy["follow"]["groups"]
    told = _values(claims.get(mapped["claim"]))
    return {group for value, group in mapped["groups"].items() if value in told}


async def leave_groups(process: Process, user_id: UUID, names: set[str]) -> bool:
    """Take somebody out of groups; the last administrator stays, and it is False."""
    try:
        await _take_out(process, user_id, names)
    except LastAdministrator:
        _log.warning("the last administrator stays in a group that follows elsewhere")
        return False
    return True


def by_dn(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a policy whose groups have DNs in the form in which directories tell them.

    However an operator wrote one, and however the directory does.
    """
    from app.upstreams.directory.dn import canonical_or_as_is

    mapped = policy["follow"]["groups"]
    groups = {canonical_or_as_is(key): name for key, name in mapped["groups"].items()}
    follow = {**policy["follow"], "groups": {**mapped, "groups": groups}}
    return {**policy, "follow": follow}


def _values(claim: Any) -> frozenset[str]:
    values = [claim] if isinstance(claim, str) else claim
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        return frozenset()
    return frozenset(each for each in values if isinstance(each, str))


async def _take_out(process: Process, user_id: UUID, names: set[str]) -> None:
    async with (
        process.unit_of_work() as uow,
        keeping_an_administrator(uow, user_id),
    ):
        for group in await uow.groups.by_names(names, shared=True):
            if await uow.groups.remove_member(group.id, user_id):
                uow.record(
                    GroupMemberRemoved(
                        user_id=user_id, group_id=group.id, group=group.name
                    )
                )


async def _put_in(process: Process, user_id: UUID, names: set[str]) -> None:
    async with process.unit_of_work() as uow:
        now = uow.clock.now()
        for group in await uow.groups.by_names(names, shared=True):
            if await uow.groups.add_member(group.id, user_id, now):
                uow.record(
                    GroupMemberAdded(
                        user_id=user_id, group_id=group.id, group=group.name
                    )
                )
