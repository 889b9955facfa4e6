"""What every connection to identity elsewhere does, of whatever kind it is.

Nothing here stores, and nobody here decides who may come in. A connector leads a person
to whoever knows them and back, or asks a directory about a password, and says who they
are there. Identity is the connection and the subject; an address is only told.

A kind is one file in ``kinds`` and one line in its ``__init__.py``. What it needs of an
operator is its ``settings``; what it makes of them is a connector, which keeps what it
learns of the other side (metadata, keys), so callers keep it as long as its settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, get_args

from pydantic import SecretStr

from app.core.clock import Clock
from app.core.outbound import OutboundClient
from app.core.randomness import Randomness
from app.schemas.base import Input

if TYPE_CHECKING:
    from app.upstreams.password import PasswordConnector


class Reason(StrEnum):
    """Why nobody is signed in: all that there is, for the audit trail."""

    CANCELLED = "cancelled"  # the person, or the provider in their name, said no
    PROVIDER_ERROR = "provider_error"  # it answered by an error of its protocol
    UNREACHABLE = "unreachable"  # no answer, in no time, by 5xx, or its breaker is open
    OVERSIZED = "oversized"  # more than anybody honest sends
    MALFORMED = "malformed"  # an answer that cannot be read
    METADATA = "metadata"  # its metadata is of somebody else, or lacks what is needed
    WRONG_STATE = "wrong_state"  # an answer to another question, or to none
    WRONG_ISSUER = "wrong_issuer"  # from somebody else than was asked (mix-up)
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_NONCE = "wrong_nonce"
    WRONG_TIME = "wrong_time"  # expired, not valid yet, or a sign-in that is too old
    WRONG_SUBJECT = "wrong_subject"  # its answers are about different people
    WRONG_TOKEN = "wrong_token"  # another claim or hash does not hold
    NOT_ADMITTED = "not_admitted"  # somebody whom the settings keep out: other tenant
    WITHDRAWN = "withdrawn"  # what it granted is over: refresh is refused for good
    WRONG_PASSWORD = "wrong_password"  # or nobody of that name is there
    MUST_CHANGE = "must_change"  # the password is right, and to be changed first
    PASSWORD_EXPIRED = "password_expired"  # it was right
    NOT_ACTIVE = "not_active"  # disabled or expired over there
    LOCKED = "locked"  # too many wrong passwords over there
    MISCONFIGURED = "misconfigured"  # it does not take what the settings make us ask


class Refused(Exception):
    """Nobody is signed in by this.

    Attributes:
        reason: One of a closed set.
        detail: What was seen, for the audit trail and the test button, never for the
            person. No secret, token or code is in it, and it is printable.
        proves: Whether the password was right all the same, so that its owner may be
            told what stands against it.
    """

    def __init__(self, reason: Reason, detail: str, *, proves: bool = False) -> None:
        """Refuse."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.proves = proves


def _is_secret(kind: Any) -> bool:
    """Tell whether a type is of secrets, however it is wrapped."""
    return kind is SecretStr or any(_is_secret(inner) for inner in get_args(kind))


