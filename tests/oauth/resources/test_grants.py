"""What tokens are for: the resources that were granted, or some of them."""

from typing import Any
from uuid import UUID

import pytest

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidGrant, InvalidScope, InvalidTarget
from app.oauth.grants.authorization_code import AuthorizationCode
from app.oauth.grants.base import Granted
from app.oauth.grants.client_credentials import ClientCredentials
from app.oauth.grants.refresh_token import RefreshToken
from app.oauth.ports import RefreshedGrant
from app.oauth.scopes import OPENID
from app.oauth.tokens import access_token_claims, audience_of, token_response
from tests.oauth.resources.support import ORDERS, STOCK, a_client, a_resource
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    ISSUER,
    NOW,
    REDIRECT_URI,
    client,
    granted,
    issued_code,
    parameters,
    stores,
)

BOTH = a_resource(), a_resource(STOCK, scopes={"count": "Count it"})
SCOPE = ("openid", "read", "count")


async def _code(
    *named: str,
    by: Client | None = None,
    known: tuple[Resource, ...] = BOTH,
    resources: tuple[str, ...] = (ORDERS, STOCK),
    scope_granted: tuple[str, ...] = SCOPE,
) -> Granted:
    issued = issued_code(scope=scope_granted, resources=resources)
    kept = stores({"c": issued}, resources=known)
    form = parameters(*named, code="c", redirect_uri=REDIRECT_URI)
    one = by or a_client(ORDERS, STOCK)
    return await AuthorizationCode().redeem(form, one, kept)


async def _refresh(
    *named: str,
    by: Client | None = None,
    known: tuple[Resource, ...] = BOTH,
    resources: tuple[str, ...] = (ORDERS, STOCK),
    scope_granted: tuple[str, ...] = SCOPE,
    scope: str = "",
) -> Granted:
    grant = RefreshedGrant(
        grant_id=GRANT,
        client_id=CLIENT_ID,
        authentication=AUTHENTICATION,
        claims={},
        counter=0,
        scope=scope_granted,
        resources=resources,
    )
    form = parameters(*named, refresh_token="r", scope=scope)
    one = by or a_client(ORDERS, STOCK)
    kept = stores(grants={"r": grant}, resources=known)
    return await RefreshToken().redeem(form, one, kept)


async def _machine(
    *named: str, by: Client, known: tuple[Resource, ...] = BOTH, **form: str
) -> Granted:
    kept = stores(resources=known)
    return await ClientCredentials().redeem(parameters(*named, **form), by, kept)


def _names(given: Granted) -> list[str]:
    return [each.identifier for each in given.resources]


async def test_a_scope_that_only_its_own_api_knows_names_that_api() -> None:
    """RFC 8707 §2: the server may have a default for who names no resource."""
    own = a_resource()
    told: dict[str, Any] = {"audience": ORDERS, "resource": own, "scope": {OPENID}}
    mine = a_client(ORDERS, **told)

    given = await _machine(by=mine, scope="read")
    assert (_names(given), given.scope) == ([ORDERS], ("read",))

    stranger = a_client(STOCK, **told)
    for asked in ("openid read", "other"):
        with pytest.raises(InvalidScope):
            await _machine(by=mine, scope=asked)
    with pytest.raises(InvalidScope):
        await _machine(by=mine)
    with pytest.raises(InvalidScope):
        await _machine(by=stranger, scope="read")


async def test_a_code_gives_a_token_for_what_was_authorized_or_part_of_it() -> None:
    """RFC 8707 §2.2: the request can narrow what was granted."""
    whole, part = await _code(), await _code(STOCK)

    assert audience_of(whole, ISSUER) == [ORDERS, STOCK]
    assert whole.access_scope == ("read", "count")
    assert audience_of(part, ISSUER) == STOCK
    assert part.access_scope == ("count",)
    assert part.has_id_token  # the sign-in is not the API's


async def test_t043_a_code_for_one_api_is_not_redeemed_for_another() -> None:
    """RFC 8707 §2.2: a resource that was not authorized is invalid_target."""
    with pytest.raises(InvalidTarget) as refused:
        await _code(STOCK, resources=(ORDERS,))

    assert refused.value.hint == f"not granted: {STOCK}"


async def test_a_code_for_no_api_is_for_the_clients_own_alone() -> None:
    """RFC 8707 §2.2: what was not authorized cannot be had at the token endpoint."""
    mine = a_client(STOCK, audience=ORDERS)

    assert _names(await _code(ORDERS, by=mine, resources=())) == [ORDERS]
    for by in (mine, a_client(STOCK)):
        with pytest.raises(InvalidTarget):
            await _code(STOCK, by=by, resources=())


async def test_t043_a_refresh_keeps_or_narrows_and_never_widens() -> None:
    """RFC 8707 §2.2: audience is that of the grant, or less."""
    assert _names(await _refresh()) == [ORDERS, STOCK]
    assert _names(await _refresh(ORDERS)) == [ORDERS]
    with pytest.raises(InvalidTarget):
        await _refresh(STOCK, resources=(ORDERS,))
    with pytest.raises(InvalidTarget):
        await _refresh(ORDERS, STOCK, resources=(ORDERS,))


async def test_a_refresh_narrows_scope_and_resource_each_by_itself() -> None:
    """RFC 6749 §6: scope of the whole grant can be asked for, or less."""
    part = await _refresh(ORDERS, scope="count openid")

    assert (part.scope, part.access_scope) == (("count", "openid"), ())
    with pytest.raises(InvalidScope):
        await _refresh(ORDERS, scope="write")


