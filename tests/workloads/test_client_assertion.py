"""A workload's token as ``client_assertion``: who asks, without a secret."""

from collections.abc import Iterator

import pytest
from httpx2 import Response

from app.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from tests.factories.oauth import Application
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.workloads.issuers import Kubernetes
from tests.workloads.support import ON_KUBERNETES, OPTIONS, trust

HERE = "http://localhost:8000"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the statements are those of other tests."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def kubernetes() -> Iterator[Kubernetes]:
    with Kubernetes() as server:
        yield server


async def _client(protocol: Protocol) -> Application:
    return await protocol.apps.machine(
        token_endpoint_auth_method="private_key_jwt", scope="orders:read"
    )


async def _ask(
    protocol: Protocol, client_id: str, assertion: str, path: str = "token", **form: str
) -> Response:
    proof = {
        "client_id": client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    body = {"grant_type": "client_credentials"} | form | proof
    return await protocol.http.post(f"/oauth2/{path}", data=body)


async def test_a_pod_is_its_client_at_every_endpoint(
    protocol: Protocol, kubernetes: Kubernetes, clock: FakeClock
) -> None:
    """RFC 7523 §2.2, §3: client_id beside an assertion that its issuer signed."""
    app = await _client(protocol)
    rule = {
        "conditions": ON_KUBERNETES,
        "client_id": app.client_id,
        "authenticates_client": True,
    }
    await trust(protocol.runtime, kubernetes, rule, single_use=False)
    assertion = kubernetes.token(HERE, int(clock.now().timestamp()))

    answer = await _ask(protocol, app.client_id, assertion)
    token = answer.json()["access_token"]
    known = await _ask(protocol, app.client_id, assertion, "introspect", token=token)
    ended = await _ask(protocol, app.client_id, assertion, "revoke", token=token)
    after = await _ask(protocol, app.client_id, assertion, "introspect", token=token)

    assert answer.status_code == 200, answer.text
    assert known.json()["active"] and ended.status_code == 200
    assert after.json() == {"active": False}


async def test_anybody_elses_token_is_not(
    protocol: Protocol, kubernetes: Kubernetes, clock: FakeClock
) -> None:
    """RFC 7521 §4.2.1: invalid_client, and the trail says why."""
    app, other = await _client(protocol), await _client(protocol)
    plain = await protocol.apps.machine(scope="orders:read")
    rule = {
        "conditions": ON_KUBERNETES,
        "client_id": app.client_id,
        "authenticates_client": True,
    }
    await trust(protocol.runtime, kubernetes, rule)
    now = int(clock.now().timestamp())
    right = kubernetes.token(HERE, now)
    elsewhere = {"namespace": "web", "serviceaccount": {"name": "deployer"}}
    refusals = {
        "fulfils no rule": (other.client_id, right),
        "registered for client_secret_basic": (plain.client_id, right),
        "no client 'nobody'": ("nobody", right),
        "aud is": (app.client_id, kubernetes.token("https://kubernetes.default", now)),
        "of http": (
            app.client_id,
            kubernetes.token(HERE, now, **{"kubernetes.io": elsewhere}),
        ),
        "iss is not": (
            app.client_id,
            kubernetes.token(HERE, now, iss="https://evil.example"),
        ),
    }
    for reason, (client_id, assertion) in refusals.items():
        answer = await _ask(protocol, client_id, assertion)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        hint = (await protocol.events("oauth.token_refused"))[-1].data["hint"]
        assert reason in hint or "registered keys" in hint, (reason, hint)

    assert (await _ask(protocol, app.client_id, right)).status_code == 200
    assert (await _ask(protocol, app.client_id, right)).status_code == 401  # once
