"""The ways in and out of a protected host, by a browser.

In as at any application: to ``/oauth2/authorize`` and back with a code, which is bound
to the browser by PKCE and ``state``. Both are made from a value that the browser keeps
for this host, so that several tabs do not disturb one another, nothing is stored, and a
code that somebody else began opens nothing here (login CSRF).
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.core.context import current, refused
from app.events.protected_host import HostEntered, HostLeft, HostRefused
from app.events.session import SessionRevoked
from app.oauth.acr import TWO_FACTORS
from app.oauth.errors import InvalidRequest, OAuthError, error_codes
from app.oauth.parameters import Parameters, parse_form
from app.oauth.pkce import METHOD, check_pkce
from app.oauth.ports import IssuedCode
from app.services.clients.provider import Provider
from app.services.forward_auth.directory import HostPolicy
from app.services.forward_auth.errors import ForeignReturn, ForeignSignOut
from app.services.forward_auth.gate import CALLBACK, OURS, HostGate
from app.services.forward_auth.original import Original
from app.services.oauth.grant import end_grant
from app.services.oauth.grant_store import CodeStore
from app.services.sessions.end import end_session
from app.utils.helpers import base64url

PAGE = "/protected-host"  # of this service: who somebody is, and where they go on
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_RETURN = 2_000  # characters; who comes from a longer address goes on at the start
_MAC = 32
# OIDC Core section 5.5.1.1: no answer comes of a sign-in that is weaker.
_BY_TWO_FACTORS = {
    "claims": json.dumps(
        {"id_token": {"acr": {"essential": True, "values": [TWO_FACTORS]}}}
    )
}
_NONE: Sequence[str] = ()
# What a browser says of a request that the person at the host made (Fetch Metadata).
_OWN = {
    "sec-fetch-site": ("same-origin", "none"),
    "sec-fetch-dest": ("document", "empty"),
    "sec-purpose": (),
}


@dataclass(frozen=True, slots=True)
class Led:
    """Where the browser goes on, and what it keeps."""

    url: str
    cookies: tuple[str, ...] = ()


class HostEntrance:
    """Leads browsers in and out of protected hosts."""

    def __init__(self, provider: Provider, gate: HostGate) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider
        self._gate = gate
        self._cookies = gate.cookies

    def begin(
        self, original: Original, policy: HostPolicy, *, by_two_factors: bool = False
    ) -> Led:
        """Send a browser to sign in, and back to where it is."""
        more = _BY_TWO_FACTORS if by_two_factors else {}
        return self._begin(original, policy, original.target, more)

    def begin_as_other(self, original: Original, policy: HostPolicy) -> Led:
        """Send a browser to choose an account, and back to the start of the host."""
        return self._begin(original, policy, "/", {"prompt": "select_account"})

    def _begin(
        self, original: Original, policy: HostPolicy, to: str, more: dict[str, str]
    ) -> Led:
        known = self._value(original)
        value = known or self._provider.randomness.token()
        kept = self._cookies.write(self._cookies.host_browser, value)
        if len(to) > _MAX_RETURN or to.startswith(OURS):
            to = "/"
        state = self._state(original.host, value, to)
        challenge = hashlib.sha256(self._verifier(value, state).encode()).digest()
        query = {
            "response_type": "code",
            "client_id": policy.client_id,
            "redirect_uri": original.origin + CALLBACK,
            "scope": "openid profile email",
            "state": state,
            "code_challenge": base64url(challenge),
            "code_challenge_method": METHOD,
            **more,
        }
        issuer = self._provider.settings.public_url
        return Led(
            f"{issuer}/oauth2/authorize?{urlencode(query)}", () if known else (kept,)
        )

    async def finish(self, original: Original, policy: HostPolicy) -> Led:
        """Let a browser in that comes back from signing in.

        Raises:
            ForeignReturn: It was not begun here, or its code is not good any more.
        """
        try:
            answer = parse_form(original.query)
        except OAuthError as error:
            raise ForeignReturn(hint=str(error)) from None
        value = self._value(original)
        to = self._read_state(original.host, value, answer.get("state", ""))
        if "error" in answer:  # the person said no, or the account is disabled
            _note(answer["error"])
            return self._out(policy)
        grant_id = await self._redeem(answer, original, policy, value)
        row = await self._gate.entering(grant_id)
        if row is None:
            raise ForeignReturn(hint="it ended at once")
        current().user_id = row.user_id
        if not policy.admits_row(row, self._provider.settings.mfa):
            if policy.would_admit_row(row) and row.acr != TWO_FACTORS:
                return await self._step_up(row, original, policy, to)
            return await self.refuse(row, policy)
        async with self._provider.unit_of_work() as uow:
            uow.record(
                HostEntered(
                    user_id=row.user_id, host=policy.host, session_id=row.session_id
                )
            )
        secret = self._provider.secret_key.host_session(row.id, policy.host)
        ttl = self._provider.settings.oauth.absolute_ttl
        kept = self._cookies.write(self._cookies.host, secret, ttl)
        return Led(original.origin + to, (kept,))

    async def _redeem(
        self, answer: Parameters, original: Original, policy: HostPolicy, value: str
    ) -> UUID:
        """Use the code up, as the token endpoint would (RFC 6749 section 4.1.3)."""
        codes = CodeStore(self._provider)
        issued = await codes.redeem(answer.get("code", ""), policy.client_id)
        if issued is None:
            raise ForeignReturn(hint=codes.reason)
        verifier = self._verifier(value, answer["state"])
        flaw = _flaw(issued, verifier, original.origin + CALLBACK)
        if flaw:
            await codes.end_begun()
            raise ForeignReturn(hint=flaw)
        return issued.grant_id

    async def _step_up(
        self, row: Any, original: Original, policy: HostPolicy, to: str
    ) -> Led:
        """Have two factors proven; the grant of one is no use here."""
        now, reason = self._provider.clock.now(), "host_step_up"
        async with self._provider.unit_of_work() as uow:
            await uow.oauth_grants.revoke(row.id, at=now, reason=reason)
        return self._begin(original, policy, to, _BY_TWO_FACTORS)

    async def refuse(self, row: Any, policy: HostPolicy) -> Led:
        """Send a browser to read why it may not enter; its grant is over.

        Once for each, so that the trail tells of it and is not filled by it.
        """
        refused = HostRefused(
            user_id=row.user_id, host=policy.host, session_id=row.session_id
        )
        await end_grant(self._provider, row.id, "host_forbidden", refused)
        return self._out(policy)

    async def leave(self, original: Original, policy: HostPolicy, row: Any) -> Led:
        """Sign out at the host, and everywhere if the host is so configured.

        Args:
            original: The request to the host's path for it.
            policy: Of the host.
            row: The visitor's grant; None if there is none.

        Raises:
            ForeignSignOut: Nobody at the host itself asked for it.
        """
        flaw = _foreign(original)
        if flaw:
            raise ForeignSignOut(hint=flaw)
        if row is not None:
            await self._end(row, policy)
        return self._out(policy)

    async def _end(self, row: Any, policy: HostPolicy) -> None:
        current().user_id = row.user_id
        async with self._provider.unit_of_work() as uow:
            now = uow.clock.now()
            await uow.oauth_grants.revoke(row.id, at=now, reason="host_sign_out")
            ended = policy.ends_session and await end_session(
                uow, row.user_id, row.session_id, "logout"
            )
            if ended:
                uow.record(
                    SessionRevoked(
                        user_id=row.user_id, session_id=row.session_id, reason="logout"
                    )
                )
            uow.record(
                HostLeft(
                    user_id=row.user_id,
                    host=policy.host,
                    session_id=row.session_id,
                    session_ended=ended,
                )
            )

    def page(self, policy: HostPolicy) -> Led:
        """Lead to our own page about a host."""
        issuer, query = self._provider.settings.public_url, {"host": policy.host}
        return Led(f"{issuer}{PAGE}?{urlencode(query)}")

    def _out(self, policy: HostPolicy) -> Led:
        """Lead there, and take the host's cookie away."""
        gone = self._cookies.write(self._cookies.host, "", 0)
        return Led(self.page(policy).url, (gone,))

    def _value(self, original: Original) -> str:
        """Return what this browser keeps for the host, or nothing."""
        fields = original.fields.get("cookie", _NONE)
        value = self._cookies.read(fields, self._cookies.host_browser)
        return value if _VALUE.fullmatch(value) else ""

    def _state(self, host: str, value: str, to: str) -> str:
        body = to.encode()
        return base64url(self._mac(b"host_state", host, value, body) + body)

    def _read_state(self, host: str, value: str, state: str) -> str:
        """Return the path that a browser wanted when it began.

        Raises:
            ForeignReturn: It was not this browser, or not at this host.
        """
        try:
            raw = urlsafe_b64decode(state + "=" * (-len(state) % 4))
        except ValueError:
            raise ForeignReturn(hint="state is malformed") from None
        mac, body = raw[:_MAC], raw[_MAC:]
        ours = self._mac(b"host_state", host, value, body)
        if not value or not hmac.compare_digest(mac, ours):
            raise ForeignReturn(hint="state of another browser or host")
        return body.decode()

    def _verifier(self, value: str, state: str) -> str:
        return base64url(self._mac(b"host_verifier", state, value, b""))

    def _mac(self, purpose: bytes, first: str, value: str, body: bytes) -> bytes:
        digest = self._provider.secret_key.digest
        return digest(purpose, first.encode(), value.encode(), body)


def _foreign(original: Original) -> str:
    """Return what says that no person at the host asked for it, or nothing.

    Cookies come along from every site, and with what a page of the host shows of
    others (a picture in a wiki), and with what a browser fetches beforehand. Sibling
    hosts are other programs: whoever writes at one signs nobody out of another.
    Browsers without Fetch Metadata say none of it, nor do any over plain HTTP.
    """
    for name, own in _OWN.items():
        for each in original.fields.get(name, _NONE):
            if each not in own:
                return f"{name}: {each[:40]!r}"
    return ""


def _note(said: str) -> None:
    """Say why a browser came back without a code.

    It brought the word itself: what is no code of ours stands in no trace and no line.
    """
    if said in error_codes():
        refused(said)
    else:
        refused(InvalidRequest.error, "an error that is none of ours came back")


def _flaw(issued: IssuedCode, verifier: str, address: str) -> str:
    """Return what is wrong with the way in which a code came, or nothing."""
    if issued.redirect_uri != address:
        return "authorized for another address"
    try:
        check_pkce(issued.code_challenge, verifier)
    except OAuthError as error:
        return error.hint or error.error
    return ""
