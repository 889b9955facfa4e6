"""An issuer that is a few answers, for what a real one does seldom."""

import time
from typing import Any
from uuid import uuid4

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

ISSUER = "https://auth.example"
API = "https://orders.example/api"


class Issuer:
    """Signs tokens; may rotate its key, and be away."""

    def __init__(self) -> None:
        """Have one key."""
        self.asked = 0
        self.is_away = False
        self.keys: list[ECKey] = []
        self.rotate()

    def rotate(self) -> None:
        """Sign with another key from now on; the ones before stay published."""
        made = ECKey.generate_key("P-256", {"kid": uuid4().hex, "alg": "ES256"})
        self.keys.append(made)

    def token(self, typ: str = "at+jwt", **changes: Any) -> str:
        """Return a token; None takes a claim away."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "ada",
            "aud": API,
            "client_id": "shop",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
            "scope": "read write",
            "acr": "aal1",
            "auth_time": now - 60,
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[-1]
        header = {"alg": "ES256", "kid": key.kid, "typ": typ}
        return str(jwt.encode(header, claims, key))

    def http(self) -> httpx2.AsyncClient:
        """Return what asks it."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        if self.is_away:
            raise httpx2.ConnectError("away", request=request)
        return httpx2.Response(
            200, json={"keys": [key.as_dict(private=False) for key in self.keys]}
        )
