"""Who may change which role."""

from collections.abc import Iterable

from app.policies.permission import Actor, covers


def may_change(
    actor: Actor, built_in: bool, before: Iterable[str], after: Iterable[str]
) -> str | None:
    """Return why the actor may not move a role from one set to another, or None."""
    if built_in:
        return "the role is built in"
    if not covers(actor.permissions, {*before, *after}):
        return "the role holds a permission that the actor does not"
    return None
