"""An API exchanges the token that it was sent for one that the next API takes."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import update

from app.models import OAuthClient, User
from app.models.oauth.resource import OAuthResource
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.subject import subject_of_client
from tests.factories.oauth import Application
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import GONE, Protocol, SignedIn
from tests.workloads.issuers import Kubernetes
from tests.workloads.support import ON_KUBERNETES, ask, deployer, trust

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
HERE = "http://localhost:8000"
GATEWAY, STOCK = "https://gateway.example", "https://stock.example"


@pytest.fixture
def options() -> dict[str, object]:
    scopes = {"orders:read": "See orders", "stock:read": "See the stock"}
    return {"oauth": {"scopes": scopes}}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the statements are those of introspection."""
    return sqlite_url


@dataclass
class Chain:
    """A person at a web application, which calls a gateway, which calls the stock."""

    protocol: Protocol
    web: SignedIn
    gateway: Application
    stock: Application

    async def exchange(
        self, by: Application | None = None, token: str = "", **changed: str
    ) -> Response:
        form = {
            "grant_type": TokenExchange.name,
            "subject_token": token or self.web.access,
            "subject_token_type": ACCESS,
            "resource": STOCK,
        } | changed
        return await self.protocol.token(by or self.gateway, form)

    async def exchanged(self, **changed: Any) -> str:
        answer = await self.exchange(**changed)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    async def allow(
        self, *, impersonation: bool, of: Application | None = None
    ) -> None:
        client_id = (of or self.web.app).client_id
        policy = {"clients": [client_id], "impersonation": impersonation}
        mine = OAuthClient.client_id == self.gateway.client_id
        change = update(OAuthClient).where(mine).values(token_exchange=policy)
        await self.protocol.change(change)
        self.protocol.runtime.clients.forget(self.gateway.client_id)

    async def is_active(self, token: str) -> bool:
        known = await self.protocol.introspect(self.stock, token)
        active: bool = known.json()["active"]
        return active

    async def refused(self, error: str = "invalid_request", **changed: Any) -> str:
        answer = await self.exchange(**changed)
        assert answer.json().get("error") == error, answer.text
        events = await self.protocol.events("oauth.token_refused")
        hint: str = events[-1].data["hint"]
        return hint


async def _api(
    protocol: Protocol, audience: str, resources: dict[str, Any], *of: str
) -> Application:
    policy = {"clients": list(of), "impersonation": False} if of else None
    columns = {
        "audience": audience,
        "is_resource_server": True,
        "resources": resources,
        "token_exchange": policy,
    }
    grants = [TokenExchange.name, "client_credentials"]
    return await protocol.apps.machine(
        columns=columns, grant_types=grants, scope="orders:read"
    )


@pytest.fixture
async def chain(protocol: Protocol) -> Chain:
    async with protocol.runtime.unit_of_work() as uow:
        now = uow.clock.now()
        row = OAuthResource(
            id=uow.randomness.uuid7(),
            identifier=STOCK,
            name="Stock",
            scopes={"stock:read": "See the stock"},
            access="assigned",
            typ="at+jwt",
            audience_form="string",
            scope_form="string",
            claims=[],
            status="active",
            version=1,
            created_at=now,
            updated_at=now,
        )
        uow.db.add(row)
    web = await protocol.apps(columns={"audience": GATEWAY})
    gateway = await _api(protocol, GATEWAY, {STOCK: None}, web.client_id)
    stock = await _api(protocol, STOCK, {STOCK: None}, gateway.client_id)
    scope = "openid orders:read stock:read"
    signed_in = await protocol.signed_in(web, scope)
    return Chain(protocol, signed_in, gateway, stock)


async def test_the_next_api_gets_a_token_of_its_own(
    chain: Chain, clock: FakeClock
) -> None:
    """RFC 8693 §2.2.1, §4.1, RFC 7662 §2.2: aud, scope, act; introspection too."""
    clock.advance(seconds=60)

    answer = await chain.exchange()

    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert told["issued_token_type"] == ACCESS
    assert (told["token_type"], told["scope"]) == ("Bearer", "stock:read")
    assert told["expires_in"] == 240  # what is left of the first one
    assert "refresh_token" not in told and "id_token" not in told
    _, first = parts(chain.web.access)
    head, claims = parts(told["access_token"])
    known = (await chain.protocol.introspect(chain.stock, told["access_token"])).json()
    me = {"sub": subject_of_client(chain.gateway.client_id)}
    assert head["typ"] == "at+jwt"
    assert claims["act"] == known["act"] == me
    assert claims["client_id"] == known["client_id"] == chain.gateway.client_id
    assert (claims["aud"], claims["scope"]) == (STOCK, "stock:read")
    for same in ("sub", "grant_id", "exp", "sid"):
        assert claims[same] == first[same]


