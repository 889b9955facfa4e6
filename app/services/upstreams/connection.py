"""Connections to identity elsewhere, as administrators manage them (ADR-0101)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import FieldError, Unprocessable
from app.events.upstream import (
    ConnectionCreated,
    ConnectionDeleted,
    ConnectionTested,
    ConnectionUpdated,
)
from app.models.upstream.connection import (
    CHECK_EVERY,
    MAX_CONNECTIONS,
    Connection,
)
from app.models.upstream.sync import MISSING_PERCENT, SYNC_EVERY
from app.policies.permission import Actor
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.connection import Connection as Shown
from app.schemas.connection import ConnectionStep, ConnectionTest
from app.services.accounts.change import demand_grantable
from app.services.process.precondition import demand_version
from app.services.process.process import Process
from app.services.upstreams.configuration import (
    connector_of,
    judged_settings,
    kind_named,
    known_secrets,
    redirect_uri,
    sealed,
    settings_before,
    signed_out_uri,
    split,
)
from app.services.upstreams.errors import (
    ConnectionExists,
    ConnectionNotFound,
    TooManyConnections,
)
from app.services.upstreams.withdrawal import DELETED, DISABLED, end_of_connection

_COLUMNS = ("display_name", "enabled")
_POLICY = (
    *("account_rule", "account_domains", "trusted_domains", "trusts_factors"),
    *("follow", "local_passwords", "check_every", "signs_out"),
    *("sync_every", "sync_missing_percent"),
)
Members = Mapping[str, Any]


class ConnectionService:
    """What users with ``connections:read`` and ``connections:write`` may do.

    Whoever may write lets others say who people are, and so sign in as anybody whose
    address they trust them with.
    """

    def __init__(
        self, uow: UnitOfWork, process: Process, forget: Callable[[], None]
    ) -> None:
        """Work in this transaction; ``forget`` empties what this process remembers."""
        self._uow = uow
        self._process = process
        self._forget = forget

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Connection]:
        """Return a page of connections by name."""
        return await self._uow.connections.list_page(after=after, limit=limit)

    async def get(self, connection_id: UUID, *, lock: bool = False) -> Connection:
        """Return a connection, on or off.

        Raises:
            ConnectionNotFound: There is none.
        """
        row = await self._uow.connections.by_id(connection_id, lock=lock)
        if row is None:
            raise ConnectionNotFound
        return row

    async def with_people(self, connection_id: UUID) -> tuple[Connection, int]:
        """Return a connection, and how many people are known by it.

        Raises:
            ConnectionNotFound: There is none.
        """
        found = await self._uow.connections.with_people(connection_id)
        if found is None:
            raise ConnectionNotFound
        return found

    async def linked(self, rows: Sequence[Connection]) -> Mapping[UUID, int]:
        """Return how many people are known by each; who knows nobody is left out."""
        return await self._uow.upstream_identities.counts_of([row.id for row in rows])

    async def named(self, name: str) -> Connection:
        """Return a connection, on or off.

        Raises:
            ConnectionNotFound: There is none.
        """
        row = await self._uow.connections.by_name(name)
        if row is None:
            raise ConnectionNotFound
        return row

    async def create(self, actor: Actor, name: str, members: Members) -> Connection:
        """Let people come from another service.

        Args:
            actor: Who asks.
            name: Part of the address that the other side answers to.
            members: The other fields of ``ConnectionCreate``, all of them.

        Raises:
            ConnectionExists: The name is in use.
            Forbidden: A group that follows carries more than the actor may.
            TooManyConnections: There are as many as a process holds.
            Unprocessable: It could not work, or a group does not exist.
        """
        if await self._uow.connections.count() >= MAX_CONNECTIONS:
            raise TooManyConnections
        given = {name: members[name] for name in _POLICY if members[name] is not None}
        policy = {**_defaults(members["kind"]), **given}
        _check_pace(members["kind"], given)
        await self._check_groups(actor, {}, policy)
        now, row_id = self._uow.clock.now(), self._uow.randomness.uuid7()
        shown, secrets = split(
            judged_settings(self._process, members["kind"], members["settings"])
        )
        row = self._uow.connections.add(
            Connection(
                id=row_id,
                name=name,
                kind=members["kind"],
                display_name=members["display_name"],
                enabled=members["enabled"],
                settings=shown,
                sealed_secrets=sealed(self._process, row_id, secrets),
                policy=policy,
                version=1,
                created_at=now,
                updated_at=now,
            )
        )
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise ConnectionExists from error
        self._uow.record(ConnectionCreated(connection=name, kind=row.kind))
        self._uow.after_commit(self._forget)
        return row

    async def update(
        self,
        actor: Actor,
        connection_id: UUID,
        change: Members,
        versions: Collection[str] | None,
    ) -> Connection:
        """Change a connection.

        Raises:
            ConnectionNotFound: There is none.
            Forbidden: A group that follows carries more than the actor may.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: It could not work, or a group does not exist.
        """
        row = await self.get(connection_id, lock=True)
        demand_version(row.version, versions)
        stored = {**_defaults(row.kind), **row.policy}
        _check_pace(row.kind, change)
        policy = {**stored, **{n: change[n] for n in _POLICY if n in change}}
        # Whoever says who is asked, says who is in the groups that follow the answer.
        before = {} if "settings" in change else row.policy
        await self._check_groups(actor, before, policy)
        changed = [n for n in _COLUMNS if n in change and getattr(row, n) != change[n]]
        changed += [n for n in _POLICY if policy.get(n) != stored.get(n)]
        for name in _COLUMNS:
            if name in changed:
                setattr(row, name, change[name])
        if "settings" in change and await self._set_settings(row, change["settings"]):
            changed.append("settings")
        row.policy = policy
        if "enabled" in changed and not row.enabled:
            await end_of_connection(self._uow, row.id, DISABLED)
        if changed:
            row.version += 1
            row.updated_at = self._uow.clock.now()
            fields = tuple(sorted(changed))
            self._uow.record(ConnectionUpdated(connection=row.name, fields=fields))
            self._uow.after_commit(self._forget)
        return row

    async def _set_settings(self, row: Connection, given: Members) -> bool:
        """Set them, but for secrets that are not given; tell if they are others."""
        known = known_secrets(self._process, row)
        before = known or {}
        merged = {**before, **given}
        wanted = {name: value for name, value in merged.items() if value is not None}
        settings = judged_settings(self._process, row.kind, wanted)
        shown, secrets = split(settings)
        if (shown, secrets) == (row.settings, known):
            return False
        stored = settings_before(row)
        if stored is None or settings.called() != stored.called():
            self._check_secrets(before.keys() - given.keys())
        if stored is None or settings.named_by() != stored.named_by():
            await self._check_links(row)
        row.settings = shown
        row.sealed_secrets = sealed(self._process, row.id, secrets)
        return True

    def _check_secrets(self, kept: Collection[str]) -> None:
        """Refuse to send elsewhere a secret that whoever changes this may not know.

        Raises:
            Unprocessable: It has to be given again.
        """
        message = "has to be given again: it would be sent to another address"
        fields = [f"settings.{name}" for name in sorted(kept)]
        if fields:
            raise Unprocessable(
                [FieldError(each, "missing", message) for each in fields]
            )

    async def _check_links(self, row: Connection) -> None:
        """Refuse to have another server say who the people are that are linked.

        What one server calls ``1`` is somebody else at the next.

        Raises:
            Unprocessable: Somebody is linked.
        """
        if await self._uow.upstream_identities.count_of(row.id):
            message = "are of people whom another server knows; make a new connection"
            raise Unprocessable.of("settings", "has_links", message)

    async def delete(
        self, connection_id: UUID, versions: Collection[str] | None
    ) -> None:
        """Delete a connection; nobody is known by it any more, or signed in.

        Raises:
            ConnectionNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
        """
        row = await self.get(connection_id, lock=True)
        demand_version(row.version, versions)
        identities = await self._uow.upstream_identities.count_of(row.id)
        await end_of_connection(self._uow, row.id, DELETED)
        await self._uow.connections.delete(row)
        self._uow.record(ConnectionDeleted(connection=row.name, identities=identities))
        self._uow.after_commit(self._forget)

    async def test(self, connection_id: UUID) -> ConnectionTest:
        """Look whether a connection would work, on or off, step by step.

        No connection to the database is held while the other side is asked.

        Raises:
            ConnectionNotFound: There is none.
            Unprocessable: This release wants other settings.
        """
        row = await self.get(connection_id)
        connector, name = connector_of(self._process, row), row.name
        await self._uow.db.rollback()
        steps = [
            ConnectionStep(name=each.name, ok=each.ok, saw=each.saw)
            for each in await connector.test()
        ]
        told = ConnectionTest(ok=all(each.ok for each in steps), steps=steps)
        self._uow.record(ConnectionTested(connection=name, ok=told.ok))
        return told

    async def _check_groups(
        self, actor: Actor, before: Members, after: Members
    ) -> None:
        """Refuse groups that are none, or that give more than the actor may give."""
        if before and before["follow"]["groups"] == after["follow"]["groups"]:
            return
        wanted = {*after["follow"]["groups"]["groups"].values()}
        groups = await self._uow.groups.by_names(wanted)
        missing = sorted(wanted - {group.name for group in groups})
        if missing:
            message = f"has {missing[0]}, which is no group here"
            field = "follow.groups.groups"
            raise Unprocessable([FieldError(field, "unknown_group", message)])
        roles = await self._uow.groups.roles_of([group.id for group in groups])
        carried = {role for names in roles.values() for role in names}
        await demand_grantable(self._uow, actor, carried)

    def shown(self, row: Connection) -> Shown:
        """Return a connection as API and commands show it: without secrets."""
        own = (name for name in Shown.model_fields if hasattr(row, name))
        members = {name: getattr(row, name) for name in own}
        members |= _defaults(row.kind) | row.policy
        members["secrets"] = sorted(known_secrets(self._process, row) or ())
        members["redirect_uri"] = redirect_uri(self._process, row.name)
        members["signed_out_uri"] = signed_out_uri(self._process, row.name)
        return Shown.model_validate(members)


def _defaults(kind: str) -> dict[str, Any]:
    """Return what connections have of which it was never said."""
    return {
        "check_every": max(CHECK_EVERY, _pace(kind)),
        "signs_out": False,
        "sync_every": SYNC_EVERY,
        "sync_missing_percent": MISSING_PERCENT,
    }


def _check_pace(kind: str, given: Members) -> None:
    """Refuse to ask more often than the kind wants to be asked.

    Raises:
        Unprocessable: It would be.
    """
    found = kind_named(kind)
    if given.get("sync_every") and not (found and found.asks_password):
        message = "is for directories: nobody else can be read as a whole"
        raise Unprocessable.of("sync_every", "not_a_directory", message)
    pace = _pace(kind)
    if 0 < (given.get("check_every") or 0) < pace:
        message = f"is 0, or at least {pace} seconds for this kind"
        raise Unprocessable.of("check_every", "too_often", message)


def _pace(kind: str) -> int:
    found = kind_named(kind)
    return found.asks_at_least if found else 0
