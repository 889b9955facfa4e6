"""OpenID Connect against a provider that does what it should."""

import json
from typing import Any

import pytest

from app.core.jose import generate_key
from app.core.outbound.published import ASKED_EVERY
from app.upstreams.metadata import KEPT_FOR
from app.upstreams.protocol import Asking, Reason, Refused, Tokens
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.upstreams.conftest import REDIRECT_URI, STATE, Connections, query_of
from tests.upstreams.simulator import CLIENT_ID, SECRET, Simulator, pem


async def test_somebody_comes_back_with_who_they_are(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.signed = {"acr": "urn:mfa", "amr": ["pwd", "otp"], "sid": "s-1"}
    simulator.told = {"groups": ["staff"]}
    simulator.given = {"refresh_token": "refresh-1"}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.subject, found.issuer) == ("248289761001", simulator.url)
    assert (found.email, found.email_verified) == ("janedoe@example.com", True)
    assert (found.acr, found.amr, found.auth_time) == ("urn:mfa", ("pwd", "otp"), None)
    assert found.claims["groups"] == ["staff"]
    assert found.tokens.refresh_token == "refresh-1"
    assert found.tokens.session_id == "s-1"
    assert found.tokens.access_token is None
    assert "eyJ" not in repr(found) and "refresh-1" not in repr(found)


async def test_the_request_asks_for_what_it_should(
    upstreams: Connections, simulator: Simulator
) -> None:
    connector = upstreams.connect(
        "oidc", issuer=simulator.url, scopes=["openid"], response_mode="form_post"
    )

    begun = await connector.begin(
        Asking(
            state=STATE,
            login_hint="jane@example.com",
            prompt="login",
            max_age=0,
            acr_values=("a", "b"),
            ui_locales=("de", "en"),
        )
    )

    query = query_of(begun.url)
    assert begun.url.startswith(f"{simulator.url}/authorize?")
    assert len(query.pop("code_challenge")) == 43
    assert len(query.pop("nonce")) == 43
    assert query == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": STATE,
        "code_challenge_method": "S256",
        "response_mode": "form_post",
        "login_hint": "jane@example.com",
        "prompt": "login",
        "max_age": "0",
        "acr_values": "a b",
        "ui_locales": "de en",
    }
    assert begun.returns_by_post
    assert begun.kept.code_verifier not in begun.url


