"""Workloads of GitHub Actions and Kubernetes get tokens for their own (RFC 7523)."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from app.core.outbound.published import ASKED_EVERY
from app.models import OAuthClient, User
from app.oauth.grants.jwt_bearer import JwtBearer
from app.services.clients.keys import KEPT_FOR, LAST_GOOD_FOR
from app.services.clients.trusted_issuer import TrustedIssuerService
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.workloads.issuers import GitHubActions, Kubernetes
from tests.workloads.support import (
    ON_GITHUB,
    ON_KUBERNETES,
    OPTIONS,
    ask,
    deployer,
    refused,
    trust,
)

HERE = "http://localhost:8000"


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the statements are those of other tests."""
    return sqlite_url


@pytest.fixture
def github() -> Iterator[GitHubActions]:
    with GitHubActions() as server:
        yield server


@pytest.fixture
def kubernetes() -> Iterator[Kubernetes]:
    with Kubernetes() as server:
        yield server


def _now(clock: FakeClock) -> int:
    return int(clock.now().timestamp())


async def test_a_job_of_github_gets_a_token_without_a_secret(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """RFC 7523 §2.1, §3, RFC 7521 §4.1: client authentication is optional."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)

    answer = await ask(protocol, github.token(HERE, _now(clock)))

    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert told["scope"] == "orders:read orders:write"
    head, claims = parts(told["access_token"])
    assert head["typ"] == "at+jwt"
    assert claims["client_id"] == app.client_id
    assert claims["sub"].endswith(app.client_id)
    assert "grant_id" not in claims and "sid" not in claims
    assert github.asked == ["/.well-known/openid-configuration", "/.well-known/jwks"]


async def test_a_pod_of_kubernetes_gets_tokens_with_the_file_it_has(
    protocol: Protocol, kubernetes: Kubernetes, clock: FakeClock
) -> None:
    """RFC 7523 §3: without typ, aud as a list of one; the same token for an hour."""
    app = await deployer(protocol)
    rule = {
        "conditions": ON_KUBERNETES,
        "client_id": app.client_id,
        "scope": "orders:read",
    }
    await trust(protocol.runtime, kubernetes, rule, single_use=False)
    token = kubernetes.token(f"{HERE}/oauth2/token", _now(clock))

    for _ in range(2):
        answer = await ask(protocol, token, client_id=app.client_id)
        assert answer.status_code == 200, answer.text
        assert answer.json()["scope"] == "orders:read"
    clock.advance(seconds=3_600)

    assert "expired" in await refused(protocol, token)
    more = await ask(protocol, token, scope="orders:write")
    assert more.status_code == 400


async def test_a_cluster_that_nobody_reaches_gives_its_keys_by_hand(
    protocol: Protocol, kubernetes: Kubernetes, clock: FakeClock
) -> None:
    app = await deployer(protocol)
    rule = {"conditions": ON_KUBERNETES, "client_id": app.client_id}
    await trust(protocol.runtime, kubernetes, rule, jwks=kubernetes.jwks)

    answer = await ask(protocol, kubernetes.token(HERE, _now(clock)))

    assert answer.status_code == 200, answer.text
    assert kubernetes.asked == []


async def test_whoever_fulfils_no_rule_gets_nothing(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """RFC 7521 §4.1.1: invalid_grant; the answer does not say which claim it was."""
    app, other = await deployer(protocol), await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    now = _now(clock)
    wrong = {
        "fulfils no rule": github.token(HERE, now, repository="evil-org/octo-repo"),
        "of ": github.token(HERE, now, ref="refs/pull/1/merge"),
        "aud is": github.token("https://github.com/octo-org", now),
        "not one alone": github.token([HERE, "https://other.example"], now),
        "it lives": github.token(HERE, now, exp=now + 86_400),
        "expired": github.token(HERE, now - 600),
        "ahead": github.token(HERE, now, nbf=now + 120),
        "jti must": github.token(HERE, now, jti=...),
        "not trusted": github.token(HERE, now, iss="https://evil.example"),
    }
    for reason, token in wrong.items():
        assert reason in await refused(protocol, token)
    right = github.token(HERE, now)

    assert "fulfils no rule" in await refused(
        protocol, right, client_id=other.client_id
    )
    assert (await ask(protocol, right)).status_code == 200


async def test_a_token_with_a_jti_counts_once(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """RFC 7523 §3: replays are refused; one that asked for too much is no use."""
    app = await deployer(protocol)
    rule = {
        "conditions": ON_GITHUB,
        "client_id": app.client_id,
        "scope": "orders:read",
    }
    await trust(protocol.runtime, github, rule)
    token = github.token(HERE, _now(clock))

    much = await ask(protocol, token, scope="orders:write")
    first = await ask(protocol, token)

    assert much.json()["error"] == "invalid_scope"
    assert first.status_code == 200, first.text
    assert "used before" in await refused(protocol, token)


async def test_a_client_that_proves_itself_still_needs_its_rule(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """RFC 7521 §4.1: who authenticates is held to it, and to what the rule says."""
    method = {"token_endpoint_auth_method": "client_secret_basic"}
    mine = await deployer(protocol, **method)
    other = await deployer(protocol, **method)
    rule = {"conditions": ON_GITHUB, "client_id": mine.client_id}
    await trust(protocol.runtime, github, rule)
    form = {"grant_type": JwtBearer.name, "assertion": github.token(HERE, _now(clock))}

    stolen = await protocol.token(other, form)
    wrong = await protocol.http.post(
        "/oauth2/token", data=form, auth=(mine.client_id, "wrong")
    )
    right = await protocol.token(mine, form)

    assert stolen.json()["error"] == "invalid_grant"
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert right.status_code == 200, right.text


async def test_only_clients_for_this_grant_are_spoken_for(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """RFC 6749 §5.2: unauthorized_client; and one that is disabled is nobody."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    token = github.token(HERE, _now(clock))
    without = {"grant_types": ["client_credentials"], "response_types": []}
    change = update(OAuthClient).where(OAuthClient.client_id == app.client_id)

    await protocol.change(change.values(document=without | {"scope": "orders:read"}))
    protocol.runtime.clients.forget(app.client_id)
    unregistered = await ask(protocol, token)
    await protocol.change(change.values(status="disabled"))
    protocol.runtime.clients.forget(app.client_id)

    assert unregistered.json()["error"] == "unauthorized_client"
    assert "disabled or gone" in await refused(protocol, token)


async def test_a_key_that_is_new_is_fetched_and_made_up_ones_make_nobody_fetch(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """OIDC Core §10.1.1: keys roll over at once; strangers cannot have them asked."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    await ask(protocol, github.token(HERE, _now(clock)))
    before = len(github.asked)
    clock.advance(seconds=ASKED_EVERY)

    for number in range(20):
        forged = github.sign({"iss": github.url, "sub": "x"}, kid=f"made-up-{number}")
        assert "registered keys" in await refused(protocol, forged)
    asked = len(github.asked) - before
    github.rotate()
    early = await ask(protocol, github.token(HERE, _now(clock)))
    clock.advance(seconds=ASKED_EVERY)
    rolled = await ask(protocol, github.token(HERE, _now(clock)))

    assert asked == 2  # the discovery and the keys, once
    assert (early.status_code, rolled.status_code) == (400, 200)


async def test_the_last_good_keys_hold_for_an_hour_while_the_issuer_is_silent(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """An outage there is none here at once, and no way to keep an old key alive."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    await ask(protocol, github.token(HERE, _now(clock)))
    github.status = 503
    for _ in range(int((LAST_GOOD_FOR - 1) // KEPT_FOR)):
        clock.advance(seconds=KEPT_FOR)
        answer = await ask(protocol, github.token(HERE, _now(clock)))
        assert answer.status_code == 200, answer.text
    clock.advance(seconds=KEPT_FOR)

    assert "no keys" in await refused(protocol, github.token(HERE, _now(clock)))


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ...},
        {"issuer": 7},
        {"jwks_uri": None},
        {"jwks_uri": ["x"]},
        {"jwks_uri": "http://192.0.2.1/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://[::1]:1/"},
    ],
    ids=str,
)
async def test_t031_a_discovery_of_somebody_else_gives_no_keys(
    protocol: Protocol,
    github: GitHubActions,
    clock: FakeClock,
    said: dict[str, object],
) -> None:
    """OIDC Discovery §4.3: issuer MUST be identical; the door judges every address."""
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    github.said = {k: None if v is ... else v for k, v in said.items()}

    assert "no keys" in await refused(protocol, github.token(HERE, _now(clock)))
    assert github.asked == ["/.well-known/openid-configuration"]


async def test_whom_a_rule_names_is_acted_for_until_they_are_gone(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    """A token for a person carries a grant: it ends with the account at once."""
    method = {"token_endpoint_auth_method": "client_secret_basic"}
    app = await deployer(protocol, **method)
    user = await protocol.api.users()
    rule = {
        "conditions": ON_GITHUB,
        "client_id": app.client_id,
        "user_id": user.id,
        "scope": "orders:read",
    }
    await trust(protocol.runtime, github, rule)

    token = (await ask(protocol, github.token(HERE, _now(clock)))).json()[
        "access_token"
    ]
    known = (await protocol.introspect(app, token)).json()
    told = await protocol.userinfo(token)
    me = await protocol.http.get(
        "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}
    )
    acted = (await protocol.events("oauth.workload_acted"))[-1]
    await protocol.disable(User, user.id)
    gone = (await protocol.introspect(app, token)).json()
    refusal = await refused(protocol, github.token(HERE, _now(clock)))

    _, claims = parts(token)
    grant = await protocol.grant(UUID(acted.data["grant_id"]))
    assert claims["sub"] == known["sub"] == str(user.id)
    assert claims["grant_id"] == str(grant.id)
    assert "auth_time" not in claims and "sid" not in claims  # nobody signed in
    assert (told.status_code, me.status_code) == (403, 401)
    assert (acted.user_id, acted.data["client_id"]) == (user.id, app.client_id)
    assert acted.data["subject"] == "repo:octo-org/octo-repo:environment:prod"
    assert grant.expires_at - grant.created_at == timedelta(seconds=300)
    assert gone == {"active": False}
    assert "disabled or gone" in refusal


async def test_a_person_who_is_gone_is_acted_for_by_nobody(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    app, user = await deployer(protocol), await protocol.api.users()
    rule = {
        "conditions": ON_GITHUB,
        "client_id": app.client_id,
        "user_id": user.id,
    }
    await trust(protocol.runtime, github, rule)
    await protocol.change(delete(User).where(User.id == user.id))

    refusal = await refused(protocol, github.token(HERE, _now(clock)))

    assert "disabled or gone" in refusal


async def test_an_issuer_that_is_disabled_is_believed_no_more(
    protocol: Protocol, github: GitHubActions, clock: FakeClock
) -> None:
    app = await deployer(protocol)
    rule = {"conditions": ON_GITHUB, "client_id": app.client_id}
    await trust(protocol.runtime, github, rule)
    assert (await ask(protocol, github.token(HERE, _now(clock)))).status_code == 200
    async with protocol.runtime.unit_of_work() as uow:
        service = TrustedIssuerService(uow, protocol.runtime)
        await service.update("ci", {"status": "disabled"}, None)

    assert "not trusted" in await refused(protocol, github.token(HERE, _now(clock)))


async def test_an_assertion_is_demanded_and_of_this_grant_alone(
    protocol: Protocol, github: GitHubActions
) -> None:
    """RFC 7521 §4.1: assertion is REQUIRED."""
    missing = await ask(protocol, "")
    garbage = await ask(protocol, "a.b.c")
    other = await protocol.http.post(
        "/oauth2/token", data={"grant_type": "client_credentials", "assertion": "x"}
    )

    assert missing.json()["error"] == "invalid_request"
    assert garbage.json()["error"] == "invalid_grant"
    assert other.json()["error"] == "invalid_client"
