"""Kinds that speak OpenID Connect, against simulators that behave as documented."""

from typing import Any

import pytest

from app.upstreams.kinds import KINDS
from app.upstreams.kinds.slack import TEAM
from app.upstreams.protocol import Asking, ConnectionConfig, Reason
from tests.support.chance import FakeClock
from tests.upstreams.conftest import REDIRECT_URI, STATE, Connections, query_of
from tests.upstreams.simulator import PERSON, Behaviour, Simulator

SIGNED_SHORT = ("sub",)

# Those that deviate in data alone, or nearly

# What is told besides by some, and who somebody is to others.
_TOLD: dict[str, dict[str, Any]] = {
    "google": {"hd": "example.com"},
    "slack": {TEAM: "T0R7GR"},
}
_WHO = {"slack": f"T0R7GR.{PERSON['sub']}"}

_PLAIN: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "google": ({}, "https://accounts.google.com", {}),
    "gitlab": ({}, "https://gitlab.com", {"in_id_token": SIGNED_SHORT}),
    "gitlab of one's own": (
        {"url": "https://git.example.com/lab/"},
        "https://git.example.com/lab",
        {"in_id_token": SIGNED_SHORT},
    ),
    "slack": (
        {},
        "https://slack.com",
        {"pkce_error": "internal_error", "error_status": 200},
    ),
    "linkedin": (
        {},
        "https://www.linkedin.com/oauth",
        {"pkce_error": "invalid_client", "has_nonce": False},
    ),
    "okta": ({"domain": "example.okta.com"}, "https://example.okta.com", {}),
    "okta with a server": (
        {"domain": "example.okta.com", "authorization_server": "default"},
        "https://example.okta.com/oauth2/default",
        {"in_id_token": SIGNED_SHORT},
    ),
    "auth0": ({"domain": "example.eu.auth0.com"}, "https://example.eu.auth0.com/", {}),
    "keycloak": (
        {"url": "https://id.example.com/auth/", "realm": "staff"},
        "https://id.example.com/auth/realms/staff",
        {},
    ),
}


@pytest.mark.parametrize(
    ("name", "settings", "issuer", "behaviour"),
    [(name, *row) for name, row in _PLAIN.items()],
    ids=_PLAIN,
)
async def test_somebody_signs_in(
    world: Connections,
    start: Any,
    name: str,
    settings: dict[str, Any],
    issuer: str,
    behaviour: dict[str, Any],
) -> None:
    simulator = start(issuer, **behaviour)
    simulator.person |= _TOLD.get(name, {})
    connector = world.connect(name.partition(" ")[0], **settings)

    found = await world.sign_in(connector, simulator)
    refused = await world.refused(connector, simulator, code="made up")
    steps = await connector.test()

    assert (found.subject, found.issuer) == (_WHO.get(name, PERSON["sub"]), issuer)
    assert (found.email, found.email_verified) == (PERSON["email"], True)
    assert refused[0] is Reason.PROVIDER_ERROR
    assert [step.ok for step in steps] == [True, True, True]
    assert steps[-1].saw == "it knows this client"


@pytest.mark.parametrize("kind", ["slack", "linkedin"])
async def test_the_engine_as_it_is_would_not_do_there(
    upstreams: Connections, clock: FakeClock, kind: str
) -> None:
    """What makes a kind of it is needed, as the simulator is told by documents."""
    _, _, behaviour = _PLAIN[kind]
    with Simulator(clock, behaviour=Behaviour(**behaviour)) as simulator:
        connector = upstreams.connect(
            "oidc", issuer=simulator.url, authentication="client_secret_post"
        )

        reason, detail = await upstreams.refused(connector, simulator)

    assert reason is Reason.PROVIDER_ERROR
    assert behaviour["pkce_error"] in detail


async def test_linkedin_that_has_a_nonce_has_the_right_one(
    world: Connections, start: Any
) -> None:
    simulator = start("https://www.linkedin.com/oauth", has_nonce=False)
    simulator.signed = {"nonce": "another"}
    connector = world.connect("linkedin")

    assert (await world.refused(connector, simulator))[0] is Reason.WRONG_NONCE


