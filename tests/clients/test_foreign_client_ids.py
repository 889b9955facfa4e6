"""Client identifiers of other products: made, used, managed, and nobody's subject."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from tests.factories.oauth import Application
from tests.security.forgery import parts
from tests.support.api import Api
from tests.support.client import events, fields, make, seen
from tests.support.oauth import Protocol

# As the products make them, and all that ASCII has besides.
IDS = {
    "okta": "0oa1gjh63g214q0Hq0g4",
    "google": "123456789012-" + "a1b2c3d4" * 4 + ".apps.googleusercontent.com",
    "entra": "6731de76-14a6-49ae-97bc-6eba6914391e",
    "doorkeeper": "Zo8Jz9uFQ4yZc1vG2hXb7nKpR3tSw5LdMa6eIiOoUuY",
    "zitadel": "268397821746413570@shop",
    "keycloak": "https://shop.example.com/sso?x=1#y",
    "one letter": "x",
    "a path": "a/secrets/../b//c",
    "a dash in front": "--help",
    "encoded": "a%2Fb+c%",
    "markup": "<b>\"&'`$(id)\\;{{1}}",
    "cased": "SHOP",
    "long": "https://" + "%/" * 123 + "!",
}
ORDERS = {"orders:read": "See orders"}


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"scopes": ORDERS}}


def _path(client_id: str, more: str = "") -> str:
    return f"/clients/{quote(client_id, safe='')}{more}"


@pytest.mark.parametrize("kind", IDS)
async def test_an_identifier_of_another_product_comes_along(
    api: Api, kind: str
) -> None:
    """RFC 6749 appendix A.1: printable ASCII; read, changed, deleted by its URL."""
    client_id, admin = IDS[kind], await api.admin()

    answer = await api.post("/clients", _MACHINE | {"client_id": client_id}, admin)
    made = answer.json()
    assert (answer.status_code, made["client_id"]) == (201, client_id), answer.text
    where = answer.headers.get("location", "/api/v1" + _path(client_id))
    read = await api.get(where.removeprefix("/api/v1"), admin)
    changed = await api.patch(_path(client_id), {"client_name": "Other"}, admin)
    secret = await api.post(_path(client_id, "/secrets"), {}, admin)
    old = _path(client_id, f"/secrets/{secret.json()['id']}")
    revoked = await api.delete(old, admin)
    listed = await api.get("/clients", admin)
    gone = await api.delete(_path(client_id), admin)

    assert (read.status_code, read.json()["client_id"]) == (200, client_id)
    assert (changed.status_code, secret.status_code) == (200, 201), secret.text
    assert (revoked.status_code, gone.status_code) == (204, 204)
    assert [one["client_id"] for one in listed.json()["items"]] == [client_id]
    told = {event.data["client_id"] for event in await events(api.runtime)}
    assert told == {client_id}
    assert (await api.get(_path(client_id), admin)).status_code == 404


_MACHINE: dict[str, Any] = {
    "client_name": "Machine",
    "grant_types": ["client_credentials"],
    "scope": "orders:read",
}


@pytest.mark.parametrize("kind", IDS)
async def test_a_machine_of_any_identifier_is_no_person(
    protocol: Protocol, kind: str
) -> None:
    """RFC 9700 §4.15: ``sub`` of a client is never one that a person could have."""
    api, client_id = protocol.api, IDS[kind]
    made = await make(api, await api.admin(), **_MACHINE, client_id=client_id)
    auth = client_id, made["client_secret"]
    form = {"grant_type": "client_credentials"}

    raw: Any = await protocol.http.post("/oauth2/token", data=form, auth=auth)
    named = {"client_id": client_id, "client_secret": made["client_secret"]}
    posted = await protocol.http.post("/oauth2/token", data=form | named)
    token = posted.json()["access_token"]
    asked = await protocol.http.post(
        "/oauth2/introspect", data=named | {"token": token}
    )
    encoded = tuple(quote(half, safe="") for half in auth)
    ended = await protocol.http.post(
        "/oauth2/revoke", data={"token": token}, auth=(encoded[0], encoded[1])
    )

    assert (raw.status_code, posted.status_code) == (200, 200), raw.text
    assert ended.status_code == 200
    claims = parts(token)[1]
    assert claims["client_id"] == client_id
    is_unclear = kind in ("entra", "doorkeeper")
    assert claims["sub"] == (f"client:{client_id}" if is_unclear else client_id)
    known = asked.json()
    assert (known["active"], known["client_id"]) == (True, client_id)
    assert known["sub"] == claims["sub"]


async def test_a_client_named_like_an_account_is_not_taken_for_it(
    protocol: Protocol,
) -> None:
    """RFC 9700 §4.15: neither by ``sub``, nor where people's tokens are asked."""
    api = protocol.api
    person = await api.users()
    made = await make(api, await api.admin(), **_MACHINE, client_id=str(person.id))
    answer = await protocol.http.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(str(person.id), made["client_secret"]),
    )
    token = answer.json()["access_token"]

    subject = parts(token)[1]["sub"]
    own = await protocol.http.get(
        "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}
    )

    assert subject != str(person.id)
    with pytest.raises(ValueError):
        UUID(subject)
    assert own.status_code == 401
    assert (await protocol.userinfo(token)).status_code in (401, 403)


