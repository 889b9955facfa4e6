"""Who may change which account."""

from collections.abc import Iterable

from app.policies.permission import Actor, covers


def may_edit(actor: Actor, target_permissions: Iterable[str]) -> str | None:
    """Return why the actor may not change an account, or None.

    Whoever changes an account could act as its owner, so nobody changes an account
    that may do what they may not.
    """
    if not actor.may("users:write"):
        return "users:write is missing"
    if not covers(actor.permissions, target_permissions):
        return "the account may do more than the actor"
    return None


def may_grant(actor: Actor, role_permissions: Iterable[str]) -> str | None:
    """Return why the actor may not give or take a role, or None."""
    if not covers(actor.permissions, role_permissions):
        return "the role may do more than the actor"
    return None