async def test_a_provider_by_https_does_not_lead_to_plain_http(
    world: Connections, start: Any
) -> None:
    simulator = start("https://accounts.google.com")
    simulator.said = {"token_endpoint": "http://accounts.google.com/token"}

    refused = await world.refused(world.connect("google"), simulator)

    assert refused[0] is Reason.METADATA


# Slack


async def test_an_id_of_another_workspace_is_somebody_else(
    world: Connections, start: Any
) -> None:
    """Ids of users may be the same in two workspaces; anybody makes a workspace."""
    simulator = start("https://slack.com", error_status=200)
    connector, found = world.connect("slack"), []
    for team in ("T1", "T2"):
        simulator.person[TEAM] = team
        found.append((await world.sign_in(connector, simulator)).subject)

    assert found == [f"T1.{PERSON['sub']}", f"T2.{PERSON['sub']}"]


@pytest.mark.parametrize("team", [None, "", 7, ["T1"], "T1.U2", "T 1", "T" * 101])
async def test_who_is_of_no_workspace_is_nobody(
    world: Connections, start: Any, team: Any
) -> None:
    simulator = start("https://slack.com", error_status=200)
    simulator.person[TEAM] = team

    refused = await world.refused(world.connect("slack"), simulator)

    assert refused[0] is Reason.MALFORMED


# Google


async def test_google_is_asked_for_one_organization_and_held_to_it(
    world: Connections, start: Any
) -> None:
    simulator = start("https://accounts.google.com")
    connector = world.connect(
        "google", hosted_domain="example.com", offline=True, scopes=["calendar"]
    )

    query = query_of((await connector.begin(Asking(state=STATE))).url)
    without = await world.refused(connector, simulator)
    simulator.signed = {"hd": "evil.example"}
    other = await world.refused(connector, simulator)
    simulator.signed = {"hd": "example.com"}
    found = await world.sign_in(connector, simulator)

    assert (query["hd"], query["access_type"]) == ("example.com", "offline")
    assert query["scope"] == "openid profile email calendar"
    assert without == (Reason.NOT_ADMITTED, "hd is None")
    assert other == (Reason.NOT_ADMITTED, "hd is evil.example")
    assert found.subject == PERSON["sub"]


@pytest.mark.parametrize(
    ("told", "is_verified"),
    [
        ({}, False),
        ({"hd": ""}, False),
        ({"hd": ["example.com"]}, False),
        ({"hd": "example.com"}, True),
        ({"hd": "example.com", "email_verified": "true"}, False),
        ({"hd": "example.com", "email_verified": False}, False),
        ({"email": "Jane.Doe@Gmail.com"}, True),
        ({"email": "jane@googlemail.com"}, True),
        ({"email": "jane@gmail.com", "email_verified": False}, False),
        ({"email": "jane@gmail.com.evil.example"}, False),
        ({"email": "jane@notgmail.com"}, False),
    ],
)
async def test_t074_google_is_believed_of_addresses_that_it_looks_after(
    world: Connections, start: Any, told: dict[str, Any], is_verified: bool
) -> None:
    """Whoever left a company keeps an account with the address that they had there."""
    simulator = start("https://accounts.google.com")
    simulator.person |= told

    found = await world.sign_in(world.connect("google"), simulator)

    assert found.email_verified is is_verified


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_settings_of_another_kind_are_no_connection(
    kind: Any, world: Connections
) -> None:
    other = KINDS["oidc" if kind.name != "oidc" else "keycloak"].settings
    config = ConnectionConfig(
        name="acme",
        kind=kind.name,
        settings=other.model_construct(),
        redirect_uri=REDIRECT_URI,
    )

    with pytest.raises(TypeError, match=kind.name):
        kind.connect(config, world.world)
    assert kind.title and kind.settings.__doc__
