"""Attempts to sign in, counted before the hash decides anything (ADR-0030)."""

from dataclasses import dataclass
from typing import Any

from app.core.context import current
from app.core.exceptions import TooManyRequests
from app.core.rate_limit import Attempt, Charge, Limit, Verdict, subject_key
from app.services.process.challenge import ChallengeService, proven
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sign_in.known_device import KnownDevice, KnownDeviceService
from app.utils.helpers import network_of, networks_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom an attempt is about, and how it was counted.

    Attributes:
        found: What a sign-in needs to know of the account, or None.
        charge: What was counted; a rightful attempt gives it back.
        limit: The account's limit, if it is reached. Then the right password works from
            networks that the account signed in from before, and every other answer is
            the refusal by this limit, whether there is such an account or not.
        device: Known to the account: then none of the others' limits was asked.
    """

    found: Any | None
    charge: Charge
    limit: Verdict | None
    device: KnownDevice | None = None

    @property
    def may_try(self) -> bool:
        """Whether the password is looked at; if not, the work is done all the same."""
        if self.limit is None:
            return True
        return self.found is not None and bool(self.found.known_network)

    @property
    def password_hash(self) -> str | None:
        """What the password is checked against; None costs the same and is wrong."""
        return self.found.password_hash if self.found and self.may_try else None

    @property
    def share_of_work(self) -> str:
        """Whose the work with an imported hash is: the account's, or what it knows.

        As with attempts, what strangers use up is nothing that the owner has at home.
        """
        if self.found is None:
            return ""
        if self.device is not None:
            return f"{self.found.id} device {self.device.id}"
        home = network_of(current().ip) if self.found.known_network else ""
        return f"{self.found.id} {home}".rstrip()


class SignInAttemptService:
    """Counts attempts by network, by network and account, and by account.

    Those at a device that the account knows are counted by the device alone, and those
    that bring work by the account alone (ADR-0053).
    """

    def __init__(self, process: Process) -> None:
        """Count in the shared store."""
        self._process = process
        self._devices = KnownDeviceService(process)
        self._challenges = ChallengeService(process)

    async def count(self, canonical: str) -> Candidate:
        """Find the account of a canonical address, and count an attempt.

        Raises:
            TooManyRequests: As for a stranger, with a challenge; never at a device that
                the account knows and that has tries left.
        """
        device = self._devices.shown(canonical)
        if device is not None:
            known = await self._count_at(device, canonical)
            if known is not None:
                return known
        if await self._challenges.passes(canonical):
            worked = await self._count_proven(canonical)
            if worked is not None:
                return worked
        try:
            return await self._count_stranger(canonical)
        except TooManyRequests as refusal:
            raise await self._challenges.attached(refusal, canonical) from None

    async def _count_proven(self, canonical: str) -> Candidate | None:
        """Count who brings work, in spite of what others used up.

        Work is cheap for who tries one password at many accounts, so a network has no
        more than eight times its allowance; and of what it buys at one account it has a
        tenth, or it could use up all.

        Returns:
            None where that is used up: no more than who brings none then has.
        """
        process, networks = self._process, networks_of(current().ip)
        limit = process.limits.sign_in_proven
        address = by_address(proven(process.limits.sign_in_address))
        attempts = [
            *(Attempt(*each) for each in address),
            *(_of_network(limit, canonical, each) for each in networks),
            Attempt(limit, subject_key("sign_in", canonical)),
        ]
        counted = await process.sign_ins.candidate(
            canonical, networks[0], process.clock.now(), attempts
        )
        if not counted.verdicts[-1].allowed:
            return None
        charge = process.limiter.judge(attempts, counted.verdicts)
        return Candidate(counted.found, charge, None)

    async def _count_at(self, device: KnownDevice, canonical: str) -> Candidate | None:
        """Count by the device; None where that is unknown by now or has no try left."""
        process = self._process
        attempts = [self._of_account(f"{canonical} {device.id}", "_device")]
        counted = await process.sign_ins.candidate(
            canonical, network_of(current().ip), process.clock.now(), attempts
        )
        if not counted.verdicts[-1].allowed:
            return None
        if not self._devices.is_of(device, counted.found):
            return None
        charge = process.limiter.judge(attempts, counted.verdicts)
        return Candidate(counted.found, charge, None, device)

    async def _count_stranger(self, canonical: str) -> Candidate:
        """Count an attempt of whom nothing is known.

        Nothing here depends on whether the account exists or where it signed in from:
        a neighbour on its network, who can use up the account's limit from elsewhere,
        must not learn from the counts that the network is known (ADR-0030).

        Raises:
            TooManyRequests: Too many from the network, for the account from this
                network, or from the IPv6 site.
        """
        process, network = self._process, network_of(current().ip)
        limits, limiter = process.limits, process.limiter
        address, *site = by_address(limits.sign_in_address)
        beyond = await limiter.take(*site)
        attempts = [
            Attempt(*address),
            self._of_account(f"{canonical} {network}", "_network"),
            self._of_account(canonical),
        ]
        counted = await process.sign_ins.candidate(
            canonical, network, process.clock.now(), attempts
        )
        verdicts = counted.verdicts
        if len(verdicts) < len(attempts) or verdicts[-1].allowed:
            charge = limiter.judge(attempts, verdicts)
            return Candidate(counted.found, charge.joined(beyond), None)
        charge = limiter.judge(attempts[:-1], verdicts[:-1])
        return Candidate(counted.found, charge.joined(beyond), verdicts[-1])

    def _of_account(self, whose: str, share: str = "") -> Attempt:
        """Return a try at an account, or at a share of it.

        Shares are of kinds of their own: whatever is typed as an address, such as one
        with somebody's network behind it, is no share of the account of another.
        """
        key = subject_key(f"sign_in{share}", whose)
        return Attempt(self._process.limits.sign_in_account, key)


def _of_network(limit: Limit, canonical: str, network: str) -> Attempt:
    share = Limit(f"{limit.name}_network", max(1, limit.burst // 10), limit.period)
    return Attempt(share, subject_key("sign_in", f"{canonical} {network}"))
