"""What the package lets in, and what it says to whom it does not."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from auth_serve_client import Refused, ResourceServer, Unavailable
from auth_serve_client.asgi import BearerMiddleware
from auth_serve_client.fastapi import publish_metadata, requires
from auth_serve_client.keys import Keys
from fastapi import Depends, FastAPI

from tests.resource_server.issuer import API, ISSUER, Issuer


@pytest.fixture
def issuer() -> Issuer:
    """An issuer."""
    return Issuer()


@pytest.fixture
async def server(issuer: Issuer) -> AsyncIterator[ResourceServer]:
    """An API that trusts it."""
    async with issuer.http() as http:
        yield ResourceServer(ISSUER, API, http=http, scopes=("read", "write"))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


async def _refused(server: ResourceServer, token: str) -> str:
    with pytest.raises(Refused) as refused:
        await server.authenticate(f"Bearer {token}")
    assert (refused.value.status, refused.value.error) == (401, "invalid_token")
    return refused.value.hint


async def test_a_token_of_the_issuer_is_let_in(
    issuer: Issuer, server: ResourceServer
) -> None:
    """RFC 9068 §4: both spellings of the type; RFC 7519 §4.1.3: aud may be a list."""
    for token in (
        issuer.token(),
        issuer.token("application/at+jwt", aud=["x", API], scope=["read", "write"]),
    ):
        found = await server.authenticate(f"bearer {token}")
        assert (found.subject, found.client_id) == ("ada", "shop")
        assert found.scope == {"read", "write"}


_WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another API": {"aud": "https://stock.example"},
    "part of an audience": {"aud": [f"{API}/x", "orders"]},
    "no audience": {"aud": None},
    "expired": {"exp": int(time.time()) - 60},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "an end that is true": {"exp": True},
    "not valid yet": {"nbf": int(time.time()) + 86_400},
    "no client": {"client_id": None},
    "no id": {"jti": None},
    "an ID token": {"nonce": "n"},
    "a logout token": {"events": {}},
}


@pytest.mark.parametrize("what", _WRONG)
async def test_what_is_no_token_for_this_api_is_refused(
    issuer: Issuer, server: ResourceServer, what: str
) -> None:
    """RFC 9068 §4: iss, aud and exp MUST be validated."""
    await _refused(server, issuer.token(**_WRONG[what]))


async def test_types_and_algorithms_are_fixed(
    issuer: Issuer, server: ResourceServer
) -> None:
    """RFC 8725 §3.1, §3.11, §2.1: explicit type, no `none`, no key for a secret."""
    for typ in ("JWT", "revoked-tokens+jwt", "logout+jwt", "forward-auth+jwt"):
        await _refused(server, issuer.token(typ))
    header, claims, signature = issuer.token().split(".")
    named = {"kid": issuer.keys[0].kid, "typ": "at+jwt"}
    none = _encoded(json.dumps(named | {"alg": "none"}).encode())
    signed = _encoded(json.dumps(named | {"alg": "HS256"}).encode()) + f".{claims}"
    published = issuer.keys[0].as_pem(private=False)
    forged = _encoded(hmac.digest(published, signed.encode(), "sha256"))
    for token in (
        f"{none}.{claims}.",
        f"{signed}.{forged}",
        f"{header}.{claims}.{signature[:-4]}AAAA",
        "x",
        "a.b.c",
        "é.é.é",
        "",
    ):
        await _refused(server, token)


async def test_a_token_of_type_jwt_is_taken_where_the_resource_is_so(
    issuer: Issuer,
) -> None:
    async with issuer.http() as http:
        server = ResourceServer(ISSUER, API, http=http, token_type="JWT")
        await server.authenticate(f"Bearer {issuer.token('JWT')}")
        id_token = issuer.token("JWT", client_id=None, jti=None, nonce="n")
        await _refused(server, id_token)


async def test_a_key_that_is_new_is_found_and_strangers_do_not_have_it_looked_for(
    issuer: Issuer, server: ResourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.authenticate(f"Bearer {issuer.token()}")
    before = issuer.token()
    issuer.rotate()
    monkeypatch.setattr(server._keys, "_tried_at", float("-inf"))
    await server.authenticate(f"Bearer {issuer.token()}")
    await server.authenticate(f"Bearer {before}")
    assert issuer.asked == 2

    stranger = Issuer()
    for _ in range(20):
        await _refused(server, stranger.token())
    assert issuer.asked == 2


async def test_known_keys_are_good_through_an_outage_and_not_for_ever(
    issuer: Issuer, server: ResourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = f"Bearer {issuer.token()}"
    await server.authenticate(token)
    issuer.is_away = True
    keys = server._keys
    monkeypatch.setattr(keys, "_read_at", keys._read_at - 600)
    monkeypatch.setattr(keys, "_tried_at", float("-inf"))
    await server.authenticate(token)
    assert issuer.asked == 2

    monkeypatch.setattr(keys, "_read_at", keys._read_at - 3_600)
    with pytest.raises(Unavailable):
        await server.authenticate(token)


def _api(server: ResourceServer) -> FastAPI:
    app = FastAPI()
    publish_metadata(app, server)

    @app.get("/orders", dependencies=[Depends(requires(server, "read"))])
    async def orders() -> str:
        return "orders"

    @app.get("/admin", dependencies=[Depends(requires(server, "admin"))])
    async def admin() -> str:
        return "admin"

    strong = requires(server, acr=("aal2",), max_age=30)

    @app.get("/pay", dependencies=[Depends(strong)])
    async def pay() -> str:
        return "paid"

    return app


async def test_refusals_say_what_is_needed(
    issuer: Issuer, server: ResourceServer
) -> None:
    """RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1: what is missing, and where to get it."""
    transport = httpx2.ASGITransport(app=_api(server))
    async with httpx2.AsyncClient(transport=transport, base_url=API) as api:
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        strong = issuer.token(acr="aal2", auth_time=int(time.time()))
        known = await api.get("https://orders.example/orders", headers=headers)
        nobody = await api.get("https://orders.example/orders")
        wrong = await api.get(
            "https://orders.example/orders", headers={"Authorization": "Bearer x"}
        )
        admin = await api.get("https://orders.example/admin", headers=headers)
        weak = await api.get("https://orders.example/pay", headers=headers)
        paid = await api.get(
            "https://orders.example/pay", headers={"Authorization": f"Bearer {strong}"}
        )
        where = "https://orders.example/.well-known/oauth-protected-resource/api"
        metadata = await api.get(where)

    told = "www-authenticate"
    assert (known.status_code, paid.status_code) == (200, 200)
    assert nobody.headers[told] == f'Bearer resource_metadata="{where}"'
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers[told]
    assert admin.status_code == 403
    assert 'error="insufficient_scope", scope="admin"' in admin.headers[told]
    assert weak.status_code == 401
    needed = 'error="insufficient_user_authentication", acr_values="aal2", max_age="30"'
    assert needed in weak.headers[told]
    assert metadata.json() == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read", "write"],
    }


async def test_plain_asgi_is_guarded_alike(
    issuer: Issuer, server: ResourceServer
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        token = scope["state"].get("access_token")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = (token.subject if token else "open").encode()
        await send({"type": "http.response.body", "body": body})

    guarded = BearerMiddleware(app, server, scope=["read"], open_paths=["/health"])

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})
        await guarded(scope, receive, send)

    transport = httpx2.ASGITransport(app=outer)
    base = "https://orders.example"
    async with httpx2.AsyncClient(transport=transport, base_url=base) as api:
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        poor = {"Authorization": f"Bearer {issuer.token(scope='write')}"}
        known = await api.get("/", headers=headers)
        twice = await api.get("/", headers=[*headers.items(), *headers.items()])
        unscoped = await api.get("/", headers=poor)
        health = await api.get("/health")
        metadata = await api.get("/.well-known/oauth-protected-resource/api")

    assert (known.status_code, known.text) == (200, "ada")
    assert (twice.status_code, unscoped.status_code) == (401, 403)
    assert health.text == "open"
    assert metadata.json()["resource"] == API


async def test_nobody_is_let_in_while_nobody_can_say_whether_they_may(
    issuer: Issuer, server: ResourceServer
) -> None:
    """RFC 9110 §15.6.4: without keys a token is not refused, and not believed."""
    issuer.is_away = True
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    for app in (_api(server), BearerMiddleware(_api(server), server)):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=API) as api:
            answer = await api.get("https://orders.example/orders", headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "www-authenticate" not in answer.headers


async def test_a_websocket_is_opened_for_a_token_that_holds(
    issuer: Issuer, server: ResourceServer
) -> None:
    """RFC 6455 §7.4.1: 1008, its policy; ASGI makes that a 403 to the handshake."""
    opened: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        opened.append(scope["state"]["access_token"].subject)

    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    field = (b"authorization", f"Bearer {issuer.token()}".encode())
    for headers in ([], [field, field], [field]):
        scope = {"type": "websocket", "path": "/", "headers": headers}
        await BearerMiddleware(app, server)(scope, _nothing, send)

    assert opened == ["ada"]
    assert said == [{"type": "websocket.close", "code": 1008}] * 2


async def _nothing() -> Any:
    raise AssertionError("nobody asks what comes")


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_issuer_that_hangs_is_asked_once_by_all_that_wait(
    is_known: bool,
) -> None:
    """The pause begins when the attempt is over, which may take as long itself."""
    issuer, asked = Issuer(), 0
    is_hanging = not is_known
    jwks = {"keys": [key.as_dict(private=False) for key in issuer.keys]}

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        if is_hanging:
            await asyncio.sleep(0.2)
            raise httpx2.ConnectTimeout("hangs", request=request)
        return httpx2.Response(200, json=jwks)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    keys = Keys(http, "https://auth.example/jwks", fresh=0.05, pause=0.2)
    token = issuer.token()
    if is_known:
        await keys.verify(token, ("at+jwt",))
        await asyncio.sleep(0.25)
        is_hanging, asked = True, 0

    each = [keys.verify(token, ("at+jwt",)) for _ in range(6)]
    results = await asyncio.gather(*each, return_exceptions=True)

    assert asked == 1
    assert all(isinstance(one, dict) is is_known for one in results)
