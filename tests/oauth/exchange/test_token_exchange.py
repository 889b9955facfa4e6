"""The grant: an access token for another, narrower one."""

from datetime import timedelta
from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.clients.exchange import ExchangePolicy, read_policy
from app.oauth.clients.resource import Resource
from app.oauth.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    UnauthorizedClient,
)
from app.oauth.grants.base import Granted
from app.oauth.grants.token_exchange import (
    MAX_ACTORS,
    TokenExchange,
    seconds_left,
)
from app.oauth.ports import PresentedToken
from app.oauth.subject import subject_of_client
from app.oauth.tokens import access_token_claims, token_response
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    ISSUER,
    NOW,
    SECONDS,
    SESSION,
    client,
    parameters,
    stores,
)

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
MINE, STOCK = "https://gateway.example", "https://stock.example"
PAYMENT, PLAIN = "https://payment.example", "urn:plain"
ME = subject_of_client(CLIENT_ID)
APIS = (
    Resource(identifier=STOCK, scopes={"stock": "", "orders": ""}),
    Resource(identifier=PAYMENT, scopes={"pay": ""}),
    Resource(identifier=PLAIN),
    Resource(identifier="https://any.example", scopes={"stock": ""}, access="any"),
    Resource(identifier=ISSUER, scopes={"openid": "", "email": ""}, access="any"),
)


def caller(**members: Any) -> Client:
    """Return an API that may call two others for whoever calls it."""
    usual: dict[str, Any] = {
        "scope": frozenset(),
        "audience": MINE,
        "resources": {STOCK: None, PLAIN: None},
        "exchange": ExchangePolicy(("web",)),
    }
    return client(**(usual | members))


def subject(*scope: str, **members: Any) -> PresentedToken:
    """Return the token of somebody's browser, for the gateway."""
    claims = {"aud": MINE, "sub": "somebody", "jti": "first"} | members.pop(
        "claims", {}
    )
    usual: dict[str, Any] = {
        "client_id": "web",
        "claims": claims,
        "scope": scope or ("openid", "stock", "orders", "pay", "account"),
        "lives": 100,
        "grant_id": GRANT,
        "authentication": AUTHENTICATION,
    }
    return PresentedToken(**(usual | members))


ALONE: dict[str, Any] = {"grant_id": None, "authentication": None}


async def exchange(
    known: Client | None = None,
    presented: PresentedToken | None = None,
    *resources: str,
    actor: PresentedToken | None = None,
    **sent: str,
) -> Granted:
    """Exchange ``subject`` for a token for the stock."""
    form = {"subject_token": "subject", "subject_token_type": ACCESS} | sent
    named = resources or (() if "audience" in sent else (STOCK,))
    tokens = {"subject": presented or subject()}
    if actor is not None:
        tokens["actor"] = actor
    return await TokenExchange().redeem(
        parameters(*named, **form),
        known or caller(),
        stores(presented=tokens, resources=APIS),
    )


def test_what_is_left_of_a_token_is_whole_seconds() -> None:
    """RFC 7519 §4.1.4: exp, less now, rounded to the token's loss of none."""
    late = NOW + timedelta(milliseconds=900)

    assert seconds_left({"exp": SECONDS + 100}, late) == 100


async def test_a_token_is_exchanged_for_a_narrower_one() -> None:
    """RFC 8693 §2.1, §2.2.1, §4.1: for the resource, the scopes left, and who acts."""
    granted = await exchange()
    claims = access_token_claims(
        granted,
        issuer=ISSUER,
        subject="somebody",
        token_id=GRANT,
        now=NOW,
        ttl=granted.access_ttl(300),
    )

    assert claims["aud"] == STOCK
    assert claims["scope"] == "stock orders"
    assert claims["act"] == {"sub": ME}
    assert (claims["client_id"], claims["sub"]) == (CLIENT_ID, "somebody")
    assert claims["grant_id"] == str(GRANT)
    assert claims["sid"] == str(SESSION)
    assert claims["exp"] == SECONDS + 100  # no later than the first one
    told = token_response(granted, access_token="x", expires_in=100)
    assert told["issued_token_type"] == ACCESS
    assert not granted.has_refresh_token and not granted.has_id_token


async def test_what_came_of_no_exchange_says_nothing_of_one() -> None:
    granted = Granted(client=caller(), scope=("stock",))

    assert "issued_token_type" not in token_response(
        granted, access_token="x", expires_in=1
    )
    assert granted.access_ttl(300) == 300


