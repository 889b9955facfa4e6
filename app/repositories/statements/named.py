"""SQL for what operators find by a few letters: all kinds of it in one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Select, String, cast, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.oauth.client import OAuthClient
from app.models.oauth.trusted_issuer import TrustedIssuer
from app.models.upstream.connection import Connection

NamedKind = Literal["client", "connection", "issuer"]


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has a name.

    Attributes:
        key: What its page is addressed by.
        hint: What tells it from others of the same name.
    """

    kind: NamedKind
    key: str
    name: str
    hint: str


async def find_named(
    db: AsyncSession, text: str, kinds: Collection[NamedKind], limit: int
) -> Sequence[Named]:
    """Return what has a text in its name or in what tells it from others.

    Args:
        db: The transaction.
        text: Of any case; nothing in it is a pattern.
        kinds: What to look among; without any, nothing is asked.
        limit: How many of each kind, the first by their hints.
    """
    order = [kind for kind in get_args(NamedKind) if kind in kinds]
    if not order:
        return []
    query = union_all(*(_first(kind, text, limit) for kind in order))
    found = [Named(*row) for row in await db.execute(query)]
    return sorted(found, key=lambda each: (order.index(each.kind), each.hint))


def _first(kind: NamedKind, text: str, limit: int) -> Select[Any]:
    client = OAuthClient.client_id
    columns: dict[NamedKind, tuple[Any, Any, Any]] = {
        "client": (client, OAuthClient.client_name, client),
        "connection": (Connection.id, Connection.display_name, Connection.name),
        "issuer": (TrustedIssuer.name, TrustedIssuer.name, TrustedIssuer.issuer),
    }
    key, name, hint = columns[kind]
    has_text = or_(*(each.icontains(text, autoescape=True) for each in (name, hint)))
    told = (
        literal(kind).label("kind"),
        cast(key, String).label("key"),
        name.label("name"),
        hint.label("hint"),
    )
    # As a table: SQLite takes no LIMIT within a UNION itself.
    return select(select(*told).where(has_text).order_by(hint).limit(limit).subquery())