@pytest.mark.parametrize("redeem", [_code, _refresh])
async def test_what_is_gone_meanwhile_is_in_no_new_token(redeem: Any) -> None:
    """RFC 8707 §3: no token for a resource that was withdrawn after consent."""
    left = await redeem(known=(BOTH[1],))
    withdrawn = await redeem(by=a_client(STOCK))

    assert _names(left) == _names(withdrawn) == [STOCK]
    assert left.scope == withdrawn.scope == ("openid", "count")
    with pytest.raises(InvalidTarget) as refused:
        await redeem(known=())
    assert refused.value.description == "no resource of the grant is left"
    with pytest.raises(InvalidTarget):
        await redeem(ORDERS, known=(BOTH[1],))


@pytest.mark.parametrize("redeem", [_code, _refresh])
async def test_a_scope_that_is_withdrawn_is_in_no_new_token(redeem: Any) -> None:
    """RFC 6749 §5.1: the scope that is told is the scope that is given."""
    smaller = a_resource(scopes={"write": "Change it"})

    given = await redeem(known=(smaller, BOTH[1]))

    assert given.scope == ("openid", "count")
    with pytest.raises(InvalidGrant):
        await redeem(known=(smaller, BOTH[1]), scope_granted=("read",))


@pytest.mark.parametrize("redeem", [_code, _refresh])
async def test_a_resource_without_scopes_is_granted_as_it_is(redeem: Any) -> None:
    """RFC 9068 §2.2: scope is there if one was asked for."""
    bare = a_resource(scopes={})

    given = await redeem(known=(bare,), resources=(ORDERS,), scope_granted=())
    body = token_response(given, access_token="t", expires_in=1)

    assert (given.scope, "scope" in body) == ((), False)
    assert "scope" not in _claims(given)


async def test_resources_that_no_token_can_be_for_together_are_named_singly() -> None:
    """RFC 8707 §2.2: they are granted together, and asked for one by one."""
    known = a_resource(algorithm="RS256"), a_resource(STOCK, algorithm="ES256")

    with pytest.raises(InvalidTarget):
        await _refresh(known=known)
    assert (await _refresh(STOCK, known=known)).form.algorithm == "ES256"


async def test_a_machine_is_given_what_is_assigned_to_it_there() -> None:
    """RFC 8707 §2.2: the resource parameter counts for every grant type."""
    one = client(resources={ORDERS: ("read",), STOCK: None}, scope=frozenset())

    given = await _machine(ORDERS, by=one)

    assert given == Granted(client=one, scope=("read",), resources=(BOTH[0],))
    assert (await _machine(ORDERS, STOCK, by=one)).access_scope == ("count", "read")
    assert (await _machine(STOCK, by=one, scope="count")).scope == ("count",)
    with pytest.raises(InvalidScope):
        await _machine(ORDERS, by=one, scope="write")
    with pytest.raises(InvalidTarget):
        await _machine("https://unknown.example.com", by=one)


async def test_a_machine_at_an_api_without_scopes_or_without_any_for_it() -> None:
    """RFC 6749 §3.3: what cannot be had is refused, what need not be is not."""
    bare = a_resource(scopes={})
    stranger = client(scope=frozenset())

    assert (await _machine(ORDERS, by=a_client(ORDERS), known=(bare,))).scope == ()
    with pytest.raises(InvalidScope):
        await _machine(ORDERS, by=stranger, known=(a_resource(access="any"),))


async def test_a_disabled_api_gets_no_tokens_though_nobody_names_it() -> None:
    """RFC 8707 §2: the default is a resource like others."""
    off = client(audience=ORDERS, resource=a_resource(is_live=False))

    for redeem in (_machine(by=off), _code(by=off, resources=())):
        with pytest.raises(InvalidTarget) as refused:
            await redeem
        assert refused.value.hint == f"{ORDERS} is disabled"


def _claims(given: Granted) -> dict[str, Any]:
    return access_token_claims(
        given,
        issuer=ISSUER,
        subject="s",
        token_id=UUID(int=1),
        now=NOW,
        ttl=given.access_ttl(600),
    )


def test_a_token_looks_as_its_resource_wants_it() -> None:
    """RFC 9068 §2.2: aud, exp, scope; and the forms that some libraries need."""
    listed = a_resource(audience_form="list", scope_form="list", access_token_ttl=60)
    by = a_client(ORDERS)

    plain = _claims(granted(client=by, scope=SCOPE, resources=(a_resource(),)))
    other = _claims(granted(client=by, scope=SCOPE, resources=(listed,)))

    assert (plain["aud"], plain["scope"]) == (ORDERS, "read")
    assert plain["exp"] - plain["iat"] == 600
    assert (other["aud"], other["scope"]) == ([ORDERS], ["read"])
    assert other["exp"] - other["iat"] == 60


def test_of_several_lifetimes_the_shortest_counts() -> None:
    """RFC 9068 §2.2: one exp, which no resource may find too long."""
    short, long = a_resource(access_token_ttl=60), a_resource(access_token_ttl=900)
    usual = a_resource()

    assert granted(resources=(short, long)).access_ttl(600) == 60
    assert granted(resources=(usual, long)).access_ttl(600) == 600
    assert granted(resources=(long,)).access_ttl(600) == 900
    assert granted().access_ttl(600) == 600


def test_the_clients_own_api_says_how_tokens_look_where_none_is_named() -> None:
    """RFC 8707 §2: a predefined default is used where no resource is asked for."""
    own = a_resource(access_token_ttl=60, audience_form="list")
    one = client(audience=ORDERS, resource=own)

    given = granted(client=one, scope=("openid", "orders"))
    alone = granted(client=one, scope=("orders",))

    assert (given.form, given.access_ttl(600)) == (own, 60)
    assert audience_of(given, ISSUER) == [ORDERS, ISSUER]
    assert audience_of(alone, ISSUER) == [ORDERS]
    assert alone.access_scope == ("orders",)
