"""Apple: an answer by form, a name that is told once, a secret that is signed."""

import json
from typing import Any

import pytest

from app.core.jose import generate_key
from app.upstreams.protocol import Asking, Reason
from tests.security.forgery import parts
from tests.upstreams.conftest import STATE, Connections, query_of
from tests.upstreams.simulator import CLIENT_ID, Simulator, pem

APPLE_KEY = pem(generate_key("ES256"))
APPLE_SETTINGS = {
    "client_secret": ...,
    "team_id": "DEF123GHIJ",
    "key_id": "ABC123DEFG",
    "private_key": APPLE_KEY,
}


@pytest.fixture
def apple(start: Any, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """Apple: it takes a secret that its team signed."""
    simulator: Simulator = start("https://appleid.apple.com")
    simulator.person["email_verified"] = "true"
    simulator.said = {"userinfo_endpoint": ...}
    monkeypatch.setattr(simulator, "_is_client", _is_signed)  # as Apple judges
    return simulator


def _is_signed(form: dict[str, str]) -> bool:
    header, claims = parts(form["client_secret"])
    return (header["alg"], header["kid"]) == ("ES256", "ABC123DEFG") and claims == {
        "iss": "DEF123GHIJ",
        "sub": CLIENT_ID,
        "aud": "https://appleid.apple.com",
        "iat": claims["iat"],
        "exp": claims["iat"] + 300,
    }


_USER = {"name": {"firstName": "Jane", "lastName": "Doe"}, "email": "evil@example.com"}


async def test_apple_answers_by_form_and_tells_a_name_once(
    world: Connections, apple: Simulator
) -> None:
    apple.person.pop("name")
    connector = world.connect("apple", **APPLE_SETTINGS)
    begun = await connector.begin(Asking(state=STATE))

    first = await world.sign_in(connector, apple, user=json.dumps(_USER))
    later = await world.sign_in(connector, apple)

    assert begun.returns_by_post
    assert query_of(begun.url)["response_mode"] == "form_post"
    assert query_of(begun.url)["scope"] == "openid name email"
    assert first.claims["name"] == "Jane Doe"
    assert (first.claims["given_name"], first.claims["family_name"]) == ("Jane", "Doe")
    assert (first.email, first.email_verified) == ("janedoe@example.com", True)
    assert "name" not in later.claims


@pytest.mark.parametrize(
    "user",
    [
        "",
        "no JSON",
        "[]",
        '{"name": "Jane"}',
        '{"name": {"firstName": 7, "lastName": "a\\u0000"}}',
        json.dumps(_USER | {"more": "a" * 4_096}),
    ],
)
async def test_apple_names_that_are_none(
    world: Connections, apple: Simulator, user: str
) -> None:
    apple.person.pop("name")
    connector = world.connect("apple", **APPLE_SETTINGS)

    found = await world.sign_in(connector, apple, user=user)

    assert {"name", "given_name", "family_name"}.isdisjoint(found.claims)


async def test_apple_is_told_that_somebody_turned_back(
    world: Connections, apple: Simulator
) -> None:
    connector = world.connect("apple", **APPLE_SETTINGS)

    refused = await world.refused(connector, apple, error="user_cancelled_authorize")

    assert refused[0] is Reason.CANCELLED


async def test_what_apple_signed_stands_above_what_the_browser_says(
    world: Connections, apple: Simulator
) -> None:
    """The name comes by the person's browser, who may write there what they like."""
    connector = world.connect("apple", **APPLE_SETTINGS)

    found = await world.sign_in(
        connector, apple, user=json.dumps(_USER | {"name": {"firstName": "Mallory"}})
    )

    assert found.claims["name"] == "Jane Doe"
    assert found.email == "janedoe@example.com"
