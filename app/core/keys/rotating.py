"""A secret key while another one takes its place: two keys, one of which makes things.

Whatever either made is read and opened (ADR-0099). It is made only where two keys are
set, so that nobody else pays for the second look.
"""

from typing import ClassVar
from uuid import UUID

from app.core.secret_key import SealBroken, SecretKey


class RotatingSecretKey(SecretKey):
    """The first key signs and seals; the second one verifies and opens as well."""

    is_rotating: ClassVar[bool] = True

    def __init__(self, secret: str, second: str) -> None:
        """Derive the keys of both."""
        super().__init__(secret)
        self._second = SecretKey(second)

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells keys apart and says nothing about them; the sealing one first."""
        return super().marks + self._second.marks

    def tags(self, *parts: bytes) -> tuple[bytes, ...]:
        """Return the tag of either key, the first one's first."""
        return super().tags(*parts) + self._second.tags(*parts)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Return the value.

        Raises:
            SealBroken: Neither key sealed it, for another context, or it was changed.
        """
        try:
            return super().unseal(sealed, context)
        except SealBroken:
            return self._second.unseal(sealed, context)

    def renewed(self, sealed: bytes, nonce: bytes, context: str) -> bytes | None:
        """Return the value sealed by the first key; None if it is already.

        Raises:
            SealBroken: No key opens it.
        """
        try:
            super().unseal(sealed, context)
        except SealBroken:
            return self.seal(self._second.unseal(sealed, context), nonce, context)
        return None

    def read_refresh_token(self, token: str) -> tuple[UUID, int] | None:
        """Return session and counter, or None for what neither key made."""
        read = super().read_refresh_token(token)
        return read or self._second.read_refresh_token(token)

    def read_grant_refresh_token(self, token: str) -> tuple[UUID, int] | None:
        """Return grant and counter, or None for what neither key made."""
        read = super().read_grant_refresh_token(token)
        return read or self._second.read_grant_refresh_token(token)

    def read_browser_session(self, token: str) -> tuple[UUID, int] | None:
        """Return session and counter, or None for what neither key made."""
        read = super().read_browser_session(token)
        return read or self._second.read_browser_session(token)

    def read_host_session(self, token: str, host: str) -> UUID | None:
        """Return the grant, or None for what neither key made for this host."""
        read = super().read_host_session(token, host)
        return read or self._second.read_host_session(token, host)

    def read_device_token(self, token: str) -> bytes | None:
        """Return the body, or None for what neither key made."""
        read = super().read_device_token(token)
        return read or self._second.read_device_token(token)

    def read_challenge(self, text: str) -> bytes | None:
        """Return the body, or None for what neither key made."""
        return super().read_challenge(text) or self._second.read_challenge(text)

    def is_registration_access_token(
        self, token: str, client_id: str, epoch: UUID | None = None
    ) -> bool:
        """Tell whether a token is one of this client, under either key."""
        own = super().is_registration_access_token(token, client_id, epoch)
        other = self._second.is_registration_access_token(token, client_id, epoch)
        return own or other

    def is_form_token(self, token: str, *bound_to: str) -> bool:
        """Tell whether a token is one of a form bound to this, under either key."""
        own = super().is_form_token(token, *bound_to)
        return self._second.is_form_token(token, *bound_to) or own

    def read_one_time_token(self, purpose: str, token: str) -> UUID | None:
        """Return the id of the token's row, or None for what neither key made."""
        read = super().read_one_time_token(purpose, token)
        return read or self._second.read_one_time_token(purpose, token)

    def read_cursor(self, listing: str, cursor: str) -> list[str] | None:
        """Return the parts of a cursor made for this listing, or None."""
        read = super().read_cursor(listing, cursor)
        return self._second.read_cursor(listing, cursor) if read is None else read

    def code_matches(self, purpose: str, token_id: UUID, code: str) -> bool:
        """Compare with the digits of either key, both in constant time."""
        own = super().code_matches(purpose, token_id, code)
        return self._second.code_matches(purpose, token_id, code) or own
