"""What is to be done about a page of a directory: judged, and nothing written.

By the rules of a first sign-in, but that nobody is there: where somebody would have to
prove something, or would get a mail to prove it by, they are left out until they come.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.models.upstream.sync import DIGEST
from app.services.upstreams.account import kept_claims
from app.services.upstreams.errors import UpstreamSignInRefused
from app.services.upstreams.follow import groups_wanted, profile_of
from app.services.upstreams.rule import address_of, demand_rule, is_vouched
from app.services.upstreams.sync.state import Run
from app.typed_text import canonical_email

if TYPE_CHECKING:
    from app.upstreams.directory.listing import Listed
    from app.upstreams.protocol import UpstreamIdentity


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody of whom something is to be stored.

    Attributes:
        email: The address that was told, where an account is made or found by it.
        link: Of the account that is known there already.
        user_id: Whose account it is; None for a new one.
        is_back: Whether they had been withdrawn.
        was_seen: Whether they were read before.
    """

    identity: "UpstreamIdentity"
    digest: bytes
    profile: Mapping[str, Any]
    groups: frozenset[str]
    email: str = ""
    link: UUID | None = None
    user_id: UUID | None = None
    is_back: bool = False
    was_seen: bool = False


@dataclass(slots=True)
class Plan:
    """What is to be done about a page.

    Attributes:
        known: Whose link is here, and of whom something may be another.
        linked: Whose account is here, and is theirs by its address.
        made: Who gets an account.
    """

    known: list[Follower] = field(default_factory=list)
    linked: list[Follower] = field(default_factory=list)
    made: list[Follower] = field(default_factory=list)

    @property
    def followers(self) -> list[Follower]:
        """Return everybody of whom something is to be stored."""
        return [*self.known, *self.linked, *self.made]


async def judge(run: Run, people: "Sequence[Listed]") -> Plan:
    """Return what is to be done about a page; what needs nothing is counted.

    By one statement, whoever is on it.
    """
    told = [each for each in people if each.identity is not None]
    subjects = {each.identity.subject for each in told if each.identity}
    emails = {
        canonical_email(email)
        for each in told
        if each.identity and (email := address_of(each.identity))
    }
    async with run.process.unit_of_work(read_only=True) as uow:
        known, holders = await uow.upstream_entries.known(
            run.way.id, sorted(subjects), sorted(emails)
        )
    judging = _Judging(run, known, holders)
    for person in people:
        judging.judge(person)
    return judging.plan


@dataclass(slots=True)
class _Judging:
    """A page, and what is here of it."""

    run: Run
    known: Mapping[str, Any]
    holders: Mapping[str, Any]
    plan: Plan = field(default_factory=Plan)
    _subjects: set[str] = field(default_factory=set)
    _emails: set[str] = field(default_factory=set)

    def judge(self, person: "Listed") -> None:
        """Note what is to be done about somebody, or why nothing is."""
        identity, counts = person.identity, self.run.counts
        counts.entries += 1
        if identity is None:
            counts.left_out["no_identifier"] += 1
        elif identity.subject in self._subjects:
            counts.left_out["told_twice"] += 1  # it was moved while it was read
        else:
            self._subjects.add(identity.subject)
            row = self.known.get(identity.subject)
            if row is not None:
                self._known(row, person, identity)
            elif (why := self._new(person, identity)) is not None:
                counts.left_out[why] += 1

    def _known(self, row: Any, person: "Listed", identity: "UpstreamIdentity") -> None:
        used, gone = row.last_used_at, row.withdrawn_at
        is_gone = gone is not None
        is_let_in = not is_gone or (used is not None and used >= gone)
        is_off = not person.is_active
        self.run.see(row.identity_id, is_let_in=is_let_in, is_disabled=is_off)
        if is_off:  # withdrawn when it is known how many are
            self.run.counts.unchanged += not is_let_in
            return
        follower = self._follower(
            identity,
            link=row.identity_id,
            user_id=row.user_id,
            is_back=is_gone,
            was_seen=row.digest is not None,
        )
        if row.digest == follower.digest and not is_gone:
            self.run.counts.unchanged += 1
        else:
            self.plan.known.append(follower)

    def _new(self, person: "Listed", identity: "UpstreamIdentity") -> str | None:
        """Note who gets an account, or is known by one; return why nobody is."""
        if not person.is_active:
            return "not_active"
        email = address_of(identity)
        if email is None:
            return "no_address"
        canonical, policy = canonical_email(email), self.run.policy
        believed, holder = is_vouched(policy, identity, email), self.holders.get(
            canonical
        )
        if holder is not None:
            if not believed or not holder.is_verified:
                return "needs_proof"
            if holder.identity_id is not None or self._is_taken(canonical):
                return "address_shared"
            found = self._follower(identity, email=email, user_id=holder.user_id)
            self.plan.linked.append(found)
            return None
        try:
            demand_rule(self.run.process, policy, identity, email)
        except UpstreamSignInRefused as refusal:
            return refusal.reason
        if not believed:
            return "unproven_address"
        if self._is_taken(canonical):
            return "address_shared"
        self.plan.made.append(self._follower(identity, email=email))
        return None

    def _is_taken(self, canonical: str) -> bool:
        """Tell whether somebody else of this reading has an address, and note it."""
        if canonical in self._emails:
            return True
        self._emails.add(canonical)
        if not self.run.dry_run:
            return False  # whom earlier pages told of has an account by now
        key = int.from_bytes(_digest(canonical), "big")
        is_taken = bool(self.run.addresses.get(key))
        self.run.addresses.set(key, 1)
        return is_taken

    def _follower(self, identity: "UpstreamIdentity", **more: Any) -> Follower:
        policy = self.run.policy
        profile = profile_of(policy, identity.claims)
        groups = groups_wanted(policy, identity.claims)
        ours = sorted({*policy["follow"]["groups"]["groups"].values()})
        seen = [kept_claims(identity), profile, sorted(groups), ours]
        return Follower(
            identity,
            _digest(json.dumps(seen, sort_keys=True)),
            profile,
            frozenset(groups),
            **more,
        )


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=DIGEST).digest()
