"""Recompute the keys of addresses, and let unverified accounts end.

Expand: the previous release runs beside it. What it stores meanwhile in its own form
the janitor of this one puts right. Addresses in ASCII, which are nearly all, have the
same key in both. Nothing is merged and nothing deleted: of two accounts that have one
key now, the verified one keeps it, then the older one; the other is kept under a key
that nobody can type, and ``python -m app.cli user collisions`` lists it (ADR-0018).
"""

import logging
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

# Not a copy: the newest form is the right one whenever this runs.
from app.typed_text import PARKED, canonical_email, search_text_of

revision = "0005"
down_revision = "0004"

_BATCH = 1_000
_GRACE = timedelta(days=30)
_log = logging.getLogger("auth_serve.migration")
_users = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String()),
    sa.column("email_canonical", sa.String()),
    sa.column("email_verified", sa.Boolean()),
    sa.column("name", sa.String()),
    sa.column("given_name", sa.String()),
    sa.column("family_name", sa.String()),
    sa.column("search_text", sa.Text()),
    sa.column("unverified_until", sa.DateTime(timezone=True)),
)
_audit = sa.table(
    "audit_events", sa.column("user_id", sa.Uuid()), sa.column("name", sa.String())
)


def upgrade() -> None:
    """Add the column, recompute keys and search texts, and report collisions."""
    instant = sa.DateTime(timezone=True)
    op.add_column("users", sa.Column("unverified_until", instant, nullable=True))
    op.create_index("ix_users_unverified_until", "users", ["unverified_until"])
    _give_a_last_day()
    _recompute(canonical_email, search_text_of)


def downgrade() -> None:
    """Give every address the key of the previous release; collisions as above."""
    _recompute(_previous_form, _previous_search_text)
    op.drop_index("ix_users_unverified_until", "users")
    op.drop_column("users", "unverified_until")


def _give_a_last_day() -> None:
    """Let accounts end that people made for themselves and never confirmed.

    Whether they did is in the audit trail; those of administrators and imports stay.
    """
    bind = op.get_bind()
    end = bind.execute(sa.select(sa.func.now())).scalar_one() + _GRACE
    if bind.dialect.name == "sqlite":
        end = end.replace(tzinfo=None)
    registered = sa.exists().where(
        _audit.c.user_id == _users.c.id, _audit.c.name == "user.registered"
    )
    query = sa.update(_users).where(sa.not_(_users.c.email_verified), registered)
    bind.execute(query.values(unverified_until=end))


def _recompute(
    canonical: Callable[[str], str], search_text: Callable[[Any], str]
) -> None:
    moved = []
    for rows in _batches():
        texts = [
            {"this": row.id, "text": text}
            for row in rows
            if (text := search_text(row)) != row.search_text
        ]
        _execute_many(_users.c.search_text, "text", texts)
        moved += [row for row in rows if canonical(row.email) != row.email_canonical]
    _move(moved, canonical)


def _batches() -> Iterable[Sequence[Any]]:
    after = None
    columns = [column for column in _users.c if column.name != "unverified_until"]
    while True:
        query = sa.select(*columns).order_by(_users.c.id).limit(_BATCH)
        if after is not None:
            query = query.where(_users.c.id > after)
        rows = op.get_bind().execute(query).all()
        yield rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].id


def _execute_many(column: Any, name: str, values: list[dict[str, Any]]) -> None:
    query = sa.update(_users).where(_users.c.id == sa.bindparam("this"))
    if values:
        op.get_bind().execute(query.values({column: sa.bindparam(name)}), values)


def _move(moved: Sequence[Any], canonical: Callable[[str], str]) -> None:
    """Give accounts their new keys, once all have lost the old ones."""
    claims: dict[str, list[Any]] = {}
    for row in moved:
        claims.setdefault(canonical(row.email), []).append(row)
    _park(moved)
    for key, rows in claims.items():
        held = sa.select(_users).where(_users.c.email_canonical == key)
        rivals = [*op.get_bind().execute(held).all(), *rows]
        first, *others = sorted(
            rivals, key=lambda row: (not row.email_verified, row.id)
        )
        _park(others)
        _execute_many(_users.c.email_canonical, "key", [{"this": first.id, "key": key}])
        for other in others:
            _log.warning(
                "account %s has the address of account %s and cannot sign in by it; "
                "see: python -m app.cli user collisions",
                other.id,
                first.id,
            )


def _park(rows: Iterable[Any]) -> None:
    parked = [{"this": row.id, "key": f"{PARKED}{row.id}"} for row in rows]
    _execute_many(_users.c.email_canonical, "key", parked)


def _previous_form(email: str) -> str:
    local, _, domain = email.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        pass
    return f"{_previous_fold(local)}@{_previous_fold(domain)}".strip()


def _previous_search_text(row: Any) -> str:
    return _previous_fold(f"{_previous_form(row.email)} {row.name or ''}")


def _previous_fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()
