"""Bodies of ``/api/v1/connections``, and of their domains."""

from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from app.models.upstream.connection import CHECK_EVERY
from app.models.upstream.realm_domain import MAX_DOMAIN
from app.models.upstream.sync import MISSING_PERCENT, SYNC_EVERY
from app.schemas.base import Input, Instant, Output
from app.schemas.user import MAX_GROUPS, GroupName
from app.typed_text import shown_text, wire_domain

MIN_CHECK = 300  # seconds
NAME = r"^[a-z][a-z0-9-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Word = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
DisplayName = Annotated[
    str, Field(min_length=1, max_length=100), AfterValidator(shown_text)
]
AccountRule = Literal["closed", "invited", "domain", "anybody"]
ProfileField = Literal["name", "given_name", "family_name", "locale", "zoneinfo"]


def domain(text: str) -> str:
    """Return a domain as DNS knows it.

    Raises:
        ValueError: There can be none, or it is one of a country or a registry.
    """
    wire = wire_domain(text)
    if "." not in wire:
        raise ValueError("the part after the @ is no domain")
    return wire


Domain = Annotated[StrictStr, Field(max_length=253), AfterValidator(domain)]
Domains = Annotated[list[Domain], Field(max_length=200)]


def _seldom(seconds: int) -> int:
    if 0 < seconds < MIN_CHECK:
        raise ValueError(f"is 0, or at least {MIN_CHECK} seconds")
    return seconds


CheckEvery = Annotated[StrictInt, Field(ge=0, le=2_592_000), AfterValidator(_seldom)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]


class GroupMap(Input):
    """Which groups follow a claim, a list of texts or one: by value, the group here.

    At each sign-in people are put into those, and taken out of them. Other groups are
    left alone.
    """

    claim: Word = "groups"
    groups: Annotated[dict[Word, GroupName], Field(max_length=MAX_GROUPS)] = {}


class Follow(Input):
    """What is taken over from the other side at each sign-in.

    ``profile``: by field of the account, the claim that it follows; a claim that is
    not told leaves the field as it is.
    """

    profile: dict[ProfileField, Word] = {
        "name": "name",
        "given_name": "given_name",
        "family_name": "family_name",
    }
    groups: GroupMap = GroupMap()


class ConnectionChange(Input):
    """What changes; an absent field stays.

    ``settings`` are those of the kind, all of them; a secret that is absent stays, and
    null takes it away. ``account_rule``: who gets an account by coming. ``closed``:
    nobody; ``invited``: who was invited here; ``domain``: who has an address of
    ``account_domains``; ``anybody``. ``trusted_domains``: whose addresses are believed
    where the other side says that they are verified; only these link to an account
    that is here already. ``trusts_factors``: whether its word that two factors were
    proven counts. ``local_passwords``: whether people of its domains may sign in with
    a password of here too. ``check_every``: after how many seconds the other side is
    asked anew about who came, as far as it gave a token for that; 0 is never, and
    some kinds want to be asked less often than others. ``signs_out``: whether who
    signs out here is led there to sign out as well, where the other side can.
    ``sync_every``: after how many seconds a directory is read as a whole; 0 is never.
    ``sync_missing_percent``: how many of those who are linked may be missing or
    disabled there at once and be withdrawn; if more are, nobody is until somebody
    confirms it.
    """

    display_name: DisplayName | None = None
    enabled: StrictBool | None = None
    settings: dict[str, Any] | None = None
    account_rule: AccountRule | None = None
    account_domains: Domains | None = None
    trusted_domains: Domains | None = None
    trusts_factors: StrictBool | None = None
    local_passwords: StrictBool | None = None
    follow: Follow | None = None
    check_every: CheckEvery | None = None
    signs_out: StrictBool | None = None
    sync_every: CheckEvery | None = None
    sync_missing_percent: Percent | None = None

    def change(self) -> dict[str, Any]:
        """Return what was sent, with the rest of what it has to have."""
        sent = self.model_dump(mode="json")
        return {
            name: sent[name] for name in self.model_fields_set if sent[name] is not None
        }


class ConnectionCreate(Input):
    """A new connection; its name and its kind stay.

    ``check_every``: an hour, or what its kind wants at least.
    """

    name: Name
    kind: Kind
    display_name: DisplayName
    settings: dict[str, Any] = {}
    enabled: StrictBool = True
    account_rule: AccountRule = "closed"
    account_domains: Domains = []
    trusted_domains: Domains = []
    trusts_factors: StrictBool = False
    local_passwords: StrictBool = False
    follow: Follow = Follow()
    check_every: CheckEvery | None = None
    signs_out: StrictBool = False
    sync_every: CheckEvery = SYNC_EVERY
    sync_missing_percent: Percent = MISSING_PERCENT


class ShownGroupMap(Output):
    """Which groups follow a claim."""

    claim: str
    groups: dict[str, str]