@pytest.mark.parametrize("impersonation", [False, True])
async def test_the_next_api_is_told_nothing_of_the_person(
    chain: Chain, impersonation: bool
) -> None:
    """RFC 8693 §1.1: people agreed to what one application is told."""
    await chain.allow(impersonation=impersonation)
    protocol, stock = chain.protocol, OAuthResource.identifier == STOCK
    claims = [{"claim": "mail", "source": "email"}, {"claim": "may", "source": "scope"}]
    await protocol.change(update(OAuthResource).where(stock).values(claims=claims))
    protocol.runtime.resources.forget(STOCK)
    protocol.runtime.clients.forget(chain.stock.client_id)
    scope = "openid email profile stock:read"
    chain.web = await protocol.signed_in(chain.web.app, scope)

    token = await chain.exchanged()

    known = (await protocol.introspect(chain.stock, token)).json()
    assert known["active"] and known["may"] == ["stock:read"]
    assert not {"username", "mail"} & known.keys()


async def test_a_chain_names_everybody_and_goes_no_further_than_it_may(
    chain: Chain,
) -> None:
    """RFC 8693 §4.1: act is nested; the gateway's own token is not the stock's."""
    token = await chain.exchanged()

    again = await chain.exchanged(by=chain.stock, token=token)

    _, claims = parts(again)
    inner = {"sub": subject_of_client(chain.gateway.client_id)}
    outer = {"sub": subject_of_client(chain.stock.client_id), "act": inner}
    assert claims["act"] == outer
    assert "not exchanged" in await chain.refused(by=chain.stock)
    assert "not exchanged" in await chain.refused(token=token)


@pytest.mark.parametrize("how", GONE)
async def test_what_ends_the_first_token_ends_the_second(
    chain: Chain, how: str
) -> None:
    """RFC 8693 §5: liveness is the database's to say, for both tokens at once."""
    token = await chain.exchanged()
    assert await chain.is_active(token)

    await chain.protocol.change(GONE[how](chain.web.issued))

    assert not await chain.is_active(token)
    assert "its grant is over" in await chain.refused()


async def test_a_token_that_was_given_back_is_not_exchanged(chain: Chain) -> None:
    await chain.protocol.revoke(chain.web.app, chain.web.access)

    assert "revoked" in await chain.refused()


async def test_expired_forged_and_other_tokens_are_not_exchanged(
    chain: Chain, clock: FakeClock
) -> None:
    """RFC 8693 §2.2.2: invalid_request; whoever's and whatever they are."""
    tokens = chain.web.tokens
    own = await chain.protocol.token(
        chain.gateway, {"grant_type": "client_credentials"}
    )
    person = await chain.protocol.api.person()
    for token in (
        tokens["refresh_token"],
        tokens["id_token"],
        tokens["access_token"][:-4] + "AAAA",
        person.tokens["access_token"],
        "x",
    ):
        assert "unknown" in await chain.refused(token=token)
    assert "about nobody" in await chain.refused(token=own.json()["access_token"])
    clock.advance(seconds=300)
    assert "expired" in await chain.refused()


async def test_clients_that_are_gone_or_may_not_exchange_nothing(
    chain: Chain,
) -> None:
    """RFC 6749 §5.2: unauthorized_client, unless the administrator let them."""
    protocol = chain.protocol
    public = await protocol.apps.public(
        grant_types=["authorization_code", TokenExchange.name]
    )
    without = await _api(protocol, "https://other.example", {STOCK: None})
    machine = await protocol.apps.machine(scope="orders:read")

    for app in (public, without, machine):
        await chain.refused("unauthorized_client", by=app)
    anonymous = await protocol.http.post(
        "/oauth2/token", data={"grant_type": TokenExchange.name}
    )
    await protocol.disable(OAuthClient, chain.web.app.client_id)
    protocol.runtime.clients.forget(chain.web.app.client_id)

    assert anonymous.json()["error"] == "invalid_client"
    assert "unknown" in await chain.refused()


