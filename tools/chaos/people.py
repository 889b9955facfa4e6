"""People who use the service all the time, and know what they were promised."""

import asyncio
import base64
import json
import time
from typing import Any, NoReturn

import httpx2

from tools.chaos.ledger import OK, Entry, Ledger

PEOPLE = 6
PATIENCE = 5.0  # seconds until somebody gives a request up
NO_ANSWER = "no answer"
PAUSE = 0.1  # seconds before it is tried again
REST = 0.04  # seconds between two requests of somebody
_UNLUCKY = 45.0  # seconds after which one step that never succeeds ends the run
_PASSWORD = "a long walk to the old lighthouse"
_EVERY = 5  # rounds, in one of which an account is made


class NeverAnswered(RuntimeError):
    """One step did not succeed for far longer than any fault lasts."""


class Person:
    """Signs in, refreshes, writes, ends sessions, and looks whether it held."""

    def __init__(self, number: int, url: str) -> None:
        """Somebody who has no account yet."""
        self.ledger = Ledger(0.0)
        self._number = number
        self._email = f"person{number}@example.com"
        self._http = httpx2.AsyncClient(
            base_url=url, timeout=PATIENCE, trust_env=False, headers={"Host": "auth"}
        )
        self._tokens: dict[str, str] = {}
        self._written = 0  # the last name that was sent
        self._name = ""  # the last one that was acknowledged
        self._ended: list[str] = []  # refresh tokens of sessions that are over
        self._made: list[str] = []  # addresses with an account

    async def arrive(self) -> None:
        """Make the account, and sign in."""
        await self._register(self._email)
        self._tokens = await self._sign_in(self._email)

    async def live(self, over: asyncio.Event) -> None:
        """Go through all that people do, until it is over."""
        rounds = 0
        while not over.is_set():
            await self._refresh()
            await self._rename()
            await self._look_at_name()
            await self._end_another_session()
            await self._try_ended()
            if rounds % _EVERY == self._number % _EVERY:
                await self._make_account()
            rounds += 1

    async def audit(self) -> None:
        """Look at every promise once more, and forget those of before."""
        await self._look_at_name()
        await self._refresh()
        for token in self._ended:
            await self._must_be_over(token)
        for email in self._made:
            await self._must_be_there(email)
        self._ended, self._made = [], []

    async def leave(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _refresh(self) -> None:
        sent = {"refresh_token": self._tokens["refresh_token"]}
        answer = await self._until_answered("POST", "auth/refresh", json=sent)
        if answer.status_code == 200:
            self._tokens = answer.json()
        else:
            await self._was_signed_out(answer)

    async def _rename(self) -> None:
        """Write another name with each attempt: which of them holds can be told."""
        begun = time.monotonic()
        while True:
            self._written += 1
            name = f"name {self._written}"
            answer = await self._ask(
                "PATCH", "users/me", json={"name": name}, headers=self._bearer
            )
            if answer is not None and answer.status_code == 200:
                self._name = name
                return
            if answer is not None:
                await self._was_signed_out(answer)
            self._bounded(begun, "users/me")

    async def _look_at_name(self) -> None:
        answer = await self._until_answered("GET", "users/me", headers=self._bearer)
        if answer.status_code != 200:
            await self._was_signed_out(answer)
        elif (found := answer.json()["name"]) != self._name:
            self._lost(f"the name is {found!r} after {self._name!r} was stored")
            self._name = found

    async def _end_another_session(self) -> None:
        """Sign in elsewhere, and end that session from here."""
        other = await self._sign_in(self._email)
        path = f"users/me/sessions/{_session_of(other)}"
        begun, uncertain = time.monotonic(), False
        while True:
            answer = await self._ask("DELETE", path, headers=self._bearer)
            if answer is None:
                uncertain = True
            elif answer.status_code == 204:
                break
            elif answer.status_code == 404:
                if not uncertain:
                    self._lost("a session was gone that somebody had just begun")
                break
            else:
                await self._was_signed_out(answer)
            self._bounded(begun, path)
        self._ended.append(other["refresh_token"])

    async def _try_ended(self) -> None:
        await self._must_be_over(self._ended[self._written % len(self._ended)])

    async def _make_account(self) -> None:
        email = f"{len(self._made)}.{time.monotonic_ns()}.{self._email}"
        await self._register(email)
        self._made.append(email)

    async def _must_be_over(self, token: str) -> None:
        sent = {"refresh_token": token}
        answer = await self._until_answered("POST", "auth/refresh", json=sent)
        if answer.status_code != 401:
            self._lost("a session lives that was ended")

    async def _must_be_there(self, email: str) -> None:
        sent = {"email": email, "password": _PASSWORD}
        answer = await self._until_answered("POST", "auth/login", json=sent)
        if answer.status_code != 200:
            self._lost("an account was made, and nobody can sign in to it")

    async def _register(self, email: str) -> None:
        """Taken is an answer too: to whoever asks again after no answer."""
        sent = {"email": email, "password": _PASSWORD}
        answer = await self._until_answered("POST", "auth/register", json=sent)
        if answer.status_code not in (201, 409):
            _give_up(answer)

    async def _sign_in(self, email: str) -> dict[str, str]:
        sent = {"email": email, "password": _PASSWORD}
        answer = await self._until_answered("POST", "auth/login", json=sent)
        if answer.status_code != 200:
            _give_up(answer)
        return dict(answer.json())

    async def _was_signed_out(self, answer: httpx2.Response) -> None:
        if answer.status_code != 401:
            _give_up(answer)
        what = f"{answer.request.method} {answer.request.url.path}"
        self.ledger.signed_out.append(f"{what}: {answer.json().get('code')}")
        self._tokens = await self._sign_in(self._email)

    def _lost(self, what: str) -> None:
        self.ledger.lost.append(f"person {self._number}: {what}")

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens['access_token']}"}

    async def _until_answered(
        self, method: str, path: str, **how: Any
    ) -> httpx2.Response:
        begun = time.monotonic()
        while (answer := await self._ask(method, path, **how)) is None:
            self._bounded(begun, path)
        return answer

    async def _ask(self, method: str, path: str, **how: Any) -> httpx2.Response | None:
        """Return what was said, or None where it is unknown whether it was done."""
        begun, error, answer = time.monotonic(), OK, None
        try:
            answer = await self._http.request(method, f"/api/v1/{path}", **how)
        except httpx2.TimeoutException:
            error = NO_ANSWER
        except httpx2.TransportError:
            error = "reset"
        if answer is not None and answer.status_code >= 500:
            error = _named(answer)
        ended = time.monotonic()
        self.ledger.entries.append(
            Entry(self._number, f"{method} {path}", begun, ended, error)
        )
        await asyncio.sleep(PAUSE if error else REST)
        return None if error else answer

    def _bounded(self, begun: float, path: str) -> None:
        if time.monotonic() - begun > _UNLUCKY:
            raise NeverAnswered(path)


def _named(answer: httpx2.Response) -> str:
    """Return the status; of ours it is said whether it tells when to come again."""
    is_complete = answer.status_code != 503 or "retry-after" in answer.headers
    return f"{answer.status_code}{'' if is_complete else ' without Retry-After'}"


def _session_of(tokens: dict[str, str]) -> str:
    claims = tokens["access_token"].split(".")[1]
    padded = claims + "=" * (-len(claims) % 4)
    return str(json.loads(base64.urlsafe_b64decode(padded))["sid"])


def _give_up(answer: httpx2.Response) -> NoReturn:
    what = f"{answer.request.method} {answer.request.url}"
    raise RuntimeError(f"{what}: {answer.status_code} {answer.text}")
