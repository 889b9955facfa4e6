"""A provider of identity, which says of people whatever a test wants (EvilIdP)."""

import json
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

from app.core.clock import Clock
from tests.servers.http import Answer
from tests.workloads.issuers import WorkloadIssuer


class Provider(WorkloadIssuer):
    """Knows one person at a time.

    Attributes:
        person: What its ID token says of them, besides what it has to.
        refreshes: Whether it gives refresh tokens, each good once.
        used: Those that it was asked with.
        answer: What it answers to one instead of tokens.
    """

    def __init__(self, clock: Clock) -> None:
        """Listen; nobody is known yet."""
        super().__init__()
        self._clock = clock
        self.handler = self._serve
        self.person: dict[str, Any] = {}
        self.said = {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"],
            "authorization_response_iss_parameter_supported": True,
        }
        self._nonces: dict[str, str] = {}
        self.refreshes = False
        self.used: list[str] = []
        self.good: set[str] = set()
        self.answer: Answer | None = None

    def back(self, location: str, **changed: str) -> str:
        """Sign the person in; return the address that they are sent back to.

        Args:
            location: Where this provider was asked.
            changed: Parameters of the answer that are otherwise.
        """
        asked = dict(parse_qsl(urlsplit(location).query))
        assert location.startswith(self.url)
        code = f"code-{len(self._nonces)}"
        self._nonces[code] = asked["nonce"]
        answer = {"code": code, "state": asked["state"], "iss": self.url} | changed
        query = "&".join(f"{name}={value}" for name, value in answer.items())
        path = urlsplit(asked["redirect_uri"]).path
        return f"{path}?{query}"

    def _serve(self, method: str, path: str, headers: Message, body: bytes) -> Answer:
        if path == "/token":
            return self._token(parse_qs(body.decode()))
        return self._answer(method, path, headers, body)

    def _token(self, form: dict[str, list[str]]) -> Answer:
        if form["grant_type"] == ["refresh_token"]:
            [token] = form["refresh_token"]
            self.used.append(token)
            if self.answer is not None:
                return self.answer
            if token not in self.good:
                return 400, {}, b'{"error": "invalid_grant"}'
            self.good.remove(token)
            form["code"] = [""]
        nonce, now = self._nonces.pop(form["code"][0], ""), self._clock.now()
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": "here",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "nonce": nonce,
            "sub": "ann-there",
            **self.person,
        }
        told = {
            "access_token": "at",
            "token_type": "Bearer",
            "id_token": self.sign(claims),
        }
        if self.refreshes:
            told["refresh_token"] = f"rt-{uuid4()}"
            self.good.add(told["refresh_token"])
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()
