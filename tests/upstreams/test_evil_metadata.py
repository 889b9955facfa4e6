"""A hostile provider, or one that is down: metadata, keys, tokens and userinfo."""

from typing import Any

import pytest

from app.core.outbound.published import ASKED_EVERY
from app.upstreams.metadata import KEPT_FOR
from app.upstreams.protocol import Asking, Reason, Refused
from tests.security.forgery import unsigned
from tests.servers.ports import LOOPBACK
from tests.support.chance import FakeClock
from tests.upstreams.conftest import STATE, Connections
from tests.upstreams.lies import HUGE, Lie, given, instead, said, told
from tests.upstreams.simulator import Simulator

_NUL = "\x00"

_METADATA: dict[str, tuple[Lie, Reason]] = {
    "of another": (said(issuer="https://evil.example"), Reason.METADATA),
    "with a slash": (
        lambda evil: evil.said.update(issuer=evil.url + "/"),
        Reason.METADATA,
    ),
    "of nobody": (said(issuer=...), Reason.METADATA),
    "no token endpoint": (said(token_endpoint=...), Reason.METADATA),
    "a script": (said(authorization_endpoint="javascript:alert(1)"), Reason.METADATA),
    "another scheme": (said(token_endpoint="ftp://a.example/token"), Reason.METADATA),
    "no text": (said(jwks_uri=["https://a.example"]), Reason.METADATA),
    "no address": (said(userinfo_endpoint="/userinfo"), Reason.METADATA),
    "a list": (instead("discovery", 200, b"[]"), Reason.MALFORMED),
    "no JSON": (instead("discovery", 200, b"<html>"), Reason.MALFORMED),
    "deep": (instead("discovery", 200, b"[" * 60_000), Reason.MALFORMED),
    "missing": (instead("discovery", 404), Reason.MALFORMED),
    "elsewhere": (
        instead("discovery", 302, b"{}", Location="https://a.example"),
        Reason.MALFORMED,
    ),
    "broken": (instead("discovery", 500), Reason.UNREACHABLE),
    "endless": (
        lambda evil: evil.instead.update({evil.discovery: HUGE}),
        Reason.OVERSIZED,
    ),
}


@pytest.mark.parametrize(("lie", "reason"), _METADATA.values(), ids=_METADATA)
async def test_metadata_that_cannot_stand(
    upstreams: Connections, simulator: Simulator, lie: Lie, reason: Reason
) -> None:
    lie(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)

    with pytest.raises(Refused) as caught:
        await connector.begin(Asking(state=STATE))

    assert caught.value.reason is reason
    assert simulator.asked("token") == 0


