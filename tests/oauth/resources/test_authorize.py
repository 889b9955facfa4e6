"""Authorization requests that name resources, and what people agreed to at them."""

from collections.abc import Collection
from typing import Any

import pytest

from app.oauth.authorize import AuthorizationRequest, read_request
from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidRequest, InvalidScope, InvalidTarget
from app.oauth.interaction import (
    ConsentState,
    Step,
    decide,
    scope_elsewhere,
    scopes_by_resource,
)
from app.oauth.parameters import Parameters
from tests.oauth import authorization
from tests.oauth.authorization import (
    ARRIVED,
    NOW,
    SUPPORTED,
    a_query,
    identify,
    session,
)
from tests.oauth.resources.support import ORDERS, STOCK, a_resource

ORDERS_API, STOCK_API = a_resource(), a_resource(STOCK, scopes={"count": "Count it"})


def _client(*assigned: str, **members: Any) -> Client:
    return authorization.a_client(resources=dict.fromkeys(assigned), **members)


def _read(
    *named: str,
    by: Client | None = None,
    known: Collection[Resource] = (ORDERS_API, STOCK_API),
    **changes: str | None,
) -> AuthorizationRequest:
    params = Parameters(a_query(**changes), {"resource": named})
    to = identify(params, by or _client(ORDERS, STOCK))
    found = {each.identifier: each for each in known}
    return read_request(params, to, supported=SUPPORTED, known=found)


def test_resources_and_their_scopes_are_asked_for_together() -> None:
    """RFC 8707 §2.1: the scope is that of the resources, and of who signs in."""
    request = _read(ORDERS, STOCK, scope="openid write count unknown")

    assert request.resources == (ORDERS_API, STOCK_API)
    assert request.scope == ("openid", "write", "count")
    assert _read(scope="openid write").scope == ("openid",)


def test_an_unknown_resource_is_told_before_its_scope() -> None:
    """RFC 8707 §2.1: invalid_target."""
    with pytest.raises(InvalidTarget):
        _read(ORDERS, known=(), scope="nothing")
    with pytest.raises(InvalidScope):
        _read(ORDERS, scope="nothing")


def test_a_scope_that_is_another_clients_there_is_refused() -> None:
    """RFC 6749 §3.3: a client has what it is registered for."""
    one = authorization.a_client(resources={ORDERS: ("read",)}, scope=frozenset())

    assert _read(ORDERS, by=one, scope="read").scope == ("read",)
    with pytest.raises(InvalidScope):
        _read(ORDERS, by=one, scope="read write")


def test_a_program_that_names_an_api_asks_for_what_there_is_at_it() -> None:
    """RFC 6749 §3.3: a default for clients that registered themselves (ADR-0045)."""
    one = authorization.a_client(is_self_registered=True)
    open_ = a_resource(access="any")

    request = _read(ORDERS, by=one, known=(open_,), scope=None)

    assert request.scope == ("openid", "read", "write")
    with pytest.raises(InvalidScope):
        _read(ORDERS, scope=None)


def test_an_api_without_scopes_is_asked_for_without_any() -> None:
    """RFC 8707 §2.1: resource and scope are two parameters."""
    bare = a_resource(scopes={})

    assert _read(ORDERS, known=(bare,), scope=None).scope == ()
    with pytest.raises(InvalidScope):
        _read(
            ORDERS,
            known=(bare,),
            scope="offline_access",
            by=_client(ORDERS, grant_types=frozenset({"authorization_code"})),
        )


def test_names_of_resources_count_for_the_length_of_a_request() -> None:
    """RFC 6749 §10.10: anybody may make a request wait."""
    with pytest.raises(InvalidRequest):
        _read(*(f"https://api{n}.example.com/{'x' * 1_000}" for n in range(11)))


def test_a_client_whose_own_api_is_disabled_is_told_before_anybody_signs_in() -> None:
    """RFC 8707 §2.1: the default is a resource like others."""
    off = _client(audience=ORDERS, resource=a_resource(is_live=False))

    with pytest.raises(InvalidTarget):
        _read(by=off)


def _step(known: ConsentState, *named: str, scope: str) -> Step:
    request = _read(*named, scope=scope)
    return decide(request, session(), known, NOW, arrived_at=ARRIVED)


def test_what_was_agreed_to_at_one_api_was_not_agreed_to_at_another() -> None:
    """RFC 8707 §2.1: the person agrees to scope and resource together."""
    scope = frozenset({"openid"})
    known = ConsentState(
        scope=scope,
        resources={ORDERS: frozenset({"read"}), STOCK: frozenset({"count"})},
    )

    assert _step(known, ORDERS, STOCK, scope="openid read count") is Step.DONE
    assert _step(known, ORDERS, scope="openid write") is Step.CONSENT
    agreed_elsewhere = ConsentState(scope=scope | {"read", "count"})
    assert _step(agreed_elsewhere, ORDERS, scope="openid read") is Step.CONSENT
    unnamed = ConsentState(scope=scope, resources={STOCK: frozenset({"read"})})
    assert _step(unnamed, ORDERS, scope="openid") is Step.CONSENT


def test_what_is_asked_for_is_told_apart_by_resource() -> None:
    """RFC 8707 §2.1: each scope stands with the resource that knows it."""
    mail = a_resource(scopes={"email": "", "write": ""})

    request = _read(ORDERS, STOCK, known=(mail, STOCK_API), scope="email write read")

    assert scopes_by_resource(request) == {
        ORDERS: {"email", "write"},
        STOCK: frozenset(),
    }
    assert scope_elsewhere(request) == {"email", "read"}
