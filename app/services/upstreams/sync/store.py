"""What a page of a directory says is stored, in few transactions (ADR-0105).

Locks come in the order of everything else: the connection, groups, accounts by id. Who
leaves a group may be the last administrator; that takes a lock of its own first, and so
it comes after, and what was seen of them is noted after that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.events.group import GroupMemberAdded
from app.events.upstream import UpstreamImported, UpstreamReturned
from app.events.user import UserRegistered
from app.models.access.group import Group
from app.models.upstream.connection import UpstreamIdentity
from app.models.user import User
from app.policies.permission import USER_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.account import apply_change
from app.services.accounts.change import new_user, touch
from app.services.accounts.unverified import mark_verified
from app.services.upstreams.account import kept_claims
from app.services.upstreams.follow import leave_groups
from app.services.upstreams.sync.judge import Follower, Plan
from app.services.upstreams.sync.state import Run
from app.typed_text import canonical_email

_AT_ONCE = 100  # people of a transaction
_MODE = "directory"  # how an account came to be, for the trail


async def store(run: Run, plan: Plan) -> None:
    """Do what is to be done about a page.

    Args:
        run: The reading.
        plan: What is to be done.

    Raises:
        SyncOver: The reading is not to go on.
    """
    if run.dry_run:
        _count(run, plan)
    else:
        for part in _parts(plan, _AT_ONCE):
            try:
                await _store(run, part)
            except IntegrityError:
                await _one_by_one(run, part)


def _count(run: Run, plan: Plan) -> None:
    counts = run.counts
    counts.made += len(plan.made)
    counts.linked += len(plan.linked)
    for each in plan.known:
        counts.returned += each.is_back
        counts.changed += each.was_seen and not each.is_back
        counts.unchanged += not (each.was_seen or each.is_back)


async def _one_by_one(run: Run, plan: Plan) -> None:
    """Store a page of which somebody came to be here in the same moment."""
    for one in _parts(plan, 1):
        try:
            await _store(run, one)
        except IntegrityError:
            run.counts.left_out["changed_meanwhile"] += 1


def _parts(plan: Plan, size: int) -> Iterator[Plan]:
    """Yield a plan in parts: memory, and locks, are for so many at a time."""
    for name in ("known", "linked", "made"):
        followers = getattr(plan, name)
        for at in range(0, len(followers), size):
            yield Plan(**{name: followers[at : at + size]})


async def _store(run: Run, plan: Plan) -> None:
    async with run.process.unit_of_work() as uow:
        connection = await run.held(uow)
        page = _Page(run, uow, connection.id)
        await page.lock(plan)
        for follower in plan.known:
            await page.follow(follower)
        for follower in plan.linked:
            page.link(follower)
        for follower in plan.made:
            page.make(follower)
        await page.finish()
    run.counts.made += page.made
    run.counts.linked += page.linked
    run.counts.changed += page.changed
    run.counts.unchanged += page.unchanged
    run.counts.returned += page.returned
    run.counts.left_out.update(page.left_out)
    seen = [
        page.late[user_id]
        for user_id, names in page.leaving.items()
        if await leave_groups(run.process, user_id, names) and user_id in page.late
    ]
    if seen:  # of whom else stays, nothing: they leave as soon as they can
        async with run.process.unit_of_work() as uow:
            await run.held(uow)
            await uow.upstream_entries.put(seen)


@dataclass(slots=True)
class _Page:
    """A transaction, and what it does; nothing of it counts before its commit."""

    run: Run
    uow: UnitOfWork
    connection_id: UUID
    made: int = 0
    linked: int = 0
    changed: int = 0
    unchanged: int = 0
    returned: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    leaving: dict[UUID, set[str]] = field(default_factory=dict)
    late: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    _now: datetime = field(init=False)
    _groups: Mapping[str, Group] = field(default_factory=dict)
    _users: Mapping[UUID, User] = field(default_factory=dict)
    _links: Mapping[UUID, Any] = field(default_factory=dict)
    _held: Mapping[UUID, set[str]] = field(default_factory=dict)
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _new: list[UUID] = field(default_factory=list)
    _identities: list[UpstreamIdentity] = field(default_factory=list)
    _joining: list[tuple[UUID, UUID]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the time of the page."""
        self._now = self.uow.clock.now()

    async def lock(self, plan: Plan) -> None:
        """Hold what changes: groups first, then accounts in the order of their ids."""
        ours = {*self.run.policy["follow"]["groups"]["groups"].values()}
        if ours:
            found = await self.uow.groups.by_names(ours, shared=True)
            self._groups = {group.name_key: group for group in found}
        theirs = [each.user_id for each in plan.followers if each.user_id]
        links = [each.link for each in plan.known if each.link]
        if theirs:
            self._users = await self.uow.users.locked(theirs)
        if links:
            self._links = await self.uow.upstream_entries.by_identities(links)
        if theirs and ours:
            self._held = await self.uow.groups.names_among(theirs, ours)

    async def follow(self, follower: Follower) -> None:
        """Take over what is told of somebody who is known; the rest is theirs."""
        assert follower.user_id is not None and follower.link is not None
        user, row = self._users.get(follower.user_id), self._links.get(follower.link)
        if user is None or row is None:
            self._leave_out("changed_meanwhile")
            return
        identity, entry = row
        if (
            identity.last_used_at is not None
            and identity.last_used_at >= self.run.read_at
        ):
            self._leave_out("signed_in_meanwhile")
            return
        before = user.version
        if follower.profile:
            await apply_change(self.uow, user, follower.profile, None)
        if identity.claims != (kept := kept_claims(follower.identity)):
            identity.claims = kept
        moves = self._regroup(follower, user.id)
        is_told = entry is None or entry.is_told
        self._note(follower, follower.link, is_told=is_told, is_late=moves < 0)
        if follower.is_back:
            self.returned += 1
            self._record(UpstreamReturned, user.id, follower.link)
        elif moves or user.version != before:
            self.changed += 1
        else:
            self.unchanged += 1

    def link(self, follower: Follower) -> None:
        """Have an account known in the directory from now on, as its address says.

        Only one that is still what was judged: its address confirmed, and the same.
        """
        user = self._users.get(follower.user_id) if follower.user_id else None
        is_same = user and user.email_canonical == canonical_email(follower.email)
        if user is None or not (is_same and user.email_verified):
            self._leave_out("changed_meanwhile")
            return
        self.linked += 1
        is_late = self._regroup(follower, user.id) < 0
        self._known_as(follower, user, "trusted_address", is_late=is_late)

    def make(self, follower: Follower) -> None:
        """Give somebody an account; they are told nothing until they come."""
        user = new_user(self.uow, follower.email)
        mark_verified(user)
        for column, value in follower.profile.items():
            setattr(user, column, value)
        touch(user, self.uow)
        self.uow.users.add(user)
        self._new.append(user.id)
        self.made += 1
        self.uow.record(UserRegistered(user_id=user.id, mode=_MODE))
        self._known_as(follower, user, "new_account")
        self._regroup(follower, user.id)

    async def finish(self) -> None:
        """Store the rest, many rows at once."""
        await self.uow.db.flush()  # accounts, to which the rest belongs
        for identity in self._identities:
            self.uow.upstream_identities.add(identity)
        await self.uow.db.flush()
        await self.uow.users.add_role_of_all(self._new, USER_ROLE)
        await self.uow.upstream_entries.put(self._rows)
        joined = await self.uow.groups.add_members(self._joining, self._now)
        by_id = {group.id: group for group in self._groups.values()}
        for group_id, user_id in self._joining:
            if (group_id, user_id) in joined:
                self.uow.record(
                    GroupMemberAdded(
                        user_id=user_id, group_id=group_id, group=by_id[group_id].name
                    )
                )

    def _known_as(
        self, follower: Follower, user: User, how: str, *, is_late: bool = False
    ) -> None:
        link = self.uow.randomness.uuid7()
        self._identities.append(
            UpstreamIdentity(
                id=link,
                connection_id=self.connection_id,
                subject=follower.identity.subject,
                user_id=user.id,
                claims=kept_claims(follower.identity),
                linked_at=self._now,
                last_used_at=None,
            )
        )
        self._note(follower, link, is_told=how == "new_account", is_late=is_late)
        self._record(UpstreamImported, user.id, link, how=how)
        self.run.see(link, is_let_in=True)

    def _regroup(self, follower: Follower, user_id: UUID) -> int:
        """Note which groups somebody joins and leaves; tell if any.

        Returns:
            More than 0 if they join some, less than 0 if they leave some.
        """
        wanted = {name.lower() for name in follower.groups} & self._groups.keys()
        held = {name.lower() for name in self._held.get(user_id, ())}
        for key in sorted(wanted - held):
            self._joining.append((self._groups[key].id, user_id))
        if leaves := held - wanted:
            self.leaving[user_id] = {self._groups[key].name for key in leaves}
            return -1
        return len(wanted - held)

    def _note(
        self, follower: Follower, link: UUID, *, is_told: bool, is_late: bool = False
    ) -> None:
        row = {
            "identity_id": link,
            "digest": follower.digest,
            "withdrawn_at": None,
            "is_told": is_told,
        }
        if (
            is_late and follower.user_id
        ):  # a process that dies in between has it done again
            self.late[follower.user_id] = row
            row = {**row, "digest": b""}
        self._rows.append(row)

    def _record(self, event: Any, user_id: UUID, link: UUID, **more: Any) -> None:
        name = self.run.way.name
        self.uow.record(
            event(user_id=user_id, connection=name, identity_id=link, **more)
        )

    def _leave_out(self, why: str) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + 1
