"""How applications prove who they are at the token endpoint, and how often they try."""

from typing import Any

import pytest

from app.services.clients.directory import ClientDirectory
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

SCOPES = "openid email orders:read orders:write"


@pytest.fixture
def options() -> dict[str, object]:
    """An API with scopes of its own."""
    scopes = {"orders:read": "See orders", "orders:write": "Change orders"}
    return {"oauth": {"scopes": scopes}}


async def test_a_wrong_secret_is_answered_as_it_came(protocol: Protocol) -> None:
    """RFC 6749 §5.2: 401, and the scheme that was tried."""
    app = await protocol.apps()
    posting = await protocol.apps(token_endpoint_auth_method="client_secret_post")
    form = {"grant_type": "authorization_code", "code": "x"}

    by_header = await protocol.http.post(
        "/oauth2/token", data=form, auth=(app.client_id, "wrong")
    )
    in_body = await protocol.http.post(
        "/oauth2/token",
        data=form | {"client_id": posting.client_id, "client_secret": "wrong"},
    )

    for answer in (by_header, in_body):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json()["error_description"] == "client authentication failed"
    assert by_header.headers["www-authenticate"] == 'Basic realm="clients"'
    assert "www-authenticate" not in in_body.headers
    events = await protocol.events("oauth.token_refused")
    assert [event.data["hint"] for event in events] == ["matches none of 1 secrets"] * 2


@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("sent", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_comes_as_the_library_sends_it_wherever_clients_ask(
    protocol: Protocol, caplog: pytest.LogCaptureFixture, registered: str, sent: str
) -> None:
    """RFC 6749 §2.3.1: token, introspection and revocation take it alike."""
    app = await protocol.apps(token_endpoint_auth_method=registered)
    issued = await protocol.codes(app, await protocol.api.users())
    in_body = {"client_id": app.client_id, "client_secret": app.secret}
    proof = {} if sent == "client_secret_basic" else in_body
    auth: Any = (app.client_id, app.secret) if sent == "client_secret_basic" else None

    async def ask(path: str, **form: str) -> Any:
        answer = await protocol.http.post(path, data=form | proof, auth=auth)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    with caplog.at_level("INFO", "auth_serve.oauth_client"):
        tokens = await ask("/oauth2/token", **issued.form)
        known = await ask("/oauth2/introspect", token=tokens["access_token"])
        await ask("/oauth2/revoke", token=tokens["access_token"])

    assert known["active"]
    noted = [
        (one.__dict__["registered"], one.__dict__["used"]) for one in caplog.records
    ]
    assert noted == ([] if registered == sent else [(registered, sent)] * 3)
    assert app.secret not in caplog.text


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
async def test_a_secret_proves_nothing_for_a_client_that_has_another_proof(
    protocol: Protocol, method: str
) -> None:
    """RFC 7591 §2: private_key_jwt and none stay exact."""
    apps = protocol.apps
    app = await (
        apps.with_key()
        if method == "private_key_jwt"
        else apps(token_endpoint_auth_method="none")
    )
    issued = await protocol.codes(app, await protocol.api.users())
    secret = "as_cs_" + "x" * 43

    tries: tuple[tuple[Any, dict[str, str]], ...] = (
        ((app.client_id, secret), {}),
        (None, {"client_id": app.client_id, "client_secret": secret}),
    )
    for auth, proof in tries:
        answer = await protocol.http.post(
            "/oauth2/token", data=issued.form | proof, auth=auth
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_works_once(protocol: Protocol) -> None:
    """RFC 7523 §3, OIDC Core §9: a jti counts once."""
    more: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": []}
    app = await protocol.apps.with_key(scope=SCOPES, **more)
    form = {"grant_type": "client_credentials"} | app.assertion(protocol.runtime)

    first, second = [
        await protocol.http.post("/oauth2/token", data=form) for _ in range(2)
    ]

    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (401, "invalid_client")
    events = await protocol.events("oauth.token_refused")
    assert "jti was used before" in events[-1].data["hint"]


@pytest.mark.parametrize("are_fresh", [True, False])
async def test_an_assertion_by_an_unknown_key_is_tried_again_with_fresh_keys(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch, are_fresh: bool
) -> None:
    app = await protocol.apps.with_key()
    issued = await protocol.codes(app, await protocol.api.users())
    heir = await protocol.apps.with_key()
    async with protocol.runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(app.client_id)
        new = await uow.oauth_clients.by_client_id(heir.client_id)
        assert row is not None and new is not None
        row.document = row.document | {"jwks": new.document["jwks"]}
    asked = []

    async def refresh_keys(directory: ClientDirectory, client_id: str) -> bool:
        asked.append(client_id)
        if are_fresh:
            directory.forget(client_id)
        return are_fresh

    monkeypatch.setattr(ClientDirectory, "refresh_keys", refresh_keys)
    changed = type(app)(app.client_id, key=heir.key)

    answer = await protocol.token(changed, issued.form)

    assert answer.status_code == (200 if are_fresh else 401)
    assert asked == [app.client_id]


class TestLimits:
    """Failures are counted; what works is not."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Few attempts."""
        limits = {"client_address": "3/60", "refusal_address": "2/60"}
        return {"limits": {"store": "memory"} | limits}

    async def test_failed_authentications_are_limited(
        self, protocol: Protocol, clock: FakeClock
    ) -> None:
        app = await protocol.apps()
        wrong = type(app)(app.client_id, "wrong")
        signed_in = [await protocol.signed_in(app) for _ in range(5)]

        answers = [await protocol.introspect(wrong, "x") for _ in range(5)]

        assert [a.status_code for a in answers] == [401] * 3 + [429] * 2
        assert answers[-1].json()["error"] == "temporarily_unavailable"
        assert int(answers[-1].headers["retry-after"]) > 0
        rightful = await protocol.introspect(app, signed_in[0].access)
        assert rightful.json()["active"]
        clock.advance(seconds=60)
        assert (await protocol.introspect(wrong, "x")).status_code == 401

    async def test_evidence_is_limited_and_the_answer_is_not(
        self, protocol: Protocol
    ) -> None:
        app = await protocol.apps()

        answers = [await protocol.token(app, {}) for _ in range(5)]

        assert [answer.status_code for answer in answers] == [400] * 5
        assert len(await protocol.events("oauth.token_refused")) == 2
