"""Which resources are asked for, and which of them a client may have."""

from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidTarget
from app.oauth.parameters import Parameters, parse_form, parse_query
from app.oauth.resources.request import (
    MAX_RESOURCES,
    check_together,
    resolve_resources,
    scope_at,
    scope_for,
)
from tests.oauth.resources.support import (
    BROKER,
    ORDERS,
    STOCK,
    a_client,
    a_resource,
)
from tests.oauth.token_support import client, parameters


def _resolve(params: Parameters, one: Client, *known: Resource) -> tuple[Resource, ...]:
    return resolve_resources(params, one, {each.identifier: each for each in known})


def test_resource_may_be_there_several_times() -> None:
    """RFC 8707 §2: multiple resource parameters MAY be used; no other parameter may."""
    raw = b"resource=https%3A%2F%2Fa&grant_type=x&resource=b&resource=&resource=b"

    read, repeated = parse_query(raw)

    assert read.every("resource") == ("https://a", "b")
    assert (dict(read), repeated) == ({"grant_type": "x"}, frozenset())
    assert parse_form(b"a=1").every("resource") == ()


def test_resources_come_in_the_order_asked_each_once() -> None:
    """RFC 8707 §2: the token is for the resources that were asked for."""
    orders, stock = a_resource(), a_resource(STOCK)
    params = parameters(STOCK, ORDERS, STOCK)

    found = _resolve(params, a_client(ORDERS, STOCK), orders, stock)

    assert found == (stock, orders)
    assert _resolve(parameters(), a_client(), orders) == ()


def test_an_api_whose_name_is_a_plain_word_is_asked_for_by_that() -> None:
    """RFC 9068 §2.2: aud is what the resource calls itself."""
    broker = a_resource(BROKER)

    assert _resolve(parameters(BROKER), a_client(BROKER), broker) == (broker,)


@pytest.mark.parametrize(
    "name", ["https://orders.example.com#x", "orders", "/orders", f"{ORDERS}/", " "]
)
def test_what_no_resource_is_called_is_invalid_target(name: str) -> None:
    """RFC 8707 §2: a resource that is unknown or malformed is refused."""
    with pytest.raises(InvalidTarget) as refused:
        _resolve(parameters(ORDERS, name), a_client(ORDERS), a_resource())

    assert refused.value.error == "invalid_target"
    assert refused.value.hint == f"no resource is called {ascii(name)}"


def test_a_resource_that_gets_no_tokens_is_as_good_as_unknown() -> None:
    """RFC 8707 §2: the client is told the same, whatever the reason."""
    over = a_resource(is_live=False)

    with pytest.raises(InvalidTarget) as refused:
        _resolve(parameters(ORDERS), a_client(ORDERS), over)
    with pytest.raises(InvalidTarget) as foreign:
        _resolve(parameters(STOCK), a_client(ORDERS), a_resource(STOCK))

    assert refused.value.description == foreign.value.description
    assert foreign.value.hint == f"{STOCK} is not assigned to the client"


def test_a_request_names_a_bounded_number_of_resources() -> None:
    """RFC 8707 §2: the server may refuse what it is not willing to do."""
    names = [f"https://api{n}.example.com" for n in range(MAX_RESOURCES + 1)]
    known = [a_resource(name, access="any") for name in names]

    assert len(_resolve(parameters(*names[1:]), a_client(), *known)) == MAX_RESOURCES
    with pytest.raises(InvalidTarget):
        _resolve(parameters(*names), a_client(), *known)


def test_who_may_ask_is_assigned_or_anybody_or_has_it_as_its_own_api() -> None:
    """RFC 8707 §3: access is restricted to what the client is meant for."""
    assert _resolve(parameters(ORDERS), client(audience=ORDERS), a_resource())
    assert _resolve(parameters(ORDERS), client(), a_resource(access="any"))
    with pytest.raises(InvalidTarget):
        _resolve(parameters(ORDERS), client(audience=STOCK), a_resource())


def test_what_a_client_may_have_at_a_resource() -> None:
    """RFC 8707 §3: no more privileges than the client is meant to have there."""
    closed = a_resource(scopes={"read": "", "write": "", "orders": "", "email": ""})
    some = client(resources={ORDERS: ("read",)})
    registered = client(scope=frozenset({"orders", "email", "stock"}))

    assert scope_at(closed, some) == {"read", "orders", "email"}
    assert scope_at(closed, registered) == {"orders", "email"}
    assert scope_at(closed, registered, alone=True) == {"orders"}
    nothing = client(resources={ORDERS: None}, scope=frozenset({"openid"}))
    assert scope_at(closed, nothing) == {"read", "write", "orders"}


def test_at_an_open_resource_a_person_agrees_and_a_machine_is_assigned() -> None:
    """RFC 8707 §3: nobody registers a machine and has everything."""
    anybodys = a_resource(access="any", scopes={"read": "", "profile": ""})
    stranger = client(scope=frozenset({"openid"}))

    assert scope_at(anybodys, stranger) == {"read"}
    assert scope_at(anybodys, stranger, alone=True) == frozenset()
    assert scope_at(anybodys, a_client(ORDERS), alone=True) == {"read"}


def test_a_token_for_several_has_nothing_that_is_not_the_clients_at_one() -> None:
    """RFC 8707 §3: every resource takes the scope of a token at its word."""
    one = client(resources={ORDERS: ("read",), STOCK: ("write",)})
    orders, stock = a_resource(), a_resource(STOCK, scopes={"write": "", "count": ""})
    both = client(resources={ORDERS: ("read",), STOCK: ("count",)})

    assert scope_for(("read", "write"), (orders, stock), one) == ("read",)
    assert scope_for(("count", "read"), (orders, stock), both) == ("count", "read")
    assert scope_for(("openid", "read"), (orders,), one) == ("read",)


@pytest.mark.parametrize(
    "other",
    [
        {"algorithm": "RS256"},
        {"typ": "JWT"},
        {"scope_form": "list"},
        {"is_exclusive": True},
    ],
)
def test_what_no_single_token_can_be_for_is_refused(other: dict[str, Any]) -> None:
    """RFC 8707 §2: a token that all of them can use, or none."""
    with pytest.raises(InvalidTarget) as refused:
        check_together((a_resource(), a_resource(STOCK, **other)))

    assert "name one" in refused.value.description
    check_together((a_resource(**other),))
    check_together((a_resource(), a_resource(STOCK, audience_form="list")))
