"""Kinds without OpenID Connect: GitHub, Discord, Facebook, X."""

import hashlib
import hmac
from typing import Any

import pytest

from app.upstreams.protocol import Asking, Reason, Refused, Tokens
from tests.upstreams.conftest import REDIRECT_URI, STATE, Connections, query_of
from tests.upstreams.simulator import SECRET, Simulator

GITHUB_USER: dict[str, Any] = {
    "id": 583231,
    "login": "octocat",
    "name": "The Octocat",
    "email": "shown@example.com",
    "avatar_url": "https://avatars.githubusercontent.com/u/583231",
    "html_url": "https://github.com/octocat",
}
GITHUB_EMAILS: list[Any] = [
    {"email": "old@example.com", "primary": False, "verified": True},
    {"email": "octocat@example.com", "primary": True, "verified": True},
]
_OAUTH: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, Any]]] = {
    "github": (
        {},
        {"token": "https://github.com/login/oauth/access_token"},
        {
            "https://api.github.com/user": GITHUB_USER,
            "https://api.github.com/user/emails": GITHUB_EMAILS,
        },
    ),
    "github of one's own": (
        {"url": "https://git.example.com"},
        {"token": "https://git.example.com/login/oauth/access_token"},
        {
            "https://git.example.com/api/v3/user": GITHUB_USER,
            "https://git.example.com/api/v3/user/emails": GITHUB_EMAILS,
        },
    ),
    "discord": (
        {},
        {"token": "https://discord.com/api/oauth2/token"},
        {
            "https://discord.com/api/users/@me": {
                "id": "80351110224678912",
                "username": "nelly",
                "global_name": None,
                "email": "nelly@example.com",
                "verified": True,
            }
        },
    ),
    "facebook": (
        {},
        {"token": "https://graph.facebook.com/v23.0/oauth/access_token"},
        {
            "https://graph.facebook.com/v23.0/me": {
                "id": "1234567890",
                "name": "Jane Doe",
                "email": "jane@example.com",
            }
        },
    ),
    "x": (
        {"email": True},
        {"token": "https://api.x.com/2/oauth2/token"},
        {
            "https://api.x.com/2/users/me": {
                "data": {
                    "id": "2244994945",
                    "username": "XDevelopers",
                    "name": "Developers",
                    "confirmed_email": "dev@example.com",
                }
            }
        },
    ),
}
_PEOPLE = {
    "github": ("583231", "octocat@example.com", True),
    "discord": ("80351110224678912", "nelly@example.com", True),
    "facebook": ("1234567890", "jane@example.com", False),
    "x": ("2244994945", "dev@example.com", True),
}


def _oauth(start: Any, name: str) -> Simulator:
    kind = name.partition(" ")[0]
    _, endpoints, apis = _OAUTH[name]
    is_github = kind == "github"
    simulator: Simulator = start(
        f"https://{kind}.invalid",
        endpoints=endpoints,
        error_status=200 if is_github else 400,
        pkce_error="PKCE" if kind == "facebook" else None,
    )
    simulator.apis = dict(apis)
    simulator.given = {"id_token": ...}
    return simulator


@pytest.mark.parametrize("name", _OAUTH)
async def test_somebody_signs_in_without_openid_connect(
    world: Connections, start: Any, name: str
) -> None:
    kind = name.partition(" ")[0]
    simulator = _oauth(start, name)
    connector = world.connect(kind, **_OAUTH[name][0])
    begun = await connector.begin(Asking(state=STATE, login_hint="jane@example.com"))

    found = await world.sign_in(connector, simulator)
    made_up = await world.refused(connector, simulator, code="made up")
    steps = await connector.test()

    assert (found.subject, found.email, found.email_verified) == _PEOPLE[kind]
    assert made_up[0] is Reason.PROVIDER_ERROR
    assert [(step.name, step.ok) for step in steps] == [("client", True)]
    assert {"nonce", "login_hint"}.isdisjoint(query_of(begun.url))
    assert query_of(begun.url)["redirect_uri"] == REDIRECT_URI
    there = "https://a.example/"
    assert await connector.sign_out("1", found.tokens, there, "s") is None


@pytest.mark.parametrize(
    ("listed", "email"),
    [
        (GITHUB_EMAILS, "octocat@example.com"),
        ([{"email": "a@example.com", "primary": True, "verified": False}], None),
        ([{"email": "a@example.com", "primary": False, "verified": True}], None),
        ([{"email": "a@example.com", "primary": 1, "verified": 1}, "b"], None),
        ({"message": "Not Found"}, None),
        ([], None),
    ],
)
async def test_github_vouches_for_one_address_or_none(
    world: Connections, start: Any, listed: Any, email: str | None
) -> None:
    simulator = _oauth(start, "github")
    simulator.apis["https://api.github.com/user/emails"] = listed
    connector = world.connect("github")

    found = await world.sign_in(connector, simulator)

    assert (found.email, found.email_verified) == (email, email is not None)
    assert "shown@example.com" not in str(found.claims)


