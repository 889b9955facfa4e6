"""How accounts are searched: by an id, a whole address, or a text inside of them.

A million accounts are too many to read for a text. PostgreSQL has an index of three
letters each where its extension ``pg_trgm`` may be used (migration 0009); elsewhere
every account is read.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.user import User

SEARCH_INDEX = "ix_users_search_text_trigrams"
_SHORT = 3  # characters; no index finds less in the middle of a word
_ENOUGH = 10  # characters
_INDEXED = re.compile(r"[^\W_]{3}")  # without any, the index is read as a whole
# How often a text comes decides between index and order: a plan for any will not do.
_PLAN_EACH = func.set_config("plan_cache_mode", "force_custom_plan", True)


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for.

    Attributes:
        text: Folded (``typed_text.searchable``).
        address: Its canonical form, if it may be a whole address.
        user_id: The id, if it is one.
    """

    text: str
    address: str | None = None
    user_id: UUID | None = None


async def found_by(db: AsyncSession, search: Search) -> ColumnElement[bool]:
    """Return the condition that accounts meet which a search finds."""
    exact = await _prepared(db, search)
    if exact is not None:
        return User.id == exact
    if db.get_bind().dialect.name == "postgresql":
        if (part := _telling(search.text)) != search.text:
            whole = func.strpos(User.search_text, search.text) > 0
            return User.search_text.contains(part, autoescape=True) & whole
    if len(search.text) >= _SHORT:
        return User.search_text.contains(search.text, autoescape=True)
    return or_(
        User.search_text.startswith(search.text, autoescape=True),
        User.search_text.contains(f" {search.text}", autoescape=True),
    )


def _telling(text: str) -> str:
    """Return what to ask the index of a text for: of a long one, a part.

    For each letter more it reads one more list, and long ones of what many share:
    domains and first names. What stands before an ``@``, or at the end, is what tells
    people apart.
    """
    end = text.find("@") + 1 or len(text)
    part = text[max(0, end - _ENOUGH) :][:_ENOUGH]
    return part if _INDEXED.search(part) else text


async def _prepared(db: AsyncSession, search: Search) -> UUID | None:
    """Return the account that was named and not described, by its unique index.

    The same statement has PostgreSQL plan the next one for this very text.
    """
    named = []
    if search.address is not None:
        named.append(User.email_canonical == search.address)
    if search.user_id is not None:
        named.append(User.id == search.user_id)
    asked: list[ColumnElement[Any]] = []
    if named:
        asked.append(select(User.id).where(or_(*named)).scalar_subquery())
    if db.get_bind().dialect.name == "postgresql":
        asked.append(_PLAN_EACH)
    if not asked:
        return None
    row = (await db.execute(select(*asked))).one()
    return row[0] if named else None
