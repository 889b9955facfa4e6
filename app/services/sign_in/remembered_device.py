"""Browsers that need no second step for a while, because their owners said so.

Each is a row, so that its owner sees it and can forget it; the browser keeps its id
under an HMAC. It excuses from the second step and from nothing else: what was proven is
one factor still, and what asks for two gets them (ADR-0056).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.exceptions import NotFound
from app.events.device import DeviceForgotten, DeviceRemembered
from app.models.device import Device
from app.policies.second_factor import has_second_factor, is_demanded
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.sign_in.browser_cookie import BrowserCookies
from app.utils.helpers import network_of

MOST = 5  # of one browser, as its session cookie has accounts
MOST_OF_ACCOUNT = 20  # the least used goes first
_KIND = "remembered_device"


class DeviceNotFound(NotFound):
    """It is not the caller's, or was forgotten already."""

    code = "device_not_found"
    title = "There is no such remembered device"


class RememberedDeviceService:
    """Devices remembered at a second step, and recognised at the next sign-in."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._cookies = BrowserCookies(process.settings.public_url)

    def read(self, cookie_fields: Sequence[str]) -> tuple[UUID, ...]:
        """Return what a browser's cookie names; one forged part spoils all of it."""
        text = self._cookies.read(cookie_fields, self._cookies.remembered)
        tokens = text.split(".") if text else []
        key = self._process.secret_key
        read = [key.read_one_time_token(_KIND, each) for each in tokens[: MOST + 1]]
        known = tuple(each for each in read if each is not None)
        return known if len(known) == len(tokens) <= MOST else ()

    def cookie(self, device_ids: Sequence[UUID]) -> str:
        """Return the field that keeps them, for as long as they may be of use."""
        key = self._process.secret_key
        text = ".".join(key.one_time_token(_KIND, each) for each in device_ids)
        ttl = self._process.settings.mfa.remember_ttl if text else 0
        return self._cookies.write(self._cookies.remembered, text, ttl)

    async def is_remembered(self, found: Any, device_ids: Sequence[UUID]) -> bool:
        """Tell whether one of the devices is this account's; using it is noted.

        Where a role or the installation demands two factors nobody is excused, nor is
        whoever has none.
        """
        settings = self._process.settings.mfa
        if is_demanded(found, settings) or not has_second_factor(found):
            return False
        if not settings.remember_ttl:
            return False
        for device_id in device_ids:
            async with self._process.unit_of_work() as uow:
                if await uow.devices.use(device_id, found.id, uow.clock.now()):
                    return True
        return False

    async def remember(
        self, user_id: UUID, session_id: UUID, device_ids: Sequence[UUID]
    ) -> tuple[UUID, ...]:
        """Remember the browser of this request; return what its cookie names then.

        Where two factors are demanded it would be of no use, and is not done.

        Args:
            user_id: Who just proved a second factor there.
            session_id: In which session; if it ended meanwhile nothing is remembered.
            device_ids: What its cookie named before; one of the same account goes.
        """
        ttl = self._process.settings.mfa.remember_ttl
        network = network_of(current().ip)
        found = await self._process.sign_ins.found(user_id, network)
        if not ttl or found is None or is_demanded(found, self._process.settings.mfa):
            return tuple(device_ids)
        async with self._process.unit_of_work() as uow:
            now, context = uow.clock.now(), current()
            # Whoever ends everything holds this row, and forgets every device.
            await uow.users.by_id(user_id, lock=True)
            if not await uow.sessions.is_live(session_id, user_id, now):
                return tuple(device_ids)
            gone = [
                each
                for each in device_ids
                if await uow.devices.delete_for_user(user_id, each)
            ]
            await uow.devices.delete_surplus(user_id, MOST_OF_ACCOUNT - 1)
            device = uow.devices.add(
                Device(
                    id=uow.randomness.uuid7(),
                    user_id=user_id,
                    ip=context.ip,
                    user_agent=context.user_agent,
                    created_at=now,
                    last_used_at=now,
                    expires_at=now + timedelta(seconds=ttl),
                )
            )
            uow.record(DeviceRemembered(user_id=user_id, device_id=device.id))
        kept = [each for each in device_ids if each not in gone]
        return (device.id, *kept[: MOST - 1])


class DeviceService:
    """Remembered devices of an account, as their owner sees them."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_live(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Device]:
        """Return a page of those that still are of use, the latest first."""
        now = self._uow.clock.now()
        return await self._uow.devices.list_live(user_id, now, after=after, limit=limit)

    async def forget(self, user_id: UUID, device_id: UUID) -> None:
        """Have a device ask for the second step again.

        Raises:
            DeviceNotFound: It is not the account's.
        """
        if not await self._uow.devices.delete_for_user(user_id, device_id):
            raise DeviceNotFound
        self._uow.record(DeviceForgotten(user_id=user_id, device_id=device_id))
