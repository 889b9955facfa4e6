"""An API that reads what was revoked, and judges tokens by nothing else."""

from base64 import urlsafe_b64decode
from typing import Any
from uuid import UUID

from app.core import jose
from app.oauth.resources.revoked import client_entry, entry_digest
from app.services.sessions.end import end_session
from tests.factories.oauth import Application
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol, SignedIn

PATH = "/oauth2/revoked"
API = "https://orders.example"


class Reader:
    """An API that reads the feed, and judges tokens by nothing else."""

    def __init__(self, protocol: Protocol, app: Application, clock: FakeClock) -> None:
        self._protocol = protocol
        self.app = app
        self.clock = clock

    async def get(self, **headers: str) -> Any:
        """Ask, when the last look of the process is over."""
        self.clock.advance(seconds=1)
        return await self._protocol.http.get(
            PATH, headers={**self.app.basic, **headers}
        )

    async def claims(self) -> dict[str, Any]:
        """Return what it is told, once the signature is verified."""
        answer = await self.get()
        assert answer.status_code == 200, answer.text
        ring = self._protocol.runtime.ring
        kid = jose.unverified_header(answer.text)["kid"]
        key = ring.by_kid(kid, self.clock.now())
        assert key is not None
        return jose.verify(
            answer.text, key.key, algorithm=key.algorithm, typ="revoked-tokens+jwt"
        )

    async def refuses(self, token: str) -> bool:
        """Tell whether a token is among what ended."""
        told, claims = await self.claims(), parts(token)[1]
        entries = [UUID(claims["jti"]), client_entry(claims["client_id"])]
        if "grant_id" in claims:
            entries.append(UUID(claims["grant_id"]))
        raw = read_bytes(told["revoked"])
        length = told["digest_length"]
        listed = {raw[at : at + length] for at in range(0, len(raw), length)}
        is_old = claims["iat"] <= told.get("tokens_not_before", 0)
        client = entry_digest(client_entry(claims["client_id"]))
        for text, since in told.get("clients_not_before", {}).items():
            is_old |= read_bytes(text) == client and claims["iat"] <= since
        return is_old or any(entry_digest(each) in listed for each in entries)


def read_bytes(text: str) -> bytes:
    """Read base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def sign_out(protocol: Protocol, who: SignedIn) -> None:
    """End the session that somebody signed in with."""
    async with protocol.runtime.unit_of_work() as uow:
        await end_session(uow, who.user.id, who.issued.session_id, "owner")


async def make_reader(protocol: Protocol, clock: FakeClock) -> Reader:
    """Register a resource server."""
    columns = {"is_resource_server": True, "audience": API}
    return Reader(protocol, await protocol.apps(columns=columns), clock)
