"""The token endpoint with ``resource``: what tokens are for, and whom they satisfy."""

from typing import Any

import pytest
from sqlalchemy import delete

from app.models import OAuthResource
from tests.factories.oauth import REDIRECT_URI, VERIFIER, Application
from tests.factories.resource import ORDERS, STOCK, ResourceFactory
from tests.security.forgery import parts
from tests.support.authorization import ALL, Visit, told
from tests.support.oauth import Protocol

MACHINE = {"grant_type": "client_credentials"}
TARGET = (400, "invalid_target")


@pytest.fixture
def resources(protocol: Protocol) -> ResourceFactory:
    """APIs of this service."""
    return ResourceFactory(protocol.runtime)


def form_of(code: str) -> dict[str, str]:
    """Return what redeems a code that a browser was given."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }


async def _machine(protocol: Protocol, **columns: Any) -> Application:
    more = {"grant_types": ["client_credentials"], "redirect_uris": []}
    return await protocol.apps(columns=columns, **more)


async def _claims(protocol: Protocol, app: Application, form: Any) -> dict[str, Any]:
    answer = await protocol.token(app, form)
    assert answer.status_code == 200, answer.text
    return parts(answer.json()["access_token"])[1]


async def test_a_machine_gets_a_token_for_what_it_names_and_no_other(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 8707 §2.2: one request for each, or one for both."""
    await resources()
    await resources("rabbitmq", scopes={}, access="assigned")
    assigned = {ORDERS: ["read"], "rabbitmq": None}
    app = await _machine(protocol, resources=assigned)

    orders = await _claims(protocol, app, MACHINE | {"resource": ORDERS})
    broker = await _claims(protocol, app, MACHINE | {"resource": "rabbitmq"})
    both = await _claims(protocol, app, MACHINE | {"resource": [ORDERS, "rabbitmq"]})

    assert (orders["aud"], orders["scope"]) == (ORDERS, "read")
    assert (broker["aud"], "scope" in broker) == ("rabbitmq", False)
    assert (both["aud"], both["scope"]) == ([ORDERS, "rabbitmq"], "read")


