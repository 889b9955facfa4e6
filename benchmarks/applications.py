"""What applications ask of the provider, over and over; the same of any build."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from httpx2 import AsyncClient

from benchmarks.builds import NotKnown
from benchmarks.load import Answer, Connection, Step, get, post_form
from tests.factories.oauth import REDIRECT_URI, VERIFIER
from tests.factories.resource import ORDERS

_TOKEN = "/oauth2/token"
_URN = "urn:ietf:params:oauth"


@dataclass
class Application:
    """One of those of `benchmarks.provider`: how it proves itself, and its codes."""

    authorization: str
    codes: deque[str]

    def post(self, path: str, fields: Mapping[str, str]) -> bytes:
        """Return a request of this application."""
        return post_form(path, fields, self.authorization)

    async def sign_in(self, connection: Connection) -> dict[str, Any]:
        """Return the tokens of somebody who signed in there: redeem the next code."""
        fields = {
            "grant_type": "authorization_code",
            "code": self.codes.popleft(),
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        answer: Answer = await connection.send(self.post(_TOKEN, fields))
        tokens: dict[str, Any] = answer.json()
        return tokens


@dataclass
class Applications:
    """All of them, with tokens of as many sign-ins as there are connections."""

    machine: Application
    web: Application
    plain: Application
    of_web: list[dict[str, Any]]
    of_caller: list[dict[str, Any]]
    of_sender: list[dict[str, Any]]
    caller: Application
    sender: Application | None = None
    gateway: Application | None = None

    @classmethod
    async def signed_in(cls, port: int, made: Mapping[str, Any], count: int) -> Self:
        """Sign in at those that a build registered."""
        known = {
            name: Application(each["authorization"], deque(each["codes"]))
            for name, each in made.items()
        }
        connection = await Connection.open(port)
        web, caller, sender = [
            [
                await known[name].sign_in(connection)
                for _ in range(count if name in known else 0)
            ]
            for name in ("web", "caller", "sender")
        ]
        connection.close()
        return cls(**known, of_web=web, of_caller=caller, of_sender=sender)

    def client_credentials(self) -> list[Step]:
        """One that speaks for itself."""
        request = self.machine.post(_TOKEN, {"grant_type": "client_credentials"})
        return [repeated(request) for _ in self.of_web]

    def client_credentials_for_a_resource(self) -> list[Step]:
        """The same for an API by name (RFC 8707)."""
        fields = {"grant_type": "client_credentials", "resource": ORDERS}
        request = self.machine.post(_TOKEN, fields)
        return [repeated(request) for _ in self.of_web]

    def exchange(self) -> list[Step]:
        """An API that exchanges each token that it was sent (RFC 8693).

        Raises:
            NotKnown: The build has no exchange.
        """
        if self.gateway is None:
            raise NotKnown("token exchange")
        fields = {
            "grant_type": f"{_URN}:grant-type:token-exchange",
            "subject_token_type": f"{_URN}:token-type:access_token",
            "resource": ORDERS,
        }
        tokens = (each["access_token"] for each in self.of_sender)
        return [
            repeated(self.gateway.post(_TOKEN, {**fields, "subject_token": each}))
            for each in tokens
        ]

    def introspection(self) -> list[Step]:
        """One that asks what a token is."""
        return [
            repeated(self.web.post("/oauth2/introspect", {"token": each}))
            for each in self._access_tokens()
        ]

    def userinfo(self) -> list[Step]:
        """One that asks who somebody is."""
        return [
            repeated(get("/oauth2/userinfo", each)) for each in self._access_tokens()
        ]

    def refresh(self) -> list[Step]:
        """One that calls an API, and wants no ID token."""
        return [_refreshes(each, self.caller) for each in self.of_caller]

    def refresh_with_id_token(self) -> list[Step]:
        """One that people sign in at."""
        return [_refreshes(each, self.web) for each in self.of_web]

    def code_exchange(self) -> list[Step]:
        """One that chose nothing, so that its ID tokens are by RS256."""

        async def step(connection: Connection) -> bool:
            return "id_token" in await self.plain.sign_in(connection)

        return [step for _ in self.of_web]

    async def until_told(self, http: AsyncClient, pause: float) -> float:
        """Return the seconds from a revocation to the answer of an API that waited.

        Args:
            http: What asks.
            pause: Seconds that it waited before.

        Raises:
            NotKnown: The build tells nobody.
        """
        feed, fields = "/oauth2/revoked", {"grant_type": "client_credentials"}
        reader = {"Authorization": self.gateway.authorization if self.gateway else ""}
        first = await http.get(feed, headers=reader)
        if first.status_code != 200:
            raise NotKnown("the feed of revoked tokens")
        machine = {"Authorization": self.machine.authorization}
        made = await http.post(_TOKEN, data=fields, headers=machine)
        known = {"If-None-Match": first.headers["etag"], "Prefer": "wait=30"}
        waiting = asyncio.create_task(http.get(feed, headers=reader | known))
        await asyncio.sleep(pause)
        began, token = time.perf_counter(), made.json()["access_token"]
        await http.post("/oauth2/revoke", data={"token": token}, headers=machine)
        answer = await waiting
        if answer.status_code != 200:
            raise RuntimeError(f"it was told nothing: {answer.status_code}")
        return time.perf_counter() - began

    def _access_tokens(self) -> list[str]:
        return [str(each["access_token"]) for each in self.of_web]


def made_anew(make: Callable[[], bytes]) -> Step:
    """Return a step that succeeds with 200, its request made each time."""

    async def step(connection: Connection) -> bool:
        return (await connection.send(make())).status == 200

    return step


def repeated(request: bytes) -> Step:
    """Return a step that always sends the same and succeeds with 200."""
    return made_anew(lambda: request)


def _refreshes(tokens: Mapping[str, Any], application: Application) -> Step:
    """Return an application that exchanges each refresh token for the next."""

    def request(token: str) -> bytes:
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        return application.post(_TOKEN, fields)

    return rotating(str(tokens["refresh_token"]), request)


def rotating(token: str, request: Callable[[str], bytes]) -> Step:
    """Return a step that exchanges a refresh token for the next one."""
    newest = token

    async def step(connection: Connection) -> bool:
        nonlocal newest
        answer = await connection.send(request(newest))
        newest = str(answer.json()["refresh_token"])
        return True

    return step
