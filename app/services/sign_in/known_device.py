"""Devices that an account signed in at before: a signed value, and no row (ADR-0053).

Whoever shows one has tries of their own, so that no flood of guesses, from elsewhere or
from the same network, stops the owner. It proves nothing else: the password is asked
for, and a second factor too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.services.process.process import Process
from app.services.sign_in.browser_cookie import BrowserCookies

MAX_DEVICES = 5  # accounts of one browser, as its session cookie has them
LIFE = timedelta(days=180)  # since the last good sign-in there
_TAG = 8  # bytes of a keyed digest, to recognise by and not to prove with
_SECONDS = 5  # bytes of an instant


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device, as an account's last sign-in there left it.

    Attributes:
        id: Of the device; its tries are counted by it.
        user_id: Whose sign-in it was.
        address: Tag of the canonical address, by which it is found before the account.
        password: Tag of when the password was changed last; a change forgets it.
        issued_at: Seconds since 1970.
    """

    id: UUID
    user_id: UUID
    address: bytes
    password: bytes
    issued_at: int

    def packed(self) -> bytes:
        """Return what is signed."""
        issued_at = self.issued_at.to_bytes(_SECONDS, "big")
        ids = self.id.bytes + self.user_id.bytes
        return ids + self.address + self.password + issued_at

    @classmethod
    def unpacked(cls, body: bytes) -> "KnownDevice":
        """Return what was signed."""
        tags = body[32 : 32 + 2 * _TAG]
        return cls(
            UUID(bytes=body[:16]),
            UUID(bytes=body[16:32]),
            tags[:_TAG],
            tags[_TAG:],
            int.from_bytes(body[-_SECONDS:], "big"),
        )


class KnownDeviceService:
    """Recognises devices, and renews them at every good sign-in."""

    def __init__(self, process: Process) -> None:
        """Work without any storage."""
        self._process = process
        self._cookies = BrowserCookies(process.settings.public_url)

    def shown(self, canonical: str) -> KnownDevice | None:
        """Return the device that the request shows for an address, or None.

        One that is forged, too old or of another address is as none. Whether it is the
        account's that has the address now is seen once that is read: ``is_of``.
        """
        address = self._tag(b"address", canonical)
        found = (each for _, each in self._readable() if each.address == address)
        return next(found, None)

    def is_of(self, device: KnownDevice, account: Any | None) -> bool:
        """Tell whether an account knows a device, and did not forget it since.

        Args:
            device: What was shown.
            account: With its ``id`` and ``password_changed_at``, or None.
        """
        if account is None or device.user_id != account.id:
            return False
        return device.password == self._password_tag(account.password_changed_at)

    def renew(
        self, user_id: UUID, canonical: str, password_changed_at: datetime | None
    ) -> None:
        """Have the answer carry the device of who just signed in; it keeps its id."""
        before = self.shown(canonical)
        is_same = before is not None and before.user_id == user_id
        device = KnownDevice(
            id=before.id if before and is_same else self._process.randomness.uuid7(),
            user_id=user_id,
            address=self._tag(b"address", canonical),
            password=self._password_tag(password_changed_at),
            issued_at=self._now(),
        )
        current().new_device = self._process.secret_key.device_token(device.packed())

    def read(self, cookie_fields: Sequence[str]) -> tuple[str, ...]:
        """Return the devices of a browser, as its cookie has them; none is read yet."""
        text = self._cookies.read(cookie_fields, self._cookies.device)
        tokens = text.split(".") if text else []
        return tuple(tokens) if len(tokens) <= MAX_DEVICES else ()

    def cookie(self) -> str:
        """Return the field that keeps the answer's device, first; empty without one."""
        context = current()
        if not context.new_device:
            return ""
        renewed = self._read(context.new_device)
        others = [
            text
            for text, each in self._readable()
            if renewed is None or each.user_id != renewed.user_id
        ]
        tokens = [context.new_device, *others[: MAX_DEVICES - 1]]
        age = int(LIFE.total_seconds())
        return self._cookies.write(self._cookies.device, ".".join(tokens), age)

    def _readable(self) -> Iterator[tuple[str, KnownDevice]]:
        for token in current().devices:
            if (device := self._read(token)) is not None:
                yield token, device

    def _read(self, token: str) -> KnownDevice | None:
        body = self._process.secret_key.read_device_token(token)
        if body is None:
            return None
        device = KnownDevice.unpacked(body)
        is_young = self._now() - device.issued_at < LIFE.total_seconds()
        return device if is_young else None

    def _now(self) -> int:
        return int(self._process.clock.now().timestamp())

    def _password_tag(self, changed_at: datetime | None) -> bytes:
        return self._tag(b"password", changed_at.isoformat() if changed_at else "")

    def _tag(self, kind: bytes, text: str) -> bytes:
        parts = b"device", kind, text.encode("utf-8", "surrogatepass")
        return self._process.secret_key.digest(*parts)[:_TAG]
