"""Whether a request to a protected host may pass: decided here, and nothing is done.

Asked for every request of everybody who is inside. The policy is seconds old at most;
whether grant, session and account live is asked of the database each time (rule 5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

from app.core.context import current, refused
from app.oauth.acr import TWO_FACTORS
from app.oauth.errors import OAuthError
from app.oauth.parameters import Parameters
from app.repositories.statements.entered import EnteredStatements
from app.services.clients.authentication import (
    ClientAuthenticationService,
    ClientCall,
)
from app.services.clients.provider import Provider
from app.services.forward_auth.directory import HostPolicy, ProtectedHosts
from app.services.forward_auth.errors import HostNotProtected, UnclearRequest
from app.services.forward_auth.open_path import is_open
from app.services.forward_auth.original import Original
from app.services.forward_auth.script import ScriptVisitors, token_in
from app.services.forward_auth.told import NOBODY, Fields, Told
from app.services.process.explained import explain_entrance
from app.services.sign_in.browser_cookie import BrowserCookies

OURS = "/.auth-serve/"  # paths of every protected host that are answered here
CALLBACK, START = f"{OURS}callback", f"{OURS}start"
ENDPOINT = "/forward-auth"
_REMEMBERED = 4_096  # cookies whose code held, a quarter of a kilobyte each
_NOTED = timedelta(days=1)  # a grant in use is prolonged at most this often
_NONE: Sequence[str] = ()


class Kind(Enum):
    """What a request is, when it does not simply pass."""

    CALLBACK = "callback"
    START = "start"
    SIGN_OUT = "sign_out"
    SIGN_IN = "sign_in"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Passes:
    """It may pass, and the program is told this."""

    fields: Fields


@dataclass(frozen=True, slots=True)
class Stays:
    """It may not pass.

    Attributes:
        kind: What has to be done in place of it.
        policy: Of the host.
        row: The visitor's grant, where there is a live one.
        by_two_factors: Only with two factors somebody who is signed in may enter.
        why: For the log.
    """

    kind: Kind
    policy: HostPolicy
    row: Any | None = None
    by_two_factors: bool = False
    why: str = ""


class HostGate:
    """Judges requests to protected hosts; one instance serves all requests."""

    def __init__(self, provider: Provider) -> None:
        """Keep nothing yet."""
        self._provider = provider
        self._entered = EnteredStatements(provider.database)
        self._told = Told(provider)
        self._scripts = ScriptVisitors(provider, self._entered)
        self._cookies_read: dict[tuple[str, str], UUID] = {}
        self.hosts = ProtectedHosts(provider.database, provider.clock)
        self.cookies = BrowserCookies(provider.settings.public_url)
        self.scheme = provider.settings.public_url.partition(":")[0]

    async def judge(self, original: Original) -> Passes | Stays:
        """Decide about a request.

        Raises:
            HostNotProtected: The host is none of ours.
            UnclearRequest: It came by plain HTTP, where a cookie is anybody's.
            TooManyRequests: Clients failed to authenticate too often from there.
        """
        policy = await self.hosts.find(original.host)
        if policy is None:
            raise HostNotProtected(hint=original.host)
        if original.scheme != self.scheme:
            raise UnclearRequest(hint=f"not by {self.scheme}")
        path = original.path
        kind = _OWN.get(path)
        if path == policy.sign_out_path:
            kind = Kind.SIGN_OUT
        if kind is None and is_open(path, policy.open_paths):
            return self._passes(NOBODY, policy, dict)
        row = await self.visitor(original, policy)
        if kind is not None or path.startswith(OURS):
            return Stays(kind or Kind.UNKNOWN, policy, row)
        if row is None:
            return await self._program(original, policy)
        return await self._person(row, policy)

    def takes_secrets(self, policy: HostPolicy) -> bool:
        """Tell whether a program may come to a host by a secret."""
        return bool(policy.machines) or self._scripts.are_taken_at(policy.host)

    async def visitor(self, original: Original, policy: HostPolicy) -> Any | None:
        """Return the live grant that a browser's cookie names, or None."""
        fields = original.fields.get("cookie", _NONE)
        value = self.cookies.read(fields, self.cookies.host) if fields else ""
        if not value:
            return None
        grant_id = self._grant_of(value, original.host)
        if grant_id is None:
            return None
        row = await self.entering(grant_id)
        # Of a host that was deleted and made anew the client is another one.
        return row if row is not None and row.client_id == policy.client_id else None

    def _grant_of(self, value: str, host: str) -> UUID | None:
        """Return the grant of a cookie; that its code holds is found out once."""
        known = self._cookies_read.get((value, host))
        if known is None:
            known = self._provider.secret_key.read_host_session(value, host)
            if known is None:
                return None
            if len(self._cookies_read) >= _REMEMBERED:
                del self._cookies_read[next(iter(self._cookies_read))]  # the oldest
            self._cookies_read[value, host] = known
        return known

    async def entering(self, grant_id: UUID) -> Any | None:
        """Return a live grant by its id, or None."""
        return await self._entered.find(grant_id, self._provider.clock.now())

    async def _person(self, row: Any, policy: HostPolicy) -> Passes | Stays:
        current().user_id = row.user_id
        if not policy.is_met_by(row.acr):
            return Stays(Kind.SIGN_IN, policy, row)
        if not policy.admits_row(row, self._provider.settings.mfa):
            if policy.would_admit_row(row) and row.acr != TWO_FACTORS:
                return Stays(Kind.SIGN_IN, policy, row, by_two_factors=True)
            return Stays(Kind.FORBIDDEN, policy, row)
        if self._provider.clock.now() - row.refreshed_at > _NOTED:
            await self._prolong(row)
        told = await self._told.of_person(row, policy)
        return self._passes(told, policy, partial(_who, row, "cookie"))

    async def _prolong(self, row: Any) -> None:
        """Let a grant in use, and its session, last as refreshing would."""
        settings = self._provider.settings
        await self._provider.grants.rotate(
            row.id,
            row.client_id,
            row.counter,
            now=self._provider.clock.now(),
            idle=timedelta(seconds=settings.oauth.idle_ttl),
            offline_idle=timedelta(seconds=settings.oauth.offline_idle_ttl),
            session_idle=timedelta(seconds=settings.session.idle_ttl),
        )

    async def _program(self, original: Original, policy: HostPolicy) -> Passes | Stays:
        """Let a program in that may come, and shows a secret (RFC 7617)."""
        fields = original.fields.get("authorization", _NONE)
        if len(fields) != 1 or not self.takes_secrets(policy):
            return Stays(Kind.SIGN_IN, policy)
        token = token_in(fields[0])
        if token and self._scripts.are_taken_at(policy.host):
            return await self._script(token, original, policy)
        if not policy.machines or not fields[0].lower().startswith("basic "):
            return Stays(Kind.SIGN_IN, policy)
        return await self._machine(fields[0], policy)

    async def _script(
        self, token: str, original: Original, policy: HostPolicy
    ) -> Passes | Stays:
        """Let a script in whose owner may enter.

        A browser remembers such a password and sends it along with what other sites
        make it ask for, so that one that says what it is has to sign in.
        """
        if original.is_browser:
            return Stays(Kind.SIGN_IN, policy)
        row = await self._scripts.find(token)
        if isinstance(row, str):
            return Stays(Kind.SIGN_IN, policy, why=row)
        is_met = policy.is_met_by(row.acr)
        if not is_met or not policy.admits_row(row, self._provider.settings.mfa):
            why = "the owner of the token may not enter"
            return Stays(Kind.FORBIDDEN, policy, why=why)
        told = await self._told.of_person(row, policy)
        return self._passes(told, policy, partial(_who, row, "personal access token"))

    async def _machine(self, field: str, policy: HostPolicy) -> Passes | Stays:
        service = ClientAuthenticationService(self._provider)
        call = ClientCall(ENDPOINT, field, Parameters({}))
        try:
            client = await service.recorded(call, service.authenticate(call))
        except OAuthError as error:
            refused(error.error, error.hint, error)
            return Stays(Kind.SIGN_IN, policy, why=error.error)
        if client.client_id not in policy.machines:
            why = f"{client.client_id} is no machine of it"
            return Stays(Kind.FORBIDDEN, policy, why=why)
        told = await self._told.of_machine(client.client_id, policy)
        who = {"client_id": client.client_id, "by": "secret of a machine"}
        return self._passes(told, policy, lambda: who)

    def _passes(
        self,
        fields: Fields,
        policy: HostPolicy,
        who: Callable[[], Mapping[str, str]],
    ) -> Passes:
        """Let it pass, and say why to whoever wants to know of what was allowed."""
        if current().is_explained:
            acr = policy.minimum_acr
            demands = {"roles": policy.roles, "groups": policy.groups}
            demands["acr"] = None if acr is None else frozenset({acr})
            explain_entrance(policy.host, demands, who())
        return Passes(fields)


def _who(row: Any, by: str) -> dict[str, str]:
    session = {} if row.session_id is None else {"session": str(row.session_id)}
    return {"user": str(row.user_id), **session, "acr": row.acr, "by": by}


_OWN = {CALLBACK: Kind.CALLBACK, START: Kind.START}