async def test_facebook_is_asked_with_a_proof_of_the_secret(
    world: Connections, start: Any
) -> None:
    simulator = _oauth(start, "facebook")
    connector = world.connect("facebook")

    await world.sign_in(connector, simulator)

    proof = hmac.new(SECRET.encode(), b"access-1", hashlib.sha256).hexdigest()
    assert query_of(simulator.requests[-1].path)["appsecret_proof"] == proof


async def test_facebook_says_errors_as_objects(world: Connections, start: Any) -> None:
    simulator = _oauth(start, "facebook")
    error = (
        b'{"error": {"message": "Invalid code", "type": "OAuthException", "code": 1}}'
    )
    simulator.instead = {simulator.at("token"): (400, {}, error)}

    reason, detail = await world.refused(world.connect("facebook"), simulator)

    assert reason is Reason.PROVIDER_ERROR
    assert detail == "the token endpoint says 1 Invalid code"


async def test_x_without_leave_tells_no_address(world: Connections, start: Any) -> None:
    simulator = _oauth(start, "x")
    [user] = simulator.apis.values()
    user = {"data": {k: v for k, v in user["data"].items() if "email" not in k}}
    simulator.apis = {"https://api.x.com/2/users/me": user}
    connector = world.connect("x")

    found = await world.sign_in(connector, simulator)

    assert (found.email, found.email_verified) == (None, False)
    assert "users.email" not in query_of((await connector.begin(_ASKING)).url)["scope"]
    assert "confirmed_email" not in simulator.requests[-1].path


_ASKING = Asking(state=STATE)


@pytest.mark.parametrize("told", [{"data": []}, {}])
async def test_x_that_tells_of_nobody(
    world: Connections, start: Any, told: Any
) -> None:
    simulator = _oauth(start, "x")
    simulator.apis = {"https://api.x.com/2/users/me": told}

    assert (await world.refused(world.connect("x"), simulator))[0] is Reason.MALFORMED


async def test_people_are_looked_at_again_by_the_token_that_is_left(
    world: Connections, start: Any
) -> None:
    simulator = _oauth(start, "github")
    connector = world.connect("github")
    before = await world.sign_in(connector, simulator)
    simulator.apis["https://api.github.com/user"] = GITHUB_USER | {"login": "renamed"}

    after = await connector.refresh(before.subject, before.tokens)
    assert after.claims["preferred_username"] == "renamed"
    with pytest.raises(Refused) as other:
        await connector.refresh("another", before.tokens)
    simulator.instead = {"https://api.github.com/user": (401, {}, b"{}")}
    with pytest.raises(Refused) as ended:
        await connector.refresh(before.subject, before.tokens)
    with pytest.raises(Refused) as without:
        await connector.refresh(before.subject, Tokens())

    assert other.value.reason is Reason.WRONG_SUBJECT
    assert ended.value.reason is Reason.WITHDRAWN
    assert without.value.reason is Reason.WITHDRAWN


async def test_people_are_looked_at_again_by_a_refresh_token(
    world: Connections, start: Any
) -> None:
    simulator = _oauth(start, "discord")
    simulator.given["refresh_token"] = "refresh-1"
    connector = world.connect("discord")
    before = await world.sign_in(connector, simulator)
    assert before.tokens.access_token is None

    after = await connector.refresh(before.subject, before.tokens)
    with pytest.raises(Refused) as ended:
        await connector.refresh(before.subject, Tokens(refresh_token="ended"))

    assert after.tokens.refresh_token == "refresh-1"
    assert ended.value.reason is Reason.WITHDRAWN


@pytest.mark.parametrize(
    ("api", "answer", "reason"),
    [
        ("users/@me", (200, {}, b"[]"), Reason.MALFORMED),
        ("users/@me", (403, {}, b"{}"), Reason.PROVIDER_ERROR),
        ("users/@me", (500, {}, b""), Reason.UNREACHABLE),
    ],
)
async def test_an_api_that_tells_nothing(
    world: Connections, start: Any, api: str, answer: Any, reason: Reason
) -> None:
    simulator = _oauth(start, "discord")
    simulator.instead = {f"https://discord.com/api/{api}": answer}

    refused = await world.refused(world.connect("discord"), simulator)

    assert refused[0] is reason


async def test_answers_of_oauth_are_held_to_their_question(
    world: Connections, start: Any
) -> None:
    simulator = _oauth(start, "discord")
    connector = world.connect("discord")
    github = await world.connect("github").begin(_ASKING)

    state = await world.refused(connector, simulator, state="another")
    with pytest.raises(Refused) as mixed:
        await connector.complete({"code": "a", "state": STATE}, github.kept)

    assert state[0] is Reason.WRONG_STATE
    assert mixed.value.reason is Reason.WRONG_ISSUER
    assert simulator.asked("token") == 0
