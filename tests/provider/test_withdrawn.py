"""What operators took out of the settings while clients are still registered for it."""

import logging
from typing import Any

import pytest

from app.jobs.backchannel_logout import BackchannelLogoutJob
from app.models import OneTimeToken
from app.services.sessions.session import SessionService
from tests.factories.oauth import Application
from tests.support.authorization import rows
from tests.support.oauth import Protocol
from tests.support.session_end import LOGOUT_URI, notices

ALGORITHMS = "AUTH_SERVE_OAUTH__ID_TOKEN_ALGORITHMS"


@pytest.fixture
def options() -> dict[str, object]:
    """What is left: one algorithm, and one scope."""
    scopes = {"orders:read": "See orders"}
    return {"oauth": {"id_token_algorithms": ["RS256"], "scopes": scopes}}


async def before(protocol: Protocol, app: Application, **members: Any) -> None:
    """Let a client be as it was registered under earlier settings."""
    async with protocol.runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(app.client_id)
        assert row is not None
        row.document = row.document | members
    protocol.runtime.clients.forget(app.client_id)


async def client_of(protocol: Protocol, **metadata: Any) -> Application:
    usual = {"id_token_signed_response_alg": "RS256"}
    return await protocol.apps(**(usual | metadata))


async def test_id_tokens_that_cannot_be_signed_are_refused_and_nothing_is_used_up(
    protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """OIDC Registration §2: never in another algorithm than the registered one."""
    app = await client_of(protocol)
    code = await protocol.codes(app, await protocol.api.users())
    await before(protocol, app, id_token_signed_response_alg="ES512")

    with caplog.at_level(logging.INFO):
        refused = await protocol.token(app, code.form)
    unused = [each.consumed_at for each in await rows(protocol.runtime, OneTimeToken)]
    await before(protocol, app, id_token_signed_response_alg="RS256")
    mended = await protocol.token(app, code.form)

    assert refused.status_code == 503
    assert refused.json()["error"] == "temporarily_unavailable"
    assert "switched off" in refused.json()["error_description"]
    assert "retry-after" in refused.headers
    [said] = [r.getMessage() for r in caplog.records if r.name == "auth_serve.errors"]
    assert app.client_id in said and ALGORITHMS in said
    assert None in unused
    assert mended.status_code == 200


async def test_userinfo_that_cannot_be_signed_is_refused(protocol: Protocol) -> None:
    """OIDC Core §5.3.2: signed, as the client registered, or not at all."""
    app = await client_of(protocol)
    signed_in = await protocol.signed_in(app)
    await before(protocol, app, userinfo_signed_response_alg="ES512")

    answer = await protocol.userinfo(signed_in.access)

    assert answer.status_code == 503
    assert "switched off" in answer.text


async def test_logout_tokens_that_cannot_be_signed_wait(protocol: Protocol) -> None:
    app = await client_of(protocol, backchannel_logout_uri=LOGOUT_URI)
    signed_in = await protocol.signed_in(app)
    await before(protocol, app, id_token_signed_response_alg="ES512")
    async with protocol.runtime.unit_of_work() as uow:
        who = signed_in.issued
        await SessionService(uow).end(who.user_id, who.session_id, "logout")

    await BackchannelLogoutJob(protocol.runtime).run()

    [notice] = await notices(protocol.runtime)
    assert notice.last_error is not None
    assert app.client_id in notice.last_error and ALGORITHMS in notice.last_error


async def test_a_scope_that_is_not_offered_any_more_is_not_given(
    protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 6749 §3.3: the server may give less; alone it is an invalid_scope."""
    more: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": []}
    app = await client_of(protocol, scope="orders:read", **more)
    await before(protocol, app, scope="orders:read orders:write")
    form = {"grant_type": "client_credentials"}

    with caplog.at_level(logging.WARNING):
        usual = await protocol.token(app, form)
        gone = await protocol.token(app, form | {"scope": "orders:write"})

    assert (usual.status_code, usual.json()["scope"]) == (200, "orders:read")
    assert (gone.status_code, gone.json()["error"]) == (400, "invalid_scope")
    [said] = [vars(r) for r in caplog.records if "not offered" in r.message]
    assert said["client_id"] == app.client_id
    assert said["reason"] == "AUTH_SERVE_OAUTH__SCOPES does not name orders:write"
