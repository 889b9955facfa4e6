"""Which roles people have: given to themselves, or carried by a group of theirs.

Both count alike, wherever roles count; nobody else reads ``user_roles``.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    String,
    exists,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.models.access.group import Group, GroupMember, GroupRole
from app.models.role import Role, UserRole

_CARRIED = GroupMember.group_id == GroupRole.group_id


class Joined(FunctionElement[str]):
    """The values of a group in one string, joined by spaces.

    SQLAlchemy's ``aggregate_strings`` renders its separator at each execution, which a
    statement that is compiled once cannot have.
    """

    inherit_cache = True
    type = String()


@compiles(Joined, "postgresql")
def _joined_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ' ')"


@compiles(Joined, "sqlite")
def _joined_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, ' ')"


class _Whole(FunctionElement[str]):
    """A subquery whose columns keep the names of their tables, wherever it stands.

    SQLAlchemy takes them from all that stands in the RETURNING of SQLite, where
    ``user_roles.user_id = sessions.user_id`` would become ``user_id = user_id`` and
    find what everybody has.
    """

    inherit_cache = True
    type = String()


@compiles(_Whole)
def _whole(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options | {"include_table": True}))


def own_roles_of(user_id: Any) -> ScalarSelect[str | None]:
    """Return the names of the roles given to an account itself, joined by spaces."""
    query = select(Joined(UserRole.role)).where(UserRole.user_id == user_id)
    return query.correlate_except(UserRole).scalar_subquery()


def group_names_of(user_id: Any) -> ColumnElement[str]:
    """Return the names of all groups of a user as one string, joined by spaces."""
    query = select(Joined(Group.name))
    query = query.join(GroupMember, GroupMember.group_id == Group.id)
    query = query.where(GroupMember.user_id == user_id)
    return query.correlate_except(Group, GroupMember).scalar_subquery()


def held_roles_of(user_id: Any) -> ColumnElement[str]:
    """Return the names of all roles of a user as one string, joined by spaces."""
    held = _held(user_id).subquery("held")
    query = select(Joined(held.c.role)).correlate_except(held)
    return _Whole(query.scalar_subquery())


def _held(user_id: Any) -> CompoundSelect[Any]:
    own = select(UserRole.role).where(UserRole.user_id == user_id)
    carried = select(GroupRole.role).join(GroupMember, _CARRIED)
    carried = carried.where(GroupMember.user_id == user_id)
    return union(
        own.correlate_except(UserRole),
        carried.correlate_except(GroupRole, GroupMember),
    )


def weaker_roles_of(user_id: Any) -> ColumnElement[str]:
    """Return the same without the roles that demand two factors."""
    held = _held(user_id).subquery("held")
    query = select(Joined(held.c.role)).join(Role, Role.name == held.c.role)
    query = query.where(~Role.mfa_required).correlate_except(held, Role)
    return _Whole(query.scalar_subquery())


def roles_held_by(
    user_id: Any, columns: Sequence[Any], *conditions: Any
) -> CompoundSelect[Any]:
    """Return columns of every role of a user; one that is held twice comes twice.

    Args:
        user_id: Whose; perhaps a column of another table.
        columns: Of roles, and of that table.
        conditions: Which row of that table is meant.
    """
    own = select(*columns).join(UserRole, UserRole.role == Role.name)
    carried = select(*columns).join(GroupRole, GroupRole.role == Role.name)
    carried = carried.join(GroupMember, _CARRIED)
    return union_all(
        own.where(UserRole.user_id == user_id, *conditions),
        carried.where(GroupMember.user_id == user_id, *conditions),
    )


def holders_of(role: Any) -> CompoundSelect[Any]:
    """Return the ids of everybody who has a role; some may come twice."""
    own = select(UserRole.user_id).where(UserRole.role == role)
    carried = select(GroupMember.user_id).join(GroupRole, _CARRIED)
    return union_all(own, carried.where(GroupRole.role == role))


def wants_second_factor(user_id: Any) -> ColumnElement[bool]:
    """Return the condition that a role of a user demands two factors."""
    own = exists().where(
        UserRole.user_id == user_id, UserRole.role == Role.name, Role.mfa_required
    )
    carried = exists().where(
        GroupMember.user_id == user_id,
        _CARRIED,
        GroupRole.role == Role.name,
        Role.mfa_required,
    )
    return or_(own, carried)
