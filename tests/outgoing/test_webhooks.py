"""``/api/v1/webhooks`` and ``webhook``: who is told of events."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from app.events.user import UserUpdated
from app.jobs.webhook import WebhookJob
from app.services.outgoing import webhook
from app.services.outgoing.fan_out import FanOut
from app.services.server.runtime import Runtime
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.role import RoleFactory
from tests.outgoing.support import add_webhook, sent, stored
from tests.outgoing.support import told as received
from tests.outgoing.support import work
from tests.servers.http import HttpServer
from tests.support.api import Api, Person
from tests.support.chance import FakeClock
from tests.support.client import events

URL = "https://hooks.example/auth"


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


@pytest.fixture
async def receiver() -> AsyncIterator[HttpServer]:
    with HttpServer() as server:
        yield server


async def _made(api: Api, who: Person, **members: Any) -> dict[str, Any]:
    answer = await api.post("/webhooks", {"url": URL} | members, who)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_webhook_is_made_changed_and_gone_and_its_secret_shown_once(
    api: Api,
) -> None:
    root = await api.admin()

    made = await _made(api, root, events=["user.*"], description="Ours")
    path = f"/webhooks/{made['id']}"
    seen = await api.get(path, root)
    listed = (await api.get("/webhooks", root)).json()["items"]
    changed = await api.patch(path, {"events": ["*"], "enabled": False}, root)
    rotated = await api.post(f"{path}/rotate-secret", {"overlap": 60}, root)
    gone = await api.delete(path, root)

    assert made["secret"].startswith("whsec_")
    assert "secret" not in seen.json() and made["secret"] not in seen.text
    assert listed == [seen.json()]
    assert changed.json()["disabled_reason"] == "administrator"
    assert rotated.json()["secret"] not in ("", made["secret"])
    assert rotated.json()["secret_overlaps_until"] is not None
    assert gone.status_code == 204
    assert (await api.get(path, root)).json()["code"] == "webhook_not_found"
    names = await api.trail(None)
    assert [name for name in names if name.startswith("webhook.")] == [
        "webhook.created",
        "webhook.updated",
        "webhook.secret_rotated",
        "webhook.deleted",
    ]


async def test_evidence_says_where_an_endpoint_was_moved_but_not_its_secret_path(
    api: Api, runtime: Runtime
) -> None:
    root = await api.admin()
    made = await _made(api, root)
    moved = {"url": "https://elsewhere.example:8443/only-we-know?key=1"}
    await api.patch(f"/webhooks/{made['id']}", moved, root)

    [told_of] = await events(runtime, "webhook.updated")

    assert told_of.data["url"] == "https://elsewhere.example:8443"
    assert told_of.data["fields"] == ["url"]


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"url": "http://hooks.example/"}, "url", "url_refused"),
        ({"url": "https://169.254.169.254/"}, "url", "url_refused"),
        ({"url": "https://[::1]/"}, "url", "url_refused"),
        ({"url": "https://a:b@hooks.example/"}, "url", "url_refused"),
        ({"events": ["user.nothing"]}, "events.0", "unknown_event"),
        ({"events": ["*", "use*"]}, "events.1", "unknown_event"),
    ],
)
async def test_t161_what_may_not_be_called_and_what_never_happens_is_refused(
    api: Api, members: dict[str, Any], field: str, code: str
) -> None:
    root = await api.admin()

    answer = await api.post("/webhooks", {"url": URL} | members, root)

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert (await api.get("/webhooks", root)).json()["items"] == []


async def test_who_may_not_read_events_has_none_sent_nor_sent_once_more(
    api: Api, runtime: Runtime
) -> None:
    root = await api.admin()
    made = await _made(api, root)
    await RoleFactory(runtime)("hooks", "webhooks:read", "webhooks:write")
    ann = await api.person("hooks")
    path = f"/webhooks/{made['id']}"

    answers = [
        await api.post("/webhooks", {"url": URL}, ann),
        await api.patch(path, {"url": "https://other.example/"}, ann),
        await api.post(f"{path}/rotate-secret", {}, ann),
        await api.post(f"{path}/test", None, ann),
        await api.post(f"{path}/replay", {"since": made["created_at"]}, ann),
        await api.delete(path, ann),
    ]

    assert [each.status_code for each in answers] == [403] * 6
    assert (await api.get(path, ann)).json()["url"] == URL


async def test_a_test_arrives_whatever_is_asked_for_and_is_listed(
    api: Api, runtime: Runtime, receiver: HttpServer
) -> None:
    root = await api.admin()
    made = await _made(api, root, url=receiver.url, events=["user.deleted"])
    path = f"/webhooks/{made['id']}"

    tried = await api.post(f"{path}/test", None, root)
    await work(WebhookJob(runtime))

    assert tried.status_code == 202 and tried.json()["state"] == "pending"
    [body] = received(receiver)
    assert body["type"] == "webhook.tested"
    [delivery] = (await api.get(f"{path}/deliveries", root)).json()["items"]
    assert (delivery["state"], delivery["last_status"]) == ("delivered", 204)
    assert delivery["id"] == tried.json()["id"]
    dead = await api.get(f"{path}/deliveries?state=dead", root)
    assert dead.json()["items"] == []


async def test_what_was_missed_is_brought_in_and_what_came_comes_once_more(
    api: Api, runtime: Runtime, receiver: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await api.admin()
    made = await _made(api, root, url=receiver.url, events=["user.updated"])
    path, job = f"/webhooks/{made['id']}", WebhookJob(runtime)
    ann = await api.person()
    await api.patch("/users/me", {"name": "1"}, ann)
    await work(job)
    await api.patch(path, {"enabled": False}, root)
    await api.patch("/users/me", {"name": "2"}, ann)
    off = await api.post(f"{path}/replay", {"since": made["created_at"]}, root)
    await api.patch(path, {"enabled": True}, root)
    await work(job)
    before = len(receiver.requests)

    span = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    replayed = await api.post(f"{path}/replay", span, root)
    await work(job)
    [_, first] = (await api.get(f"{path}/deliveries", root)).json()["items"]
    one = await api.post(f"{path}/replay", {"delivery_id": first["id"]}, root)
    await work(job)
    monkeypatch.setattr(webhook, "MAX_REPLAY", 1)
    many = await api.post(f"{path}/replay", span, root)
    unclear = await api.post(f"{path}/replay", {}, root)

    assert (off.status_code, off.json()["code"]) == (409, "webhook_disabled")
    assert before == 1
    assert replayed.json() == {"count": 2} and one.json() == {"count": 1}
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] == ids[1] == ids[3] != ids[2] and len(ids) == 4
    assert many.status_code == 422 and unclear.status_code == 422
    assert many.json()["errors"][0]["code"] == "too_many_events"


async def test_the_commands_do_the_same(
    api: Api,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    receiver: HttpServer,
    clock: FakeClock,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS", "127.0.0.1")
    await api.admin()

    made = told("webhook", "create", receiver.url, "--event", "webhook.*")
    word = made["id"]
    told("webhook", "test", word)
    clock.advance(seconds=60)  # the command has the clock of the machine
    await work(WebhookJob(runtime))
    sent = told("webhook", "deliveries", word, "--state", "delivered")
    again = told("webhook", "replay", word, "--delivery", sent[0]["id"])
    span = told("webhook", "replay", word, "--since", "1h")
    changed = told("webhook", "update", word, "--disable", "--description", "Off")
    rotated = told("webhook", "rotate-secret", word, "--overlap", "0")

    names = {each["event"] for each in sent}
    assert names == {"webhook.tested", "webhook.created"} and len(sent) == 2
    assert again == {"count": 1} and span["count"] >= 2
    assert (changed["enabled"], changed["description"]) == (False, "Off")
    assert rotated["secret"] != made["secret"]
    assert rotated["secret_overlaps_until"] is None
    assert told("webhook", "list") == [told("webhook", "show", word)]
    assert run("webhook", "replay", word).exit_code == 2
    assert run("webhook", "deliveries", word, "--state", "x").exit_code == 2
    assert run("webhook", "delete", word).exit_code == 2
    assert told("webhook", "delete", word, "--yes")["deleted"] is True
    assert run("webhook", "show", word).exit_code == 1


async def test_evidence_tells_neither_path_nor_query_of_an_endpoint(api: Api) -> None:
    root = await api.admin()
    made = await _made(api, root, url=f"{URL}/T0/hidden-path?key=hidden-key")

    await api.delete(f"/webhooks/{made['id']}", root)

    trail = await api.get("/audit-events/export", root)
    assert "webhook.deleted" in trail.text and "https://hooks.example" in trail.text
    assert "hidden" not in trail.text


async def test_a_long_line_of_events_is_gone_through_once(
    runtime: Runtime, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a day without a worker each turn looks at what the one before left."""
    monkeypatch.setattr("app.services.outgoing.fan_out.BATCH", 2)
    webhook_id, _, _ = await add_webhook(runtime, "https://hooks.example/", "user.*")
    for _ in range(5):
        async with runtime.unit_of_work() as uow:
            uow.record(UserUpdated(user_id=uuid4(), fields=("name",)))
    clock.advance(seconds=86_400)
    fan_out = FanOut(runtime)

    more, seen = [], []
    for _ in range(3):
        more.append(await fan_out.advance(webhook_id))
        seen.append((await stored(runtime, webhook_id)).seen_id)

    ids = [each.event_id for each in await sent(runtime, webhook_id)]
    assert more == [True, True, False] and len(ids) == 5
    assert seen[:2] == [ids[1], ids[3]] and seen[2] > ids[4]
