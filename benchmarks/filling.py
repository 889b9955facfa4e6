"""Accounts, sessions and evidence by the million, made by PostgreSQL itself."""

from dataclasses import dataclass

import asyncpg

_FIRST = "Anna Bjoern Carla Dmitri Elif Fatima Georg Hanna Ivan Liam Maria Noah"
_LAST = "Smith Garcia Ivanov Kim Tanaka Nguyen Rossi Dubois Kowalski Silva Yilmaz Chen"
# UUIDv7 of a second each, as of years of use; a salt keeps tables apart.
_ID = (
    """
CREATE FUNCTION pg_temp.id_of(salt text, i bigint, milliseconds bigint) RETURNS uuid
IMMUTABLE LANGUAGE sql AS $$ SELECT (lpad(to_hex(milliseconds), 12, '0') || '7'
  || substr(md5(salt || i::text), 1, 3) || '8'
  || substr(md5(salt || i::text), 4, 15))::uuid $$
""",
    """
CREATE FUNCTION pg_temp.filled_id(salt text, i bigint) RETURNS uuid IMMUTABLE
LANGUAGE sql AS $$ SELECT pg_temp.id_of(salt, i, 1700000000000 + i * 1000) $$
""",
)
_USERS = f"""
INSERT INTO users (id, email, email_canonical, email_verified, password_hash, name,
  search_text, status, version, created_at, updated_at)
SELECT pg_temp.filled_id('u', i), address, address, true,
  '$argon2id$v=19$m=19456,t=2,p=1$' || left(md5(i::text), 22) || '$' || md5('x' || i)
  || left(md5('y' || i), 11),
  person, address || ' ' || lower(person), 'active', 1, now(), now()
FROM (SELECT i, person, lower(replace(person, ' ', '.')) || i || '@'
    || (ARRAY['mail', 'corp', 'uni', 'shop'])[1 + i % 4] || '.example' AS address
  FROM (SELECT i, first[1 + (hashint8(i) & 1023) % cardinality(first)] || ' '
      || last[1 + (hashint8(-i) & 1023) % cardinality(last)]
      || left(md5('z' || i), 3) AS person
    FROM generate_series(1::bigint, $1::bigint) i,
      (SELECT string_to_array('{_FIRST}', ' ') AS first,
        string_to_array('{_LAST}', ' ') AS last) AS names) AS people) AS addresses
"""  # noqa: S608 (the names above, and nothing from outside)
_SESSIONS = """
INSERT INTO sessions (id, user_id, counter, amr, ip, network, user_agent, created_at,
  authenticated_at, refreshed_at, expires_at, absolute_expires_at)
SELECT pg_temp.filled_id('s', i), pg_temp.filled_id('u', i), 1, '["pwd"]',
  '198.51.100.7', '198.51.100.7', 'Mozilla/5.0 (X11; Linux x86_64)', now(), now(),
  now(), now() + interval '7 days', now() + interval '30 days'
FROM generate_series(1::bigint, $1::bigint) i
"""
# One in a thousand is past its time, for the janitor, and one in a million is rare. The
# time of each is that of its id.
_AUDIT = """
INSERT INTO audit_events (id, name, user_id, actor_id, correlation_id, ip, user_agent,
  data, created_at)
SELECT pg_temp.id_of('a', i, (extract(epoch FROM at) * 1000)::bigint),
  CASE WHEN i % 1000000 = 2000 THEN 'user.deleted' ELSE
  (ARRAY['sign_in.succeeded', 'sign_in.succeeded', 'sign_in.succeeded',
    'sign_in.failed', 'session.ended', 'oauth.consent_given'])[1 + i % 6] END,
  who, CASE WHEN i % 6 <> 3 THEN who END, md5('c' || i), '198.51.100.7',
  'Mozilla/5.0 (X11; Linux x86_64)',
  CASE WHEN i % 6 = 5 THEN '{"client_id": "shop"}' ELSE '{"method": "password"}' END
    ::json, at
FROM (SELECT i, pg_temp.filled_id('u', 1 + (i * 7919) % $2::bigint) AS who,
    now() - CASE WHEN i <= $1 / 1000 THEN interval '20 years' ELSE interval '0' END
      - ($1 - i) * interval '1 second' AS at
  FROM generate_series(1::bigint, $1::bigint) i) AS happened
"""
_SIZE = "SELECT pg_total_relation_size($1::text::regclass)"


@dataclass(frozen=True)
class Filled:
    """How many rows of a table were made, and what each of them takes on disk."""

    table: str
    rows: int
    bytes_each: float


async def fill(database_url: str, scale: float) -> list[Filled]:
    """Fill the tables that grow; with 1, by a million accounts."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            return await _fill_all(connection, int(1_000_000 * scale))


async def _fill_all(connection: asyncpg.Connection, users: int) -> list[Filled]:
    await connection.execute("SET synchronous_commit = off")
    for function in _ID:
        await connection.execute(function)
    filled = [
        await _fill(connection, "users", _USERS, users),
        await _fill(connection, "sessions", _SESSIONS, users),
        await _fill(connection, "audit_events", _AUDIT, users * 10, users),
    ]
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    return filled


async def _fill(
    connection: asyncpg.Connection, table: str, statement: str, *numbers: int
) -> Filled:
    before = await connection.fetchval(_SIZE, table)
    await connection.execute("SET statement_timeout = 0")
    await connection.execute(f"VACUUM {table}")
    await connection.fetch(statement, *numbers, timeout=None)
    after = await connection.fetchval(_SIZE, table)
    return Filled(table, numbers[0], (after - before) / numbers[0])