async def test_an_issuer_that_changes_is_not_believed_by_its_past(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    await upstreams.sign_in(connector, simulator)

    simulator.said = {"issuer": "https://evil.example"}
    clock.advance(seconds=KEPT_FOR + 1)
    for _ in range(3):  # and it is not asked as often as somebody likes
        with pytest.raises(Refused) as caught:
            await connector.begin(Asking(state=STATE))
        assert caught.value.reason is Reason.METADATA

    assert simulator.asked("discovery") == 2


async def test_an_outage_is_borne_with_for_a_while(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    await upstreams.sign_in(connector, simulator)
    clock.advance(seconds=KEPT_FOR + 1)

    simulator.instead = {simulator.discovery: (503, {}, b"")}
    assert (await upstreams.sign_in(connector, simulator)).subject == "248289761001"

    clock.advance(hours=1)
    with pytest.raises(Refused) as caught:
        await connector.begin(Asking(state=STATE))
    assert caught.value.reason is Reason.UNREACHABLE


_TOKENS: dict[str, tuple[Lie, Reason]] = {
    "no access token": (given(access_token=...), Reason.MALFORMED),
    "an access token that is a list": (given(access_token=["a"]), Reason.MALFORMED),
    "an access token beyond ASCII": (given(access_token="é"), Reason.MALFORMED),
    "an access token with a line": (given(access_token="a\nb"), Reason.MALFORMED),
    "an access token too long": (given(access_token="a" * 16_385), Reason.OVERSIZED),
    "another type": (given(token_type="mac"), Reason.MALFORMED),
    "no type": (given(token_type=...), Reason.MALFORMED),
    "no ID token": (given(id_token=...), Reason.MALFORMED),
    "an error in a 200": (given(error="invalid_grant"), Reason.PROVIDER_ERROR),
    "no JSON": (instead("token", 200, b"access_token=a"), Reason.MALFORMED),
    "elsewhere": (
        instead("token", 307, b"", Location="https://a.example"),
        Reason.PROVIDER_ERROR,
    ),
    "broken": (instead("token", 502), Reason.UNREACHABLE),
    "endless": (
        lambda evil: evil.instead.update({evil.at("token"): HUGE}),
        Reason.OVERSIZED,
    ),
    "keys elsewhere": (said(jwks_uri=f"http://{LOOPBACK}:1/"), Reason.UNREACHABLE),
    "keys that are none": (instead("keys", 200, b'{"keys": 1}'), Reason.MALFORMED),
    "keys broken": (instead("keys", 500), Reason.UNREACHABLE),
    "keys endless": (
        lambda evil: evil.instead.update({evil.at("keys"): HUGE}),
        Reason.OVERSIZED,
    ),
    "userinfo of another": (told(sub="another"), Reason.WRONG_SUBJECT),
    "userinfo of nobody": (told(sub=...), Reason.WRONG_SUBJECT),
    "userinfo refuses": (instead("userinfo", 401), Reason.PROVIDER_ERROR),
    "userinfo is a list": (instead("userinfo", 200, b"[1]"), Reason.MALFORMED),
    "userinfo is signed": (instead("userinfo", 200, b"eyJ.a.b"), Reason.MALFORMED),
    "userinfo endless": (
        lambda evil: evil.instead.update({evil.at("userinfo"): HUGE}),
        Reason.OVERSIZED,
    ),
}


@pytest.mark.parametrize(("lie", "reason"), _TOKENS.values(), ids=_TOKENS)
async def test_what_the_provider_gives_is_not_what_it_should(
    upstreams: Connections, simulator: Simulator, lie: Lie, reason: Reason
) -> None:
    lie(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found, detail = await upstreams.refused(connector, simulator)

    assert found is reason, detail
    assert "code-0" not in detail and "access-1" not in detail


@pytest.mark.parametrize(
    "said", ["true", "True", 1, ["true"], None, False, ...], ids=repr
)
async def test_an_address_is_verified_by_true_alone(
    upstreams: Connections, simulator: Simulator, said: Any
) -> None:
    simulator.told = simulator.signed = {"email_verified": said}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.email, found.email_verified) == ("janedoe@example.com", False)


@pytest.mark.parametrize("said", [7, "", f"a{_NUL}@example.com", "a" * 321, ["a@b.c"]])
async def test_what_is_no_address_is_none(
    upstreams: Connections, simulator: Simulator, said: Any
) -> None:
    simulator.told = simulator.signed = {"email": said}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.email, found.email_verified) == (None, False)


async def test_what_cannot_be_read_of_how_they_signed_in_counts_for_nothing(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.signed = {
        "acr": 2,
        "amr": ["pwd", 7, _NUL, "a" * 256],
        "auth_time": 9e14,
        "sid": ["s"],
    }
    simulator.told = {"acr": "urn:mfa", "amr": ["mfa"]}  # unsigned
    simulator.given = {"expires_in": "3600"}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.acr, found.amr, found.auth_time) == (None, ("pwd",), None)
    assert (found.tokens.session_id, found.tokens.expires_at) == (None, None)


async def test_how_they_signed_in_is_believed_of_what_is_signed_alone(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.told = {"acr": "urn:mfa", "amr": ["mfa"], "auth_time": 1_700_000_000}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.acr, found.amr, found.auth_time) == (None, (), None)


async def test_a_provider_that_is_down_is_left_alone_and_comes_back(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    simulator.instead = {simulator.at("token"): (503, {}, b"")}
    for _ in range(6):
        assert (await upstreams.refused(connector, simulator))[0] is Reason.UNREACHABLE
    assert simulator.asked("token") == 5  # the breaker of the host is open

    simulator.instead = {}
    clock.advance(seconds=31)
    assert (await upstreams.sign_in(connector, simulator)).subject == "248289761001"


async def test_a_host_that_may_not_be_called_is_not(
    rerouted: Connections, upstreams: Connections, simulator: Simulator
) -> None:
    internal = "http://169.254.169.254/latest"
    simulator.said = {"jwks_uri": internal}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    reason, detail = await upstreams.refused(connector, simulator)

    assert reason is Reason.UNREACHABLE
    assert detail == "plain http to 169.254.169.254"


async def test_pictures_are_not_fetched(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.person["picture"] = f"{simulator.url}/picture"
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert found.claims["picture"] == f"{simulator.url}/picture"
    assert simulator.asked("picture") == 0


async def test_a_key_set_that_changes_back_and_forth_is_asked_for_seldom(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    await upstreams.sign_in(connector, simulator)
    clock.advance(seconds=ASKED_EVERY)
    simulator.rotate()
    simulator.forged = unsigned

    for _ in range(3):
        assert (await upstreams.refused(connector, simulator))[0] is (
            Reason.WRONG_SIGNATURE
        )

    assert simulator.asked("keys") == 2


async def test_a_token_endpoint_that_fails_closes_the_way_to_its_host(
    upstreams: Connections, simulator: Simulator
) -> None:
    """An administrator named the host, so that readiness tells of it."""
    connector = upstreams.connect("oidc", issuer=simulator.url)
    simulator.instead[simulator.at("token")] = (503, {}, b"")
    for _ in range(5):
        await upstreams.refused(connector, simulator)
    asked = simulator.asked("discovery")

    with pytest.raises(Refused) as caught:
        await upstreams.connect("oidc", issuer=simulator.url).begin(Asking(state=STATE))

    assert caught.value.reason is Reason.UNREACHABLE
    assert simulator.asked("discovery") == asked
