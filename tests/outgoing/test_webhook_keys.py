"""Webhooks signed with a key besides: whoever knows the public half checks them."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.secret_key import SecretKey
from app.events.user import UserUpdated
from app.jobs.webhook import WebhookJob
from app.services.outgoing.signing import key_context, public_key, seal_context
from tests.conftest import SECRET
from tests.outgoing.support import verified, work
from tests.servers.http import HttpServer, Request
from tests.support.api import Api, Person
from tests.support.chance import FakeClock
from tests.traces.otlp import Collector, collecting

PATH = "/webhooks"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def options(collector: Collector) -> dict[str, object]:
    return {
        "outbound": {"allowed_hosts": ["127.0.0.1"]},
        "traces": {"endpoint": collector.url},
    }


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Person]:
    yield await api.admin()


async def happens(api: Api) -> None:
    async with api.runtime.unit_of_work() as uow:
        uow.record(UserUpdated(user_id=uuid4(), fields=("name",)))
    await work(WebhookJob(api.runtime))


def checked_by(request: Request, public: str) -> bool:
    """Tell whether a request is signed, as the specification says it of ``v1a``."""
    fields = request.headers
    signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode()
    key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_")))
    for each in fields["webhook-signature"].split(" "):
        version, _, signature = each.partition(",")
        if version == "v1a":
            try:
                key.verify(b64decode(signature), signed + request.body)
            except InvalidSignature:
                continue
            return True
    return False


async def test_who_has_the_public_half_checks_events_and_the_library_goes_on(
    api: Api, admin: Person, receiver: HttpServer, clock: FakeClock
) -> None:
    body = {"url": receiver.url, "events": ["user.updated"], "asymmetric": True}
    made = (await api.post(PATH, body, admin)).json()
    path = f"{PATH}/{made['id']}"
    [first] = made["public_keys"]
    await happens(api)
    rotated = (await api.post(f"{path}/rotate-secret", {"overlap": 60}, admin)).json()
    await happens(api)
    clock.advance(seconds=61)
    await happens(api)
    shown = (await api.get(path, admin)).json()
    off = (await api.patch(path, {"asymmetric": False}, admin)).json()
    await happens(api)
    on = (await api.patch(path, {"asymmetric": True}, admin)).json()

    second = rotated["public_keys"][0]
    assert first.startswith("whpk_") and rotated["public_keys"] == [second, first]
    assert shown["public_keys"] == [second] != [first]
    one, both, last, without = receiver.requests
    assert checked_by(one, first) and not checked_by(one, second)
    assert checked_by(both, first) and checked_by(both, second)
    assert checked_by(last, second) and not checked_by(last, first)
    assert (off["asymmetric"], off["public_keys"]) == (False, [])
    assert "v1a" not in without.headers["webhook-signature"]
    assert len(on["public_keys"]) == 1 and on["public_keys"] != [second]
    assert verified(one, made["secret"]) and verified(without, rotated["secret"])


async def test_a_key_is_bound_to_its_row_and_its_use(
    api: Api, admin: Person, receiver: HttpServer
) -> None:
    """Who writes the database alone has no receiver told a key of theirs."""
    body = {"url": receiver.url, "events": ["user.updated"], "asymmetric": True}
    made = [(await api.post(PATH, body, admin)).json() for _ in range(2)]
    async with api.runtime.unit_of_work() as uow:
        one, other = await uow.webhooks.list_page(after=None, limit=2)
        one.signing_key = other.signing_key
    ours = SecretKey(SECRET)
    with pytest.raises(Exception, match="webhooks"):
        ours.unseal(other.signing_key or b"", seal_context(other.id))

    shown = (await api.get(f"{PATH}/{one.id}", admin)).json()
    kept = (await api.get(f"{PATH}/{other.id}", admin)).json()
    await happens(api)

    assert shown["public_keys"] == []
    assert kept["public_keys"] == made[1]["public_keys"]
    opened = ours.unseal(other.signing_key or b"", key_context(other.id))
    assert kept["public_keys"] == [public_key(opened)]
    [told] = receiver.requests  # of the other one: nothing leaves half signed
    assert checked_by(told, kept["public_keys"][0])


async def test_a_receiver_is_told_the_trace_of_its_delivery(
    api: Api, admin: Person, receiver: HttpServer, collector: Collector
) -> None:
    """The trail has none, so that it begins there; the body has the correlation id."""
    tracing = api.runtime.tracing
    assert tracing is not None
    body = {"url": receiver.url, "events": ["user.updated"]}
    await api.post(PATH, body, admin)
    await happens(api)
    tracing.flush()

    [request] = receiver.requests
    [span] = collector.named("deliver webhook")
    _, trace, parent, _ = request.headers["traceparent"].split("-")
    assert bytes.fromhex(trace) == span.trace_id
    assert bytes.fromhex(parent) in {each.span_id for each in collector.children(span)}
    assert "correlation_id" in json.loads(request.body)["data"]
