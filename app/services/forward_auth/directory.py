"""Protected hosts and who may enter them, kept for seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.database import Database
from app.factor_settings import MfaSettings
from app.models.oauth.protected_host import MAX_HOST, ProtectedHost
from app.oauth.acr import meets
from app.policies.second_factor import names_that_count
from app.repositories.oauth.protected_host import ProtectedHostRepository
from app.services.clients.directory import KEPT_FOR

_MOST = 1_024  # hosts; a kilobyte each


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """A protected host as requests to it see it; members as in ``ProtectedHost``."""

    host: str
    client_id: str
    name: str
    roles: frozenset[str] | None
    groups: frozenset[str] | None
    open_paths: tuple[str, ...]
    minimum_acr: str | None
    told: frozenset[str]
    machines: frozenset[str]
    sign_out_path: str
    ends_session: bool

    def admits(self, roles: Iterable[str], groups: Iterable[str]) -> bool:
        """Tell whether somebody with these roles, in these groups, may enter."""
        if self.roles is None and self.groups is None:
            return True
        by_role = self.roles is not None and not self.roles.isdisjoint(roles)
        return by_role or bool(self.groups and not self.groups.isdisjoint(groups))

    def admits_row(self, row: Any, settings: MfaSettings) -> bool:
        """Tell the same of a row of ``EnteredStatements``, by the roles that count."""
        roles = names_that_count(row, row.acr, settings)
        return self.admits(roles, (row.groups or "").split())

    def would_admit_row(self, row: Any) -> bool:
        """Tell whether the same person may enter with two factors."""
        return self.admits((row.roles or "").split(), (row.groups or "").split())

    def is_met_by(self, acr: str) -> bool:
        """Tell whether a sign-in was strong enough."""
        return self.minimum_acr is None or meets(acr, self.minimum_acr)


class ProtectedHosts:
    """Finds hosts; another process sees a change a few seconds late (rule 5)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep nothing yet."""
        self._database = database
        self._clock = clock
        self._kept: dict[str, tuple[float, HostPolicy | None]] = {}

    async def find(self, host: str) -> HostPolicy | None:
        """Return a host by its canonical name; None also where its client is off."""
        if len(host) > MAX_HOST:
            return None  # nothing is kept of it: it may be as long as a request
        now = self._clock.monotonic()
        kept = self._kept.get(host)
        if kept is not None and now - kept[0] < KEPT_FOR:
            return kept[1]
        async with self._database.session(read_only=True) as db:
            row = await ProtectedHostRepository(db).served(host)
        policy = None if row is None else policy_of(row)
        if host not in self._kept and len(self._kept) >= _MOST:
            if policy is None:
                return None  # guesses of strangers push no host out
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[host] = (now, policy)
        return policy

    def forget(self, host: str) -> None:
        """Read a host anew at the next request; call it after a change."""
        self._kept.pop(host, None)


def policy_of(row: ProtectedHost | Any) -> HostPolicy:
    """Return what a row says."""
    return HostPolicy(
        host=row.host,
        client_id=row.client_id,
        name=row.name,
        roles=None if row.roles is None else frozenset(row.roles),
        groups=None if row.groups is None else frozenset(row.groups),
        open_paths=tuple(row.open_paths),
        minimum_acr=row.minimum_acr,
        told=frozenset(row.told),
        machines=frozenset(row.machines),
        sign_out_path=row.sign_out_path,
        ends_session=row.ends_session,
    )
