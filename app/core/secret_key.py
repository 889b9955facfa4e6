"""What stands under the secret key: derived keys, sealed values, unforgeable tokens."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

REFRESH_PREFIX = "as_rt_"
GRANT_PREFIX = "as_gt_"
BROWSER_PREFIX = "as_bs_"
REGISTRATION_PREFIX = "as_rat_"
HOST_PREFIX = "as_hs_"
DEVICE_PREFIX = "as_dv_"
CHALLENGE_PREFIX = "as_ch_"
ONE_TIME_PREFIX = "as_ot_"
KEPT = ("digest", "pairwise-subject")  # derived once, and the same under the next key
CODE_DIGITS = 8  # 26 bits, more than the 20 that ASVS 6.5.4 asks for
_MAC = 32
_COUNTER = 8
_DEVICE = 53  # bytes: services/sign_in/known_device.py
_CHALLENGE = 38  # bytes: services/process/challenge.py


class SealBroken(Exception):
    """A sealed value was changed, or sealed under another secret key."""


class _Mac:
    """HMAC-SHA-256 (RFC 2104) under one key, which is prepared once."""

    def __init__(self, key: bytes) -> None:
        self._prepared = hmac.new(key, digestmod="sha256")

    def __call__(self, body: bytes) -> bytes:
        mac = self._prepared.copy()
        mac.update(body)
        return mac.digest()


class SecretKey:
    """The root secret. Each use has a key of its own (HKDF, RFC 5869).

    Attributes:
        is_rotating: Whether another one takes its place, or it takes another's.
    """

    is_rotating: ClassVar[bool] = False

    def __init__(self, secret: str) -> None:
        """Derive the keys; ``secret`` is what the operator configured."""
        self._root = secret.encode()
        self._refresh = _Mac(self.derive("refresh-token"))
        self._grant = _Mac(self.derive("grant-refresh-token"))
        self._browser = _Mac(self.derive("browser-session"))
        self._host = _Mac(self.derive("host-session"))
        self._registration = _Mac(self.derive("registration-access-token"))
        self._form = _Mac(self.derive("form-token"))
        self._device = _Mac(self.derive("known-device"))
        self._challenge = _Mac(self.derive("challenge"))
        self._one_time = _Mac(self.derive("one-time-token"))
        self._code = _Mac(self.derive("one-time-code"))
        self._cursor = _Mac(self.derive("cursor"))
        self._tag = _Mac(self.derive("digest"))
        self._seal = AESGCM(self.derive("seal"))
        self.keep(self.kept())

    def kept(self) -> dict[str, bytes]:
        """Return what has to stay as it is when another key follows (ADR-0099)."""
        return {name: self.derive(name) for name in KEPT}

    def keep(self, kept: Mapping[str, bytes]) -> None:
        """Go by what an earlier key derived: by the values that ``kept`` has."""
        self._digest = _Mac(kept["digest"])
        self.pairwise = kept["pairwise-subject"]

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells keys apart and says nothing about them; the sealing one first."""
        return (self.derive("backup-mark").hex()[:32],)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose; they say nothing about the others."""
        info = f"auth-serve:{purpose}".encode()
        return HKDF(SHA256(), length=32, salt=None, info=info).derive(self._root)

    def digest(self, *parts: bytes) -> bytes:
        """Return 32 bytes to recognise something by.

        Not a plain hash: what people send holds passwords, and whoever has a dump of
        the database could try guesses on it, past Argon2.
        """
        return self._digest(b"".join(_framed(part) for part in parts))

    def tags(self, *parts: bytes) -> tuple[bytes, ...]:
        """Return 32 bytes that nobody else can make, and those under a second key.

        For what is signed or made a secret of: unlike a digest it changes with the key.
        The first is what is handed out, any of them is taken.
        """
        return (self._tag(b"".join(_framed(part) for part in parts)),)

    def is_tag(self, tag: bytes, *parts: bytes) -> bool:
        """Tell whether bytes are one of the tags of parts, in constant time."""
        known = [hmac.compare_digest(each, tag) for each in self.tags(*parts)]
        return any(known)

    def seal(self, value: bytes, nonce: bytes, context: str) -> bytes:
        """Encrypt a value for storage, bound to where it is stored.

        Args:
            value: What to hide.
            nonce: 12 fresh random bytes.
            context: Table and row; a sealed value copied to another row is refused.
        """
        return nonce + self._seal.encrypt(nonce, value, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Return the value.

        Raises:
            SealBroken: Another secret key, another context, or a changed byte.
        """
        try:
            return self._seal.decrypt(sealed[:12], sealed[12:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(context) from error

    def renewed(self, sealed: bytes, nonce: bytes, context: str) -> bytes | None:
        """Return the value sealed by the first key; None if it is already.

        Raises:
            SealBroken: No key opens it.
        """
        self.unseal(sealed, context)
        return None

    def refresh_token(self, session_id: UUID, counter: int) -> str:
        """Return the refresh token that a session has at this count."""
        return _counted(REFRESH_PREFIX, session_id, counter, self._refresh)

    def read_refresh_token(self, token: str) -> tuple[UUID, int] | None:
        """Return session and counter, or None for what this key never made."""
        return _read_counted(token, REFRESH_PREFIX, self._refresh)

    def grant_refresh_token(self, grant_id: UUID, counter: int) -> str:
        """Return the refresh token that an application's grant has at this count."""
        return _counted(GRANT_PREFIX, grant_id, counter, self._grant)

    def read_grant_refresh_token(self, token: str) -> tuple[UUID, int] | None:
        """Return grant and counter, or None for what this key never made."""
        return _read_counted(token, GRANT_PREFIX, self._grant)

    def browser_session(self, session_id: UUID, counter: int) -> str:
        """Return what the cookie of a signed-in browser holds at this count."""
        return _counted(BROWSER_PREFIX, session_id, counter, self._browser)

    def read_browser_session(self, token: str) -> tuple[UUID, int] | None:
        """Return session and counter, or None for what this key never made."""
        return _read_counted(token, BROWSER_PREFIX, self._browser)

    def host_session(self, grant_id: UUID, host: str) -> str:
        """Return what the cookie of a protected host holds; it opens no other host."""
        mac = self._host(grant_id.bytes + host.encode())
        return HOST_PREFIX + _encode(grant_id.bytes + mac)

    def read_host_session(self, token: str, host: str) -> UUID | None:
        """Return the grant, or None for what this key never made for this host."""
        raw = _decode(token.removeprefix(HOST_PREFIX)) or b""
        if not token.startswith(HOST_PREFIX) or len(raw) != 16 + _MAC:
            return None
        body, mac = raw[:16], raw[16:]
        is_ours = hmac.compare_digest(mac, self._host(body + host.encode()))
        return UUID(bytes=body) if is_ours else None

    def device_token(self, body: bytes) -> str:
        """Return what a device is known by that an account signed in at."""
        return DEVICE_PREFIX + _encode(body + self._device(body))

    def read_device_token(self, token: str) -> bytes | None:
        """Return the body, or None for what this key never made."""
        return _open(token, DEVICE_PREFIX, _DEVICE, self._device)

    def challenge(self, body: bytes) -> str:
        """Return what somebody shall work on; it is followed by a number."""
        return CHALLENGE_PREFIX + _encode(body + self._challenge(body))

    def read_challenge(self, text: str) -> bytes | None:
        """Return the body, or None for what this key never made."""
        return _open(text, CHALLENGE_PREFIX, _CHALLENGE, self._challenge)

    def registration_access_token(
        self, client_id: str, epoch: UUID | None = None
    ) -> str:
        """Return what a self-registered client manages itself with (RFC 7592).

        Args:
            client_id: Whose.
            epoch: The one that it was issued in, if any has begun (ADR-0040).
        """
        body = client_id.encode() + (b"" if epoch is None else b"\0" + epoch.bytes)
        return REGISTRATION_PREFIX + _encode(self._registration(body))

    def is_registration_access_token(
        self, token: str, client_id: str, epoch: UUID | None = None
    ) -> bool:
        """Tell whether a token is the one of this client, in constant time."""
        expected = self.registration_access_token(client_id, epoch)
        return hmac.compare_digest(expected.encode(), token.encode())

    def form_token(self, *bound_to: str) -> str:
        """Return the token that a form carries, bound to the browser that got it."""
        parts = b"".join(_framed(part.encode()) for part in bound_to)
        return _encode(self._form(parts))

    def is_form_token(self, token: str, *bound_to: str) -> bool:
        """Tell whether a token is the one of a form bound to this, in constant time."""
        expected = self.form_token(*bound_to)
        return hmac.compare_digest(expected.encode(), token.encode())

    def one_time_token(self, purpose: str, token_id: UUID) -> str:
        """Return the secret of a one-time link; it works for its purpose only."""
        mac = self._one_time(purpose.encode() + b"\0" + token_id.bytes)
        return ONE_TIME_PREFIX + _encode(token_id.bytes + mac)

    def read_one_time_token(self, purpose: str, token: str) -> UUID | None:
        """Return the id of the token's row, or None for what this key never made."""
        context = purpose.encode() + b"\0"
        body = _open(token, ONE_TIME_PREFIX, 16, self._one_time, context)
        return None if body is None else UUID(bytes=body)

    def cursor(self, listing: str, parts: list[str]) -> str:
        """Return an opaque page cursor; a changed one is refused, not interpreted."""
        body = json.dumps(parts, separators=(",", ":")).encode()
        return _encode(self._cursor(listing.encode() + b"\0" + body)[:16] + body)

    def read_cursor(self, listing: str, cursor: str) -> list[str] | None:
        """Return the parts of a cursor made for this listing, or None."""
        raw = _decode(cursor, limit=4_096) or b""
        mac, body = raw[:16], raw[16:]
        expected = self._cursor(listing.encode() + b"\0" + body)[:16]
        if not hmac.compare_digest(mac, expected):
            return None
        parts: list[str] = json.loads(body)
        return parts

    def one_time_code(self, purpose: str, token_id: UUID) -> str:
        """Return the digits that may be typed instead of following the link."""
        mac = self._code(purpose.encode() + b"\0" + token_id.bytes)
        number = int.from_bytes(mac, "big") % 10**CODE_DIGITS
        return f"{number:0{CODE_DIGITS}d}"

    def code_matches(self, purpose: str, token_id: UUID, code: str) -> bool:
        """Compare in constant time; anything that is not the digits is wrong."""
        expected = self.one_time_code(purpose, token_id)
        return hmac.compare_digest(expected.encode(), code.encode())


def _framed(part: bytes) -> bytes:
    """Return the part with its length, so that no two lists of parts are alike."""
    return len(part).to_bytes(8, "big") + part


def _counted(prefix: str, row_id: UUID, counter: int, mac_of: _Mac) -> str:
    body = row_id.bytes + counter.to_bytes(_COUNTER, "big")
    return prefix + _encode(body + mac_of(body))


def _read_counted(token: str, prefix: str, mac_of: _Mac) -> tuple[UUID, int] | None:
    body = _open(token, prefix, 16 + _COUNTER, mac_of)
    if body is None:
        return None
    return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big")


def _open(
    token: str, prefix: str, length: int, mac_of: _Mac, context: bytes = b""
) -> bytes | None:
    """Return the body of a token whose MAC holds; one spelling only is accepted."""
    raw = _decode(token.removeprefix(prefix)) if token.startswith(prefix) else None
    if raw is None or len(raw) != length + _MAC:
        return None
    body, mac = raw[:length], raw[length:]
    return body if hmac.compare_digest(mac, mac_of(context + body)) else None


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str, limit: int = 128) -> bytes | None:
    if len(text) > limit or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return None
    return raw if _encode(raw) == text else None