class ShownFollow(Output):
    """What is taken over from the other side at each sign-in."""

    profile: dict[str, str]
    groups: ShownGroupMap


class Connection(Output):
    """Where people may come from who are known elsewhere.

    ``secrets``: which secret settings there are. ``redirect_uri``: what the other side
    has to be told. ``signed_out_uri``: likewise, where ``signs_out``.
    """

    id: UUID
    name: str
    kind: str
    display_name: str
    enabled: bool
    settings: dict[str, Any]
    secrets: list[str]
    account_rule: AccountRule
    account_domains: list[str]
    trusted_domains: list[str]
    trusts_factors: bool
    local_passwords: bool = False
    follow: ShownFollow
    check_every: int = CHECK_EVERY
    signs_out: bool = False
    sync_every: int = SYNC_EVERY
    sync_missing_percent: int = MISSING_PERCENT
    redirect_uri: str
    signed_out_uri: str
    created_at: Instant
    updated_at: Instant


class AccountLink(Output):
    """Who the owner of an account is elsewhere.

    ``enabled``: whether anybody comes by the connection now. ``subject``: what the
    other side calls them for ever. ``who``: what people know them by there.
    ``last_used_at``: null is not yet.
    """

    id: UUID
    connection: str
    display_name: str
    enabled: bool
    subject: str
    who: str
    linked_at: Instant
    last_used_at: Instant | None


class ConnectionStep(Output):
    """One thing that a test did, and what it saw."""

    name: str
    ok: bool
    saw: str


class ConnectionTest(Output):
    """A test of a connection, step by step, up to a first fault."""

    ok: bool
    steps: list[ConnectionStep]


class ConnectionSyncRequest(Input):
    """How a directory is to be read.

    ``dry_run``: nothing is stored but what would have been. ``accept_missing``: linked
    people who are missing or disabled are withdrawn, however many, and whatever
    changed.
    """

    dry_run: StrictBool = False
    accept_missing: StrictBool = False


SyncReason = Literal[
    "too_many",
    "settings_changed",
    "cut_off",
    "empty",
    "connection_changed",
    "too_long",
    "directory",
    "internal",
]
SyncVia = Literal["schedule", "api", "console", "command"]
SyncOutcome = Literal["complete", "empty", "cut_off", "changed", "failed"]
SYNC_WORDS = {
    "reason": (get_args(SyncReason), None),
    "requested_via": (get_args(SyncVia), None),
    "outcome": (get_args(SyncOutcome), "failed"),
}
"""Which words there are, and what stands for one that a later release wrote."""


class ConnectionSync(Output):
    """A reading of a directory: waiting, under way, or over.

    ``outcome``: null until it is over; ``complete``, ``empty`` or ``cut_off`` (nobody
    is withdrawn), ``changed`` (the connection, meanwhile) or ``failed``; ``reason`` and
    ``detail``: why, or why people were kept, for programs and for operators; null and
    empty where nothing is to be told. ``requested_via``, ``requested_by``: who asked,
    and by which account; a command has none. ``reason`` and ``requested_via`` are null
    for readings of an older release. ``entries``: who was read.
    ``made``, ``linked``, ``changed``, ``unchanged``, ``returned``, ``withdrawn``:
    accounts. ``missing``: linked people who are not there; ``disabled``: who is, and
    may not be used there; ``kept``: how many of both were not withdrawn. ``left_out``:
    entries without an account, by why.
    """

    id: UUID
    dry_run: bool
    accept_missing: bool
    is_scheduled: bool
    requested_via: SyncVia | None = None
    requested_by: UUID | None = None
    requested_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    outcome: SyncOutcome | None
    reason: SyncReason | None = None
    detail: str
    entries: int
    made: int
    linked: int
    changed: int
    unchanged: int
    returned: int
    withdrawn: int
    missing: int
    disabled: int = 0
    kept: int
    left_out: dict[str, int]


LedDomain = Annotated[StrictStr, Field(max_length=MAX_DOMAIN), AfterValidator(domain)]
Proof = Literal["dns", "administrator"]


class RealmDomainCreate(Input):
    """A domain whose people a connection leads, once it is verified.

    ``verified``: by the word of whoever makes it; else its record in DNS is looked for.
    """

    domain: LedDomain
    verified: StrictBool = False


class RealmDomainProof(Input):
    """What a domain is verified by: its record, or the word of whoever asks."""

    by: Proof = "dns"


class RealmDomain(Output):
    """A domain of addresses.

    ``record_name`` and ``record_value``: the TXT record that verifies it.
    ``verified_at``: since when its people are led; null is not yet. ``missing_since``:
    when the record was found to be gone; its people are led all the same.
    """

    id: UUID
    domain: str
    record_name: str
    record_value: str
    verified_at: Instant | None
    verified_by: Proof | None
    checked_at: Instant | None
    missing_since: Instant | None
    created_at: Instant