@pytest.mark.parametrize(
    "sent",
    [
        {"requested_token_type": ACCESS},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"},
        {"audience": STOCK},
    ],
)
async def test_what_the_standard_lets_be_said(sent: dict[str, Any]) -> None:
    """RFC 8693 §2.1: requested_token_type and audience are OPTIONAL."""
    granted = await exchange(**sent)

    assert [one.identifier for one in granted.resources] == [STOCK]


@pytest.mark.parametrize(
    "sent",
    [
        {"subject_token": ""},
        {"subject_token": "unknown"},
        {"subject_token_type": ""},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"},
        {"subject_token_type": "access_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"actor_token": "actor"},
        {"actor_token_type": ACCESS},
        {"actor_token": "unknown", "actor_token_type": ACCESS},
        {
            "actor_token": "actor",
            "actor_token_type": "urn:ietf:params:oauth:token-type:jwt",
        },
    ],
)
async def test_what_is_malformed_or_does_not_hold_is_an_invalid_request(
    sent: dict[str, Any],
) -> None:
    """RFC 8693 §2.2.2: the error MUST be invalid_request, whatever the reason."""
    with pytest.raises(InvalidRequest):
        await exchange(actor=subject(client_id=CLIENT_ID, **ALONE), **sent)


async def test_only_clients_that_prove_themselves_and_may_exchange() -> None:
    """RFC 8693 §2.1, §5: client authentication; the policy is the administrator's."""
    with pytest.raises(UnauthorizedClient):
        await exchange(caller(token_endpoint_auth_method="none"))
    with pytest.raises(UnauthorizedClient):
        await exchange(caller(exchange=None))


@pytest.mark.parametrize(
    ("presented", "reason"),
    [
        (subject(client_id="other"), "whose tokens are not exchanged"),
        (subject(client_id=CLIENT_ID), "whose tokens are not exchanged"),
        (subject(claims={"aud": "https://other.example"}), "for another API"),
        (subject(claims={"aud": ["https://other.example"]}), "for another API"),
        (subject(claims={"aud": f"{MINE}/"}), "for another API"),
        (subject(claims={"aud": [7]}), "for another API"),
        (subject(claims={"aud": f"{ISSUER}/api/v1"}), "for another API"),
        (subject(**ALONE), "about nobody"),
        (subject(claims={"may_act": {"sub": "another"}}), "may_act"),
        (subject(claims={"may_act": {"client_id": "another"}}), "may_act"),
        (subject(claims={"may_act": {"sub": ME, "client_id": "another"}}), "may_act"),
        (subject(claims={"may_act": {"sub": ME, "iss": "x"}}), "may_act"),
        (subject(claims={"may_act": {}}), "may_act"),
        (subject(claims={"may_act": CLIENT_ID}), "may_act"),
    ],
)
async def test_tokens_that_are_not_the_callers_to_exchange(
    presented: PresentedToken, reason: str
) -> None:
    """RFC 8693 §4.4, §5, RFC 9700 §2.3: no confused deputy, and may_act is honoured."""
    with pytest.raises(InvalidRequest) as refusal:
        await exchange(None, presented)

    assert reason in refusal.value.hint
    assert refusal.value.description == "the subject_token is not acceptable"


async def test_an_api_without_a_name_is_sent_nothing() -> None:
    with pytest.raises(InvalidRequest, match="another API"):
        await exchange(caller(audience=None))


@pytest.mark.parametrize("may_act", [{"sub": ME}, {"client_id": CLIENT_ID}])
async def test_whom_may_act_names_may_act(may_act: dict[str, str]) -> None:
    """RFC 8693 §4.4: may_act identifies the party that may act."""
    await exchange(None, subject(claims={"may_act": may_act}))


async def test_ones_own_token_is_narrowed() -> None:
    own = caller(exchange=ExchangePolicy((CLIENT_ID,)), audience=None)
    presented = subject("stock", client_id=CLIENT_ID, claims={"aud": "x"})

    assert (await exchange(own, presented)).scope == ("stock",)


async def test_who_acted_before_stays_named_and_the_last_is_outside() -> None:
    """RFC 8693 §4.1: nested act claims, the most recent actor outermost."""
    before = {"sub": "client:first", "act": {"sub": "client:before"}}
    free = caller(exchange=ExchangePolicy(("web",), impersonation=True))

    async def act(known: Client, claims: dict[str, Any], **sent: Any) -> Any:
        granted = await exchange(known, subject(claims=claims), **sent)
        assert granted.exchanged is not None
        return granted.exchanged.act

    actor = subject(client_id=CLIENT_ID, **ALONE)
    token = {"actor_token": "actor", "actor_token_type": ACCESS}
    assert await act(caller(), {"act": before}) == {"sub": ME, "act": before}
    assert await act(caller(), {"act": {"sub": ME}}) == {"sub": ME}
    assert await act(free, {}) is None
    assert await act(free, {"act": before}) == before  # nobody is washed away
    assert await act(free, {}, actor=actor, **token) == {"sub": ME}
    assert await act(caller(), {}, actor=actor, **token) == {"sub": ME}


async def test_chains_have_an_end() -> None:
    act: dict[str, Any] = {"sub": "client:0"}
    for number in range(1, MAX_ACTORS):
        act = {"sub": f"client:{number}", "act": act}

    with pytest.raises(InvalidRequest, match="act already"):
        await exchange(None, subject(claims={"act": act}))
    await exchange(None, subject(claims={"act": act["act"]}))


@pytest.mark.parametrize(
    "actor",
    [
        subject(client_id="web", **ALONE),
        subject(client_id=CLIENT_ID),
    ],
)
async def test_the_actor_is_the_caller_itself(actor: PresentedToken) -> None:
    """RFC 8693 §2.1: the actor token is of the acting party: nobody lends another's."""
    token: dict[str, Any] = {"actor_token": "actor", "actor_token_type": ACCESS}
    with pytest.raises(InvalidRequest):
        await exchange(actor=actor, **token)


@pytest.mark.parametrize(
    "target",
    [PAYMENT, "https://unknown.example", MINE],
)
async def test_only_for_resources_that_are_assigned(target: str) -> None:
    """RFC 8693 §2.2.2, RFC 8707 §2: invalid_target, by resource or audience."""
    with pytest.raises(InvalidTarget):
        await exchange(None, None, target)
    with pytest.raises(InvalidTarget):
        await exchange(audience=target)
    with pytest.raises(InvalidTarget):
        await exchange(None, None, STOCK, target)


async def test_a_resource_is_named() -> None:
    with pytest.raises(InvalidTarget):
        await TokenExchange().redeem(
            parameters(subject_token="subject", subject_token_type=ACCESS),
            caller(),
            stores(presented={"subject": subject()}, resources=APIS),
        )


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        (("orders",), {"scope": "stock"}),
        (("orders", "stock"), {"scope": "stock pay"}),
        (("orders", "openid"), {"scope": "openid"}),
        (("orders", "account"), {"scope": "orders account"}),
        (("orders", "offline_access"), {"scope": "offline_access"}),
        (("orders",), {"scope": "*"}),
        (("pay",), {}),
        (("openid", "account"), {}),
    ],
)
async def test_a_scope_only_narrows(
    held: tuple[str, ...], sent: dict[str, Any]
) -> None:
    """RFC 8693 §2.2.2, §5: invalid_scope for more than the subject token has here."""
    with pytest.raises(InvalidScope):
        await exchange(None, subject(*held), **sent)


async def test_what_is_about_people_is_never_exchanged() -> None:
    """No way to userinfo or to the account: their scopes are left behind."""
    registered = caller(scope=frozenset({"openid", "email", "account"}))
    with pytest.raises(InvalidScope):
        await exchange(registered, subject("openid", "email"), ISSUER)


async def test_what_is_open_to_any_gives_only_what_is_assigned() -> None:
    with pytest.raises(InvalidScope):
        await exchange(None, subject("stock"), "https://any.example")


async def test_less_may_be_asked_for_and_an_api_without_scopes_needs_none() -> None:
    assert (await exchange(scope="orders")).scope == ("orders",)
    assert (await exchange(None, None, PLAIN)).scope == ()


def test_a_policy_is_read_as_it_was_stored() -> None:
    assert read_policy(None) is None
    assert read_policy({"clients": ["a"]}) == ExchangePolicy(("a",))
    assert read_policy({"clients": ["a"], "impersonation": True}) == ExchangePolicy(
        ("a",), impersonation=True
    )