async def test_a_machine_gets_nothing_that_is_not_assigned_to_it(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 8707 §2: invalid_target, with the reason in the trail alone."""
    await resources(access="assigned")
    await resources(STOCK, status="disabled")
    app = await _machine(protocol, resources={STOCK: None})

    for name in (ORDERS, STOCK, "https://unknown.example.com", f"{ORDERS}#x"):
        refused = await protocol.token(app, MACHINE | {"resource": name})
        body = refused.json()
        assert (refused.status_code, body["error"]) == TARGET
        assert name not in refused.text

    refusals = await protocol.events("oauth.token_refused")
    hints = [each.data["hint"] for each in refusals]
    assert hints[0] == f"{ORDERS} is not assigned to the client"


async def test_an_origin_is_named_with_or_without_its_slash(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 3986 §6.2.3: https://a and https://a/ are one; aud is what is registered."""
    await resources(scopes={})
    app = await _machine(protocol, resources={ORDERS: None})

    claims = await _claims(protocol, app, MACHINE | {"resource": f"{ORDERS}/"})

    assert claims["aud"] == ORDERS
    refused = await protocol.token(app, MACHINE | {"resource": f"{ORDERS}//"})
    assert refused.json()["error"] == "invalid_target"


async def test_a_refresh_keeps_its_audience_and_may_narrow_it(
    protocol: Protocol, resources: ResourceFactory, browser: Visit
) -> None:
    """RFC 8707 §2.1, §2.2: from the authorization request to every later token."""
    await resources(name="Orders")
    await resources(STOCK, scopes={"count": "Count it"})
    app = await protocol.apps(scope=ALL)
    user = await protocol.api.person(email="ann@example.com")
    await browser.arrive(user.email)
    scope = "openid offline_access read count"
    await browser.ask(app, scope=scope, resource=[ORDERS, STOCK])
    code = told(await browser.decide("allow"))["code"]
    form = form_of(code)

    first = (await protocol.token(app, form)).json()
    second = (await protocol.refresh(app, first["refresh_token"])).json()
    part = await protocol.refresh(app, second["refresh_token"], resource=STOCK)
    other = "https://other.example.com"
    await resources(other)
    token = part.json()["refresh_token"]
    wider = await protocol.refresh(app, token, resource=other)
    whole = await protocol.refresh(app, token)

    for tokens in (first, second, whole.json()):
        claims = parts(tokens["access_token"])[1]
        assert (claims["aud"], claims["scope"]) == ([ORDERS, STOCK], "read count")
        assert tokens["scope"] == "read count"
    claims = parts(part.json()["access_token"])[1]
    assert (claims["aud"], claims["scope"]) == (STOCK, "count")
    assert (wider.status_code, wider.json()["error"]) == TARGET
    refused = await protocol.userinfo(first["access_token"])
    assert refused.status_code == 403  # not with openid, and not for here


async def test_t043_a_code_for_one_api_opens_no_other_and_is_spent(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 8707 §2.2: invalid_target; a code has one try."""
    await resources()
    await resources(STOCK)
    app = await protocol.apps()
    user = await protocol.api.users()
    orders = await protocol.runtime.resources.find([ORDERS])
    issued = await protocol.codes(app, user, "read", resources=(orders[ORDERS],))

    refused = await protocol.token(app, issued.form | {"resource": STOCK})
    again = await protocol.token(app, issued.form | {"resource": ORDERS})

    assert (refused.status_code, refused.json()["error"]) == TARGET
    assert again.json()["error"] == "invalid_grant"
    assert (await protocol.grant(issued.grant_id)).revoked_reason == "code_refused"


@pytest.mark.parametrize("way", ["disabled", "deleted", "unassigned"])
async def test_what_is_withdrawn_while_a_grant_lives_is_in_no_new_token(
    protocol: Protocol, resources: ResourceFactory, way: str
) -> None:
    """RFC 8707 §3: first narrower, then invalid_target."""
    await resources()
    await resources(STOCK, access="assigned")
    app = await protocol.apps(columns={"resources": {STOCK: None}})
    both = await protocol.runtime.resources.find([ORDERS, STOCK])
    named = (both[ORDERS], both[STOCK])
    signed_in = await protocol.signed_in(app, "read write", resources=named)

    if way == "deleted":
        table = delete(OAuthResource).where(OAuthResource.identifier == ORDERS)
        await protocol.change(table)
        protocol.runtime.resources.forget(ORDERS)
    else:
        gone = {
            "disabled": {"status": "disabled"},
            "unassigned": {"access": "assigned"},
        }
        await resources.change(ORDERS, **gone[way])
    await resources.change(STOCK, scopes={"write": "Change it"})
    left = await protocol.refresh(app, signed_in.refresh_token)
    await resources.change(STOCK, status="disabled")
    over = await protocol.refresh(app, left.json()["refresh_token"])

    claims = parts(left.json()["access_token"])[1]
    assert (claims["aud"], claims["scope"]) == (STOCK, "write")
    assert (over.status_code, over.json()["error"]) == TARGET


async def test_a_token_looks_as_its_api_needs_it_and_is_still_known_here(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 7662 §2.2, RFC 7009 §2.1: asked about by the API, and taken back."""
    await resources(
        access_token_ttl=60,
        algorithm="RS256",
        typ="JWT",
        audience_form="list",
        scope_form="list",
    )
    app = await protocol.apps()
    server = await protocol.apps(
        columns={"is_resource_server": True, "audience": ORDERS}
    )
    found = await protocol.runtime.resources.find([ORDERS])
    signed_in = await protocol.signed_in(
        app, "openid read", resources=tuple(found.values())
    )

    head, claims = parts(signed_in.access)
    told_before = (await protocol.introspect(server, signed_in.access)).json()
    own = (await protocol.introspect(app, signed_in.access)).json()
    revoked = await protocol.revoke(app, signed_in.access)
    told_after = (await protocol.introspect(server, signed_in.access)).json()

    assert (head["typ"], head["alg"]) == ("JWT", "RS256")
    assert (claims["aud"], claims["scope"]) == ([ORDERS], ["read"])
    assert claims["exp"] - claims["iat"] == signed_in.tokens["expires_in"] == 60
    assert (told_before["active"], told_before["scope"]) == (True, "read")
    assert own["active"] and revoked.status_code == 200
    assert told_after == {"active": False}


async def test_t042_an_id_token_is_no_access_token_of_that_type(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 9068 §4: userinfo and introspection tell them apart."""
    await resources(typ="JWT")
    app = await protocol.apps()
    found = await protocol.runtime.resources.find([ORDERS])
    signed_in = await protocol.signed_in(app, resources=tuple(found.values()))
    identity = signed_in.tokens["id_token"]

    assert (await protocol.userinfo(identity)).status_code == 401
    assert (await protocol.introspect(app, identity)).json() == {"active": False}
    refused = await protocol.revoke(app, identity)
    assert refused.json()["error"] == "unsupported_token_type"


async def test_who_names_nobody_has_what_the_client_is_registered_for(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 8707 §2: a predefined default; a disabled one gets no tokens."""
    await resources(access_token_ttl=60)
    app = await protocol.apps(columns={"audience": ORDERS})

    signed_in = await protocol.signed_in(app)
    await resources.change(ORDERS, status="disabled")
    protocol.runtime.clients.forget(app.client_id)
    over = await protocol.refresh(app, signed_in.refresh_token)

    issuer = protocol.runtime.settings.public_url
    assert parts(signed_in.access)[1]["aud"] == [ORDERS, issuer]
    assert signed_in.tokens["expires_in"] == 60
    assert (over.status_code, over.json()["error"]) == TARGET


async def test_who_is_who_can_be_asked_for_by_name_beside_an_api(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 8707 §2: the userinfo endpoint goes by the issuer's name."""
    await resources()
    issuer = protocol.runtime.settings.public_url
    app = await protocol.apps(scope=ALL)
    found = await protocol.runtime.resources.find([ORDERS, issuer])
    named = tuple(found.values())
    signed_in = await protocol.signed_in(app, "openid email read", resources=named)

    alone = await protocol.refresh(app, signed_in.refresh_token, resource=issuer)
    token = alone.json()["access_token"]

    assert parts(signed_in.access)[1]["aud"] == [ORDERS, issuer]
    assert parts(token)[1]["scope"] == "openid email"
    for access in (signed_in.access, token):
        person = await protocol.userinfo(access)
        assert person.json()["email"] == signed_in.user.email


async def test_a_token_for_an_account_is_for_nothing_else(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """RFC 9700 §2.3: no API gets what opens the account."""
    await resources()
    issuer = protocol.runtime.settings.public_url
    app = await protocol.apps(scope="openid account")
    found = await protocol.runtime.resources.find([ORDERS, f"{issuer}/api/v1"])
    named = tuple(found.values())
    issued = await protocol.codes(
        app, await protocol.api.users(), "account read", resources=named
    )

    refused = await protocol.token(app, issued.form)

    assert (refused.status_code, refused.json()["error"]) == TARGET
    assert "name one" in refused.json()["error_description"]


async def test_a_client_whose_api_wants_plain_jwts_has_tokens_that_hold(
    protocol: Protocol, resources: ResourceFactory
) -> None:
    """No token is issued that this server would refuse for its type."""
    await resources(typ="JWT")
    app = await protocol.apps(columns={"audience": ORDERS}, scope="openid")
    asks = {"audience": ORDERS, "is_resource_server": True}
    server = await protocol.apps(columns=asks)

    who = await protocol.signed_in(app, "openid")

    header, claims = parts(who.access)
    assert (header["typ"], claims["aud"]) == ("JWT", ORDERS)
    known = await protocol.introspect(server, who.access)
    assert known.json()["active"] is True