async def test_nothing_is_asked_that_nobody_wants(
    upstreams: Connections, simulator: Simulator
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    begun = await connector.begin(Asking(state=STATE))

    asked = {"login_hint", "prompt", "max_age", "acr_values", "ui_locales"}
    assert asked.isdisjoint(query_of(begun.url))
    assert not begun.returns_by_post


@pytest.mark.parametrize(
    ("said", "settings", "by"),
    [
        (None, {}, "basic"),
        (["client_secret_post"], {}, "post"),
        (["client_secret_post", "client_secret_basic"], {}, "basic"),
        (None, {"authentication": "client_secret_post"}, "post"),
    ],
)
async def test_the_client_proves_itself_by_what_is_offered(
    upstreams: Connections, simulator: Simulator, said: Any, settings: Any, by: str
) -> None:
    if said is not None:
        simulator.said = {"token_endpoint_auth_methods_supported": said}
    connector = upstreams.connect("oidc", issuer=simulator.url, **settings)

    await upstreams.sign_in(connector, simulator)

    [form] = simulator.forms
    assert form.get("by", "post") == by
    assert form["client_secret"] == SECRET


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
@pytest.mark.parametrize("audience", ["token_endpoint", "issuer"])
async def test_the_client_proves_itself_by_a_key(
    upstreams: Connections, simulator: Simulator, algorithm: str, audience: str
) -> None:
    connector = upstreams.connect(
        "oidc",
        issuer=simulator.url,
        client_secret=...,
        private_key=pem(generate_key(algorithm)),
        key_id="k1" if audience == "issuer" else None,
        assertion_audience=audience,
    )

    await upstreams.sign_in(connector, simulator)

    [form] = simulator.forms
    header, claims = parts(form["client_assertion"])
    assert header["alg"] == algorithm
    meant = {"token_endpoint": simulator.at("token"), "issuer": simulator.url}
    assert claims["aud"] == meant[audience]
    assert claims["exp"] - claims["iat"] == 60
    assert (header["kid"] == "k1") == (audience == "issuer")
    assert "client_secret" not in form


async def test_metadata_and_keys_are_kept_for_minutes(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    await upstreams.sign_in(connector, simulator)
    clock.advance(seconds=KEPT_FOR - 1)
    await upstreams.sign_in(connector, simulator)
    assert (simulator.asked("discovery"), simulator.asked("keys")) == (1, 1)

    clock.advance(seconds=2)
    await upstreams.sign_in(connector, simulator)
    assert (simulator.asked("discovery"), simulator.asked("keys")) == (2, 2)


async def test_a_new_key_is_asked_for_once(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    await upstreams.sign_in(connector, simulator)
    clock.advance(seconds=ASKED_EVERY)

    simulator.rotate()
    found = await upstreams.sign_in(connector, simulator)

    assert found.subject == "248289761001"
    assert simulator.asked("keys") == 2


async def test_keys_made_up_do_not_have_the_set_asked_for_at_will(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    await upstreams.sign_in(connector, simulator)
    clock.advance(seconds=ASKED_EVERY)
    simulator.header = {"kid": "made up"}

    for _ in range(5):
        reason, _ = await upstreams.refused(connector, simulator)
        assert reason is Reason.WRONG_SIGNATURE

    assert simulator.asked("keys") == 2


async def test_an_answer_that_names_its_issuer_is_taken(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.said = {"authorization_response_iss_parameter_supported": True}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    assert (await upstreams.sign_in(connector, simulator)).subject == "248289761001"


@pytest.mark.parametrize("without", ["endpoint", "wish"])
async def test_userinfo_is_asked_only_where_there_is_one(
    upstreams: Connections, simulator: Simulator, without: str
) -> None:
    if without == "endpoint":
        simulator.said = {"userinfo_endpoint": ...}
    wished = without != "wish"
    connector = upstreams.connect("oidc", issuer=simulator.url, userinfo=wished)

    found = await upstreams.sign_in(connector, simulator)

    assert found.email == "janedoe@example.com"
    assert simulator.asked("userinfo") == 0


async def test_a_refresh_tells_who_they_are_now(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.given = {"refresh_token": "refresh-1"}
    connector = upstreams.connect("oidc", issuer=simulator.url)
    before = await upstreams.sign_in(connector, simulator)
    simulator.person["name"] = "Jane Smith"
    simulator.given = {"refresh_token": "refresh-2"}

    after = await connector.refresh(before.subject, before.tokens)

    assert after.claims["name"] == "Jane Smith"
    assert after.tokens.refresh_token == "refresh-2"
    assert after.tokens.id_token != before.tokens.id_token


async def test_a_refresh_without_id_token_is_told_by_userinfo(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.given = {"id_token": ...}
    connector = upstreams.connect("oidc", issuer=simulator.url)
    before = Tokens(refresh_token="refresh-1", id_token="eyJ.old.one")

    after = await connector.refresh("248289761001", before)

    assert (after.subject, after.issuer) == ("248289761001", simulator.url)
    assert after.tokens.refresh_token == "refresh-1"
    assert after.tokens.id_token == "eyJ.old.one"


@pytest.mark.parametrize(
    ("tokens", "given", "who", "reason"),
    [
        (Tokens(), {}, "248289761001", Reason.WITHDRAWN),
        (Tokens(refresh_token="ended"), {}, "248289761001", Reason.WITHDRAWN),
        (Tokens(refresh_token="refresh-1"), {}, "another", Reason.WRONG_SUBJECT),
    ],
)
async def test_a_refresh_that_is_over_or_of_another_is_refused(
    upstreams: Connections,
    simulator: Simulator,
    tokens: Tokens,
    given: Any,
    who: str,
    reason: Reason,
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    with pytest.raises(Refused) as caught:
        await connector.refresh(who, tokens)

    assert caught.value.reason is reason


async def test_a_refresh_that_tells_nothing_is_refused(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.given = {"id_token": ...}
    connector = upstreams.connect("oidc", issuer=simulator.url, userinfo=False)

    with pytest.raises(Refused) as caught:
        await connector.refresh("248289761001", Tokens(refresh_token="refresh-1"))

    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("kept", "hint"),
    [
        (Tokens(id_token="eyJ.a.b", session_id="one"), {"id_token_hint": "eyJ.a.b"}),
        (Tokens(session_id="one"), {"logout_hint": "one"}),
        (Tokens(), {"logout_hint": "248289761001"}),
    ],
)
async def test_the_session_there_is_ended_where_the_provider_says(
    upstreams: Connections, simulator: Simulator, kept: Tokens, hint: dict[str, str]
) -> None:
    simulator.said = {"end_session_endpoint": f"{simulator.url}/logout?a=b"}
    connector = upstreams.connect("oidc", issuer=simulator.url)
    there = "https://here.example.com/"

    url = await connector.sign_out("248289761001", kept, there, STATE)

    asked = {"a": "b", "client_id": CLIENT_ID, "state": STATE}
    assert query_of(url) == asked | hint | {"post_logout_redirect_uri": there}


async def test_a_provider_without_sign_out_is_left_alone(
    upstreams: Connections, simulator: Simulator
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    there = "https://here.example.com/"
    assert await connector.sign_out("1", Tokens(), there, "s") is None


# The test button


async def test_the_test_says_what_it_saw(
    upstreams: Connections, simulator: Simulator
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    steps = await connector.test()

    assert [(step.name, step.ok) for step in steps] == [
        ("discovery", True),
        ("keys", True),
        ("client", True),
    ]
    assert steps[0].saw == f"it is {simulator.url}"
    assert steps[1].saw == "1 keys; it signs by RS256 ES256"
    assert steps[2].saw == "it knows this client"
    assert SECRET not in json.dumps([step.saw for step in steps])


_FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"said": {"issuer": "https://evil.example"}}, "discovery", "https://evil.example"),
    ({"keys": (200, {}, b"[]")}, "keys", "no JWK Set"),
    ({"keys": (200, {}, b'{"keys": []}')}, "keys", "0 keys"),
    ({"said": {"id_token_signing_alg_values_supported": ["HS256"]}}, "keys", "HS256"),
    ({"token": (401, {}, b'{"error": "invalid_client"}')}, "client", "invalid_client"),
    ({"token": (401, {}, b"no")}, "client", "status 401"),
    ({"token": (503, {}, b"")}, "client", "server error"),
]


@pytest.mark.parametrize(("fault", "step", "saw"), _FAULTS)
async def test_the_test_stops_at_the_first_fault(
    upstreams: Connections, simulator: Simulator, fault: Any, step: str, saw: str
) -> None:
    simulator.said = fault.get("said", {})
    simulator.instead = {
        simulator.at(name): answer for name, answer in fault.items() if name != "said"
    }
    connector = upstreams.connect("oidc", issuer=simulator.url)

    steps = await connector.test()

    assert [each.ok for each in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].name == step
    assert saw in steps[-1].saw


@pytest.mark.parametrize(
    "answer", [(400, {}, b'{"error": "invalid_request"}'), (200, {}, b"{}")]
)
async def test_the_test_says_what_it_cannot_know(
    upstreams: Connections, simulator: Simulator, answer: Any
) -> None:
    simulator.instead = {simulator.at("token"): answer}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    steps = await connector.test()

    assert steps[-1].ok
    assert steps[-1].saw.startswith("it does not say whether it knows this client")


@pytest.mark.parametrize("said", [..., ["sub"], "auth_time", None, [["auth_time"]]])
async def test_who_does_not_tell_when_is_not_asked_how_long_ago(
    upstreams: Connections, simulator: Simulator, said: Any
) -> None:
    """Dex answers ``max_age`` without ``auth_time``: nobody would get in."""
    simulator.said = {"claims_supported": said}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    begun = await connector.begin(Asking(state=STATE, prompt="login", max_age=0))

    assert "max_age" not in query_of(begun.url) and not begun.checks_age
    assert query_of(begun.url)["prompt"] == "login"


@pytest.mark.parametrize(
    ("kind", "issuer", "prompt"),
    [
        ("google", "https://accounts.google.com", "select_account"),
        ("slack", "https://slack.com", None),
        ("linkedin", "https://www.linkedin.com/oauth", None),
    ],
)
async def test_a_prompt_that_a_provider_refuses_is_not_sent(
    world: Connections, start: Any, kind: str, issuer: str, prompt: str | None
) -> None:
    start(issuer)
    connector = world.connect(kind)

    begun = await connector.begin(Asking(state=STATE, prompt="login"))

    assert query_of(begun.url).get("prompt") == prompt
