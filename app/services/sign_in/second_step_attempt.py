"""Tries at second steps: how many, by whom, and which wrong one the owner hears of.

Only who knows the first factor comes here. What such a person uses up must neither be
the owner's at home nor everybody's behind the same address.
"""

from datetime import timedelta

from app.core.context import current
from app.core.rate_limit import Charge, Limit, subject_key
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sign_in.known_device import KnownDeviceService
from app.utils.helpers import network_of

# The fifth wrong answer within a day is told, and then one of about five hours.
COUNTED_FOR = timedelta(days=1)
_TOLD = Limit("second_step_told", 5, int(COUNTED_FOR.total_seconds()))


class SecondStepAttemptService:
    """Counts tries by what the account knows of where they come from."""

    def __init__(self, process: Process) -> None:
        """Count in the shared store; no transaction may be open (SQLite waits)."""
        self._process = process
        self._devices = KnownDeviceService(process)

    def device_data(self, user: User) -> dict[str, str]:
        """Return what a token remembers of the device at which the first step was."""
        device = self._devices.shown(user.email_canonical)
        if device is None or not self._devices.is_of(device, user):
            return {}
        return {"device": device.id.hex}

    async def count(self, row: OneTimeToken) -> tuple[Charge, bool]:
        """Count a try, before anything is compared; tell whether the place is known.

        A known device and a known network have a share that is theirs alone. A stranger
        is stopped by the account's share of the network before they use up what all who
        are there have, and by that before they use up the account's.

        Raises:
            TooManyRequests: No try is left.
        """
        limits, limiter = self._process.limits, self._process.limiter
        account, network = limits.second_step_account, network_of(current().ip)
        device, knows = row.data.get("device"), self._process.statements.knows_network
        if device is not None:
            return await limiter.take((account, _key(row, f"device {device}"))), True
        if await knows(row.subject, network):
            return await limiter.take((account, _key(row, network))), True
        charge = await limiter.take(
            (account, _key(row, f"stranger {network}")),
            *by_address(limits.second_step_address),
            (account, _key(row, "")),
        )
        return charge, False

    async def is_told(self, row: OneTimeToken) -> bool:
        """Count a wrong answer; tell whether the owner has to hear of it.

        By account and not by token: who leaves one try at each token makes no less
        noise. What the owner proves meanwhile gives none of it back.
        """
        [verdict] = await self._process.limiter.measure((_TOLD, _key(row, "")))
        return verdict.allowed and verdict.remaining == 0


def _key(row: OneTimeToken, share: str) -> str:
    return subject_key("second_step", f"{row.user_id} {share}")
