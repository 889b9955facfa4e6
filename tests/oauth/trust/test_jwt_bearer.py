"""The grant: a workload's token for one of ours."""

from uuid import UUID

import pytest

from app.oauth.clients.resource import Resource
from app.oauth.errors import (
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
)
from app.oauth.grants.base import Granted
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.ports import SpokenFor
from tests.oauth.token_support import (
    CLIENT_ID,
    GRANT,
    AssertionsInMemory,
    client,
    parameters,
    stores,
)

API = "https://api.example.com"
OTHER = Resource(identifier="urn:other", scopes={"other": ""})


def _assertions(
    scope: tuple[str, ...] | None = None,
    grant_id: UUID | None = None,
    *,
    resources: tuple[str, ...] | None = None,
    speaks_for: str = CLIENT_ID,
    careless: bool = False,
) -> AssertionsInMemory:
    spoken = SpokenFor(client_id=speaks_for, scope=scope, resources=resources)
    return AssertionsInMemory({"token": spoken}, grant_id, careless)


async def _redeem(
    assertions: AssertionsInMemory, *resources: str, **sent: str
) -> Granted:
    known = client(
        scope=frozenset({"openid", "offline_access", "orders", "stock"}),
        resources={API: ("ship",), "urn:other": None},
    )
    form = parameters(*resources, **{"assertion": "token", **sent})
    apis = (Resource(identifier=API, scopes={"ship": "", "orders": ""}), OTHER)
    held = stores(assertions=assertions, resources=apis)
    return await JwtBearer().redeem(form, known, held)


async def test_a_workload_has_what_its_client_has_for_itself() -> None:
    """RFC 7521 §4.1: no refresh token; RFC 7523 §2.1: a scope as usual."""
    granted = await _redeem(_assertions())

    assert granted.scope == ("orders", "stock")
    assert not granted.has_refresh_token and not granted.has_id_token
    assert granted.grant_id is None


async def test_a_rule_narrows_it_and_a_request_may_further() -> None:
    assert (await _redeem(_assertions(("orders",)))).scope == ("orders",)
    assert (await _redeem(_assertions(("orders", "gone")))).scope == ("orders",)
    assert (await _redeem(_assertions(), scope="stock")).scope == ("stock",)


async def test_whom_it_acts_for_is_in_its_grant() -> None:
    assert (await _redeem(_assertions(grant_id=GRANT))).grant_id == GRANT


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        (("orders",), "stock"),
        (("orders",), "orders stock"),
        (None, "openid"),
        (None, "orders offline_access"),
        (None, "account"),
        (("gone",), ""),
        (("openid",), ""),
    ],
)
async def test_more_than_the_rule_says_is_refused_and_nothing_used_up(
    scope: tuple[str, ...] | None, asked: str
) -> None:
    """RFC 7521 §4.1: the scope MUST NOT exceed what the assertion lets it have."""
    assertions = _assertions(scope)

    with pytest.raises(InvalidScope):
        await _redeem(assertions, scope=asked)
    assert assertions.used == []


async def test_an_assertion_is_needed() -> None:
    """RFC 7521 §4.1: assertion is REQUIRED."""
    with pytest.raises(InvalidRequest):
        await _redeem(_assertions(), assertion="")


async def test_what_is_not_believed_is_an_invalid_grant() -> None:
    """RFC 7521 §4.1.1: an assertion that is not valid is invalid_grant."""
    with pytest.raises(InvalidGrant):
        await _redeem(_assertions(), assertion="another")
    with pytest.raises(InvalidGrant):
        await _redeem(_assertions(speaks_for="another"))
    with pytest.raises(InvalidGrant, match="speaks for another"):
        await _redeem(_assertions(speaks_for="another", careless=True))


async def test_a_token_that_was_used_up_gives_nothing() -> None:
    """RFC 7523 §3: a jti is not taken twice."""
    assertions = _assertions()
    await _redeem(assertions)

    with pytest.raises(InvalidGrant):
        await _redeem(assertions)


async def test_a_token_is_for_the_resource_that_is_asked_for() -> None:
    """RFC 8707 §2.2: resource at the token endpoint, for any grant."""
    granted = await _redeem(_assertions(), API)
    narrowed = await _redeem(_assertions(("orders",), resources=(API,)), API)

    assert [one.identifier for one in granted.resources] == [API]
    assert granted.access_scope == ("orders", "ship")
    assert narrowed.access_scope == ("orders",)


@pytest.mark.parametrize("named", [(), ("urn:other",), ("https://unknown.example",)])
async def test_a_rule_says_for_which_resources(named: tuple[str, ...]) -> None:
    """RFC 8707 §2: invalid_target; and nothing is used up."""
    assertions = _assertions(resources=(API,))

    with pytest.raises(InvalidTarget):
        await _redeem(assertions, *named)
    assert assertions.used == []
