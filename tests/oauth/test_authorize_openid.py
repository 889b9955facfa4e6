"""Authorization requests of OpenID Connect: the parameters that it adds."""

from dataclasses import replace
from typing import Any

import pytest

from app.oauth.errors import InvalidRequest
from tests.oauth.authorization import SUPPORTED, a_client, read

# --- Parameters of OpenID Connect ---


def test_nonce_is_kept_exactly() -> None:
    """OIDC Core §3.1.2.1: the nonce is passed through unmodified."""
    assert read(nonce=" n-0S6_WzA2Mj\u00fc ").nonce == " n-0S6_WzA2Mj\u00fc "
    assert read().nonce is None
    with pytest.raises(InvalidRequest):
        read(nonce="n" * 1_025)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, frozenset[str]()),
        ("none", frozenset({"none"})),
        ("login consent", frozenset({"login", "consent"})),
        ("select_account", frozenset({"select_account"})),
        ("create", frozenset({"create"})),
    ],
)
def test_prompt_is_a_list(sent: str | None, expected: frozenset[str]) -> None:
    """OIDC Core §3.1.2.1: prompt is a space-delimited, case-sensitive list."""
    assert read(prompt=sent).prompt == expected


@pytest.mark.parametrize("sent", ["none login", "consent none", "bogus", "Login"])
def test_prompts_that_contradict_are_refused(sent: str) -> None:
    """OIDC Core §3.1.2.1: none with any other value is an error."""
    with pytest.raises(InvalidRequest):
        read(prompt=sent)


def test_a_prompt_that_is_not_offered_is_refused() -> None:
    """OIDC Core §3.1.2.1: prompt=create only where accounts can be made."""
    closed = replace(SUPPORTED, prompts=("none", "login"))

    with pytest.raises(InvalidRequest) as refused:
        read(supported=closed, prompt="create")

    assert "create" in refused.value.hint


@pytest.mark.parametrize(
    ("sent", "default", "expected"),
    [(None, None, None), (None, 600, 600), ("0", 600, 0), ("10000", None, 10_000)],
)
def test_max_age(sent: str | None, default: int | None, expected: int | None) -> None:
    """OIDC Core §3.1.2.1, OIDC Registration §2: max_age overrides default_max_age."""
    assert read(a_client(default_max_age=default), max_age=sent).max_age == expected


@pytest.mark.parametrize(
    "sent", ["-1", "+1", "1.5", "1e3", " 1", "x", "9" * 11, "\u0661"]
)
def test_a_max_age_that_is_no_number_is_refused(sent: str) -> None:
    """OIDC Core §3.1.2.1: max_age is a number of seconds."""
    with pytest.raises(InvalidRequest):
        read(max_age=sent)


def test_claims_are_read() -> None:
    """OIDC Core §5.5: the claims parameter of an OpenID Connect request."""
    request = read(claims='{"id_token": {"email": {"essential": true}}}')

    assert request.claims == {"id_token": {"email": {"essential": True}}}
    with pytest.raises(InvalidRequest):
        read(claims="{")


def test_plain_oauth_has_no_parameters_of_openid_connect() -> None:
    """OIDC Core §3.1.2.1: without openid the request is no OpenID Connect request."""
    request = read(scope="read", nonce="n" * 9_000, claims="{", max_age="5")

    assert not request.is_openid
    assert request.nonce is None
    assert request.claims == {}
    assert request.max_age == 5


def test_wishes_are_read_leniently() -> None:
    """OIDC Core §3.1.2.1: display, ui_locales, login_hint and acr_values never fail."""
    request = read(
        display="touch",
        ui_locales="fr-CA fr <b> en",
        login_hint="janedoe@example.com",
        acr_values="2 1",
        id_token_hint="eyJhbGciOi",
        claims_locales="fr",
        nothing_known="x",
    )

    assert request.display == "touch"
    assert request.ui_locales == ("fr-CA", "fr", "en")
    assert request.login_hint == "janedoe@example.com"
    assert request.acr_values == ("2", "1")
    assert request.id_token_hint == "eyJhbGciOi"


def test_wishes_that_make_no_sense_are_none() -> None:
    """OIDC Core §3.1.2.1: an error should not result from what is not supported."""
    request = read(display="hologram", ui_locales="*", login_hint="a\r\nb")

    assert request.display == "page"
    assert request.ui_locales == ()
    assert request.login_hint is None
    assert read(login_hint="a" * 321).login_hint is None
    assert read().login_hint is None


def test_the_clients_default_acr_applies() -> None:
    """OIDC Registration §2: acr_values overrides default_acr_values."""
    client = a_client(default_acr_values=("1",))

    assert read(client).acr_values == ("1",)
    assert read(client, acr_values="2").acr_values == ("2",)
    assert read(acr_values=" ".join(map(str, range(50)))).acr_values[-1] == "19"


def test_unknown_parameters_are_ignored() -> None:
    """RFC 6749 §3.1: the server must ignore unrecognized request parameters."""
    assert read(frobnicate="1") == read()


@pytest.mark.parametrize("name", ["state", "claims", "nonce", "scope", "unknown"])
def test_a_request_has_an_end(name: str) -> None:
    """What waits for a person is stored, and anybody may make it wait."""
    for text in ("x" * 10_240, "\u20ac" * 3_413):
        changes: dict[str, Any] = {name: text}
        with pytest.raises(InvalidRequest, match="too long"):
            read(**changes)

    longest = read(state="x" * 9_900, id_token_hint="x" * 8_192)
    assert longest.state == "x" * 9_900