@pytest.mark.parametrize("kind", ["entra", "a path", "markup", "long"])
async def test_people_sign_in_to_it_and_take_it_back(
    protocol: Protocol, kind: str
) -> None:
    """OIDC Core §2: ``aud`` is the identifier; consents are found by it."""
    api, client_id = protocol.api, IDS[kind]
    admin = await api.admin()
    made = await make(api, admin, client_id=client_id)
    app = Application(client_id, made["client_secret"])

    signed_in = await protocol.signed_in(app)

    assert parts(signed_in.tokens["id_token"])[1]["aud"] == client_id
    assert (await seen(api.runtime, client_id)).client_id == client_id
    person = await api.person()
    path = f"/users/me/consents/{quote(client_id, safe='')}"
    answer = await api.delete(path, person)
    assert (answer.status_code, answer.json()["code"]) == (404, "consent_not_found")


@pytest.mark.parametrize(
    "client_id",
    ["", " ", "a b", "caf\u00e9", "a\tb", "a\n", "\u2010", ".", "..", "x" * 256]
    + ["auth-serve", "Auth-Serve", "http://localhost:8000/x", "HTTP://LOCALHOST:8000"],
)
async def test_what_is_no_identifier_is_refused(api: Api, client_id: str) -> None:
    """RFC 6749 appendix A.1: and neither is what no path can name, nor what is ours."""
    answer = await api.post(
        "/clients", _MACHINE | {"client_id": client_id}, await api.admin()
    )

    assert fields(answer) == ["client_id"]


async def test_access_tokens_are_for_no_application_that_signs_people_in(
    api: Api,
) -> None:
    """OIDC Core §3.1.3.7: ``aud`` of ID and access tokens are kept apart."""
    admin, name = await api.admin(), "https://api.example"
    machine = _MACHINE | {"audience": name, "client_id": "machine"}

    await make(api, admin, client_id="https://rp.example")
    taken = await api.post(
        "/clients", machine | {"audience": "https://rp.example"}, admin
    )
    own = {"redirect_uris": ["https://a.example/cb"], "client_id": "api:x"}
    itself = await api.post("/clients", own | {"audience": "api:x"}, admin)
    assert (await api.post("/clients", machine, admin)).status_code == 201
    late = await api.post("/clients", own | {"client_id": name}, admin)
    resource = {"client_id": name, "is_resource_server": True, "audience": name}
    asks_only = {"grant_types": ["client_credentials"], "client_name": "API"}
    fine = await api.post("/clients", resource | asks_only, admin)
    turned = await api.patch(
        _path(name),
        {
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": ["https://a.example/cb"],
        },
        admin,
    )

    assert fields(taken) == ["audience"]
    assert fields(itself) == ["client_id"]
    assert fields(late) == ["client_id"]
    assert fine.status_code == 201, fine.text
    assert fields(turned) == ["client_id"]
