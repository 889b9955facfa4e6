"""No database: the protocol's endpoints say so, and never that something worked."""

import asyncpg
import pytest

from tests.database.test_outages import run
from tests.support.oauth import Protocol


@pytest.fixture
def options() -> dict[str, object]:
    """Attempts are counted here."""
    return {"limits": {"store": "memory"}}


async def test_t038_an_outage_is_503_and_never_200(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    issued = await protocol.codes(who.app, who.user)
    signer = await protocol.apps.with_key()
    for app in (who.app, signer):  # known to this process
        assert (await protocol.introspect(app, "x")).status_code == 200
    await protocol.runtime.database.close()

    def refuse(*_arguments: object, **_options: object) -> None:
        raise asyncpg.TooManyConnectionsError("too many")

    with monkeypatch.context() as outage:
        dialect = protocol.runtime.database.engine.sync_engine.dialect
        outage.setattr(dialect, "connect", refuse)
        answers = [
            await protocol.token(who.app, issued.form),
            await protocol.refresh(who.app, who.refresh_token),
            await protocol.refresh(who.app, "x"),  # the evidence cannot be kept
            await protocol.introspect(who.app, who.access),
            await protocol.introspect(signer, "x"),
            await protocol.revoke(who.app, who.access),
            await protocol.revoke(who.app, who.refresh_token),
            await protocol.userinfo(who.access),
        ]

    for answer in answers:
        assert answer.status_code == 503, answer.request.content
        assert answer.json()["error"] == "temporarily_unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["cache-control"] == "no-store"
    assert (await protocol.token(who.app, issued.form)).status_code == 200
    assert (await protocol.refresh(who.app, who.refresh_token)).status_code == 200


async def test_what_cannot_be_recorded_is_not_done(protocol: Protocol) -> None:
    # The evidence and what it is about are one transaction.
    who = await protocol.signed_in(await protocol.apps())
    await run(protocol.api, "ALTER TABLE audit_events RENAME TO elsewhere")

    answers = [
        await protocol.revoke(who.app, who.access),
        await protocol.revoke(who.app, who.refresh_token),
    ]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert (await protocol.userinfo(who.access)).status_code == 200