class UpstreamSettings(Input):
    """What a kind needs of an operator; an unknown member is refused.

    Members of type ``SecretStr`` are secret: they are sealed, and never come out.
    """

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """Return the names of the members that are secret."""
        return frozenset(
            name
            for name, member in cls.model_fields.items()
            if _is_secret(member.annotation)
        )

    def called(self) -> Mapping[str, str]:
        """Return each member that is a URL which will be called, by its name."""
        return {}

    def named_by(self) -> Mapping[str, str]:
        """Return on what it depends whom a subject means."""
        return self.called()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """A connection, as an operator made it.

    Attributes:
        name: What it is called in URLs.
        kind: ``name`` of its kind.
        settings: An instance of the ``settings`` of its kind.
        redirect_uri: Where people come back to, which no other connection shares.
    """

    name: str
    kind: str
    settings: UpstreamSettings
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a connector has of the world: the guarded door, time and chance.

    Attributes:
        called: Destinations that it called, by the names of their breakers.
        whose: What failures are counted by besides the host: connections that share
            one are let down each for itself.
    """

    outbound: OutboundClient
    clock: Clock
    randomness: Randomness
    called: set[str] = field(default_factory=set)
    whose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a sign-in is begun with.

    Attributes:
        state: Unguessable; it finds what was kept, in the browser that began.
        login_hint: What the person typed, handed on.
        domain_hint: Whose people are meant, where a provider has a word for it.
        prompt: As OIDC Core §3.1.2.1 has it, such as ``login``; None is not sent.
        max_age: Seconds since the person last proved themselves there, at most. Whoever
            cannot tell is not asked; ``Begun.checks_age`` says whether it was.
        acr_values: What is asked for; whether it was done is in the answer.
        ui_locales: Language tags (BCP 47), in order.
    """

    state: str
    login_hint: str | None = None
    domain_hint: str | None = None
    prompt: str | None = None
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    ui_locales: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is remembered until the person comes back; secret, and used once.

    Attributes:
        issuer: Who was asked, as its metadata said at that time.
        started_at: Seconds since 1970.
        max_age: What was asked for, so that it can be held to.
    """

    state: str
    nonce: str
    code_verifier: str = field(repr=False)
    issuer: str
    redirect_uri: str
    started_at: float
    max_age: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, to be stored where nobody reads or changes it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Kept":
        """Return what ``as_json`` gave."""
        return cls(**stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where the person's browser goes now, and what is kept until it is back.

    Attributes:
        url: For a redirect by GET.
        returns_by_post: The answer will come as a form from another site
            (``response_mode=form_post``): no cookie with SameSite=Lax comes along.
    """

    url: str
    kept: Kept
    returns_by_post: bool = False

    @property
    def checks_age(self) -> bool:
        """Tell whether the answer has to say when the person proved themselves."""
        return self.kept.max_age is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What is kept of an answer, sealed: to refresh, and to sign out.

    ``expires_at`` is of the access token, in seconds since 1970; None is unknown.
    """

    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIdentity:
    """Somebody, as the other side knows them.

    Attributes:
        subject: Who: stable, never given to anybody else, at most 255 printable
            characters. Only with the connection it says whom.
        issuer: Who says so.
        claims: All that is told, under the names of OIDC Core §5.1 where a kind says
            the same under others. Bounded, and otherwise as it came: to be judged.
        email: An address, if one is told; it links nothing.
        email_verified: True only if the other side says that it belongs to the person.
        acr: What the other side says of how; counts only if the connection is trusted
            for it. So do ``amr`` and ``auth_time``.
        expires_in: Seconds until the password that they proved expires, if told.
        grace: Sign-ins that remain with one that has expired.
    """

    subject: str
    issuer: str
    claims: Mapping[str, Any]
    email: str | None = None
    email_verified: bool = False
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    tokens: Tokens = Tokens()
    expires_in: int | None = None
    grace: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Whom the other side says it signed out: of one session, or of all of a person.

    Attributes:
        token_id: Of what says so; it counts once.
        session_id: As the other side calls it.
        subject: Who; at least one of both is there.
    """

    token_id: str
    session_id: str | None
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the test button did, and what it saw.

    Attributes:
        name: ``discovery``, ``keys``, ``client`` and so on: an identifier.
        saw: What was seen, in English, for administrators; printable, and no secret.
    """

    name: str
    ok: bool
    saw: str


class RedirectConnector(Protocol):
    """Leads people away and takes them back: OpenID Connect, OAuth, later SAML."""

    async def begin(self, asking: Asking) -> Begun:
        """Return where to send the person.

        No transaction may be open: this may wait for the other side, for seconds.

        Raises:
            Refused: The other side cannot be asked.
        """
        ...

    async def complete(
        self, parameters: Mapping[str, str], kept: Kept
    ) -> UpstreamIdentity:
        """Return who came back.

        The caller found ``kept`` by the browser and the state, and used it up before.
        No transaction may be open.

        Args:
            parameters: Of the query or form, each of them there once.
            kept: What ``begin`` gave.

        Raises:
            Refused: Any check fails. Nobody came.
        """
        ...

    async def refresh(self, subject: str, tokens: Tokens) -> UpstreamIdentity:
        """Return the same person as they are there now, with the tokens that follow.

        Raises:
            Refused: ``WITHDRAWN`` if the other side ended it; ``UNREACHABLE`` says
                nothing about the person.
        """
        ...

    async def sign_out(
        self, subject: str, tokens: Tokens, return_to: str, state: str
    ) -> str | None:
        """Return where the person's session there is ended; None if nowhere.

        Args:
            subject: Who.
            tokens: Of the sign-in, as far as they were kept.
            return_to: Where the other side sends the person afterwards.
            state: Comes back with them.

        Raises:
            Refused: The other side cannot be asked where.
        """
        ...

    async def logged_out(self, logout_token: str) -> LoggedOut:
        """Return whom a logout token is about (OIDC Back-Channel Logout 1.0 §2.6).

        Whether it came before is for the caller to know.

        Raises:
            Refused: It proves nothing, or this kind knows no such tokens.
        """
        ...

    async def test(self) -> Sequence[Step]:
        """Look whether it would work without anybody signing in; up to a first fault.

        What can be known without a person: reachable, its metadata, its keys, and
        whether the other side knows the client.
        """
        ...


class Kind(Protocol):
    """A kind of connection; one file each, listed in ``kinds/__init__.py``."""

    @property
    def name(self) -> str:
        """Its ``kind``."""
        ...

    @property
    def title(self) -> str:
        """What people call it, for a button: ``Google``."""
        ...

    @property
    def settings(self) -> type[UpstreamSettings]:
        """What it needs of an operator."""
        ...

    @property
    def asks_password(self) -> bool:
        """Whether people type a password here, and are not led away and back."""
        ...

    @property
    def asks_at_least(self) -> int:
        """Seconds that it wants between two questions about somebody who came."""
        ...

    def connect(
        self, config: ConnectionConfig, world: Surroundings
    ) -> "RedirectConnector | PasswordConnector":
        """Return a connector; nobody is called yet.

        Raises:
            TypeError: The settings are of another kind.
        """
        ...