async def test_neither_the_account_nor_who_somebody_is_comes_of_it(
    chain: Chain,
) -> None:
    """No exchange leads to userinfo, to our own API, or to a refresh token."""
    token = await chain.exchanged()
    headers = {"Authorization": f"Bearer {token}"}
    userinfo = await chain.protocol.userinfo(token)
    me = await chain.protocol.http.get("/api/v1/users/me", headers=headers)
    issuer = chain.protocol.runtime.settings.public_url

    assert (userinfo.status_code, me.status_code) == (403, 401)
    for scope in ("openid", "account", "offline_access", "orders:read"):
        await chain.refused("invalid_scope", scope=scope)
    for target in (issuer, f"{issuer}/api/v1"):
        answer = await chain.exchange(resource=target)
        assert answer.json()["error"] in ("invalid_scope", "invalid_target")
    await chain.refused("invalid_target", resource=GATEWAY)
    await chain.refused("invalid_target", resource="https://unknown.example")


async def test_giving_an_exchanged_token_back_ends_it_alone(chain: Chain) -> None:
    """RFC 7009 §2.1: an API cannot sign the person out of the application."""
    token = await chain.exchanged()

    await chain.protocol.revoke(chain.gateway, token)

    assert not await chain.is_active(token)
    refreshed = await chain.protocol.refresh(chain.web.app, chain.web.refresh_token)
    assert refreshed.status_code == 200
    stranger = await chain.protocol.revoke(chain.stock, await chain.exchanged())
    assert stranger.json()["error"] == "invalid_grant"


async def test_impersonation_is_the_administrators_to_allow(chain: Chain) -> None:
    """RFC 8693 §1.1: without act only where the policy says so."""
    await chain.allow(impersonation=True)
    own = await chain.protocol.token(
        chain.gateway, {"grant_type": "client_credentials"}
    )
    actor = {"actor_token": own.json()["access_token"], "actor_token_type": ACCESS}

    _, without = parts(await chain.exchanged())
    _, named = parts(await chain.exchanged(**actor))
    told = await chain.protocol.events("oauth.token_exchanged")

    assert "act" not in without
    assert named["act"] == {"sub": subject_of_client(chain.gateway.client_id)}
    assert [each.data["acts"] for each in told] == [False, True]


async def test_what_nobody_signed_in_for_says_nothing_of_a_sign_in(
    chain: Chain, clock: FakeClock
) -> None:
    """RFC 9470 §3: or a workload would pass where a fresh sign-in is asked for."""
    protocol, person = chain.protocol, await chain.protocol.api.users()
    columns, scope = {"audience": GATEWAY}, "orders:read stock:read"
    job = await deployer(protocol, columns=columns, scope=scope)
    rule = {"client_id": job.client_id, "user_id": person.id}
    with Kubernetes() as cluster:
        rule |= {"conditions": ON_KUBERNETES}
        await trust(protocol.runtime, cluster, rule, jwks=cluster.jwks)
        assertion = cluster.token(HERE, int(clock.now().timestamp()))
    first = (await ask(protocol, assertion)).json()["access_token"]
    await chain.allow(impersonation=False, of=job)

    token = await chain.exchanged(token=first)

    claims, known = parts(token)[1], await protocol.introspect(chain.stock, token)
    told = {"auth_time", "acr", "amr", "sid"}
    assert (claims["sub"], claims["aud"]) == (str(person.id), STOCK)
    assert claims["grant_id"] == parts(first)[1]["grant_id"]
    assert known.json()["active"]
    for said in (parts(first)[1], claims, known.json()):
        assert not told & said.keys()


async def test_who_acted_for_whom_and_where_is_in_the_audit_trail(chain: Chain) -> None:
    """RFC 8693 §5: once for each token and audience, however often it comes."""
    for _ in range(2):
        await chain.exchanged()
    await chain.refused("invalid_target", resource="https://nowhere.example")

    [told] = await chain.protocol.events("oauth.token_exchanged")

    _, first = parts(chain.web.access)
    assert told.user_id == chain.web.user.id
    assert told.data == {
        "client_id": chain.gateway.client_id,
        "subject_client_id": chain.web.app.client_id,
        "subject_jti": first["jti"],
        "audience": STOCK,
        "scope": "stock:read",
        "acts": True,
    }


async def test_a_disabled_account_is_exchanged_for_by_nobody(chain: Chain) -> None:
    token = await chain.exchanged()

    await chain.protocol.disable(User, chain.web.user.id)

    assert not await chain.is_active(token)
    await chain.refused()
