"""Whatever a peer sends that is bad ends in one page with a reference.

Nothing changes by it, and the true reason is in the audit trail under that reference:
through the whole service, for OpenID Connect and for OAuth without it. Which lies there
are, and which reason each has, is in ``tests/upstreams``.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import func, select

from app.models import AuditEvent, Session, User
from app.models.upstream.connection import UpstreamIdentity
from tests.connections.support import leave
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.upstreams.lies import HUGE, Lie, at, given, instead, said, signed, told
from tests.upstreams.simulator import CLIENT_ID, PERSON, SECRET, Simulator

_HUGE = HUGE[2]
_DEEP = b"[" * 1_000 + b"]" * 1_000
_PERSON: dict[str, Any] = {"id": 583231, "login": "octocat", "name": "The Octocat"}
_MAILS = [{"email": "octocat@example.com", "primary": True, "verified": True}]
_OTHER_STATE = {"state": "another"}


def _nothing(_: Simulator) -> None:
    """Tell the truth."""


def _unsigned(evil: Simulator) -> None:
    evil.forged, evil.header = (lambda _message: b""), {"alg": "none"}


# What is wrong: the lie, what the browser brings back otherwise, and the reason.
Case = tuple[Lie, dict[str, Any], str]
_OIDC: dict[str, Case] = {
    "signature": (_unsigned, {}, "wrong_signature"),
    "audience": (signed(aud="another"), {}, "wrong_audience"),
    "issuer": (signed(iss="https://evil.example"), {}, "wrong_issuer"),
    "nonce": (signed(nonce="another"), {}, "wrong_nonce"),
    "state": (_nothing, _OTHER_STATE, "wrong_state"),
    "no state": (_nothing, {"state": ...}, "wrong_state"),
    "expired": (at(-61, "exp"), {}, "wrong_time"),
    "code of nobody": (_nothing, {"code": "made up"}, "provider_error"),
    "no code": (_nothing, {"code": ...}, "malformed"),
    "refused there": (_nothing, {"code": ..., "error": "x"}, "provider_error"),
    "subject of another": (told(sub="another"), {}, "wrong_subject"),
    "token that is none": (given(id_token="abc"), {}, "wrong_signature"),
    "tokens oversized": (instead("token", 200, _HUGE), {}, "oversized"),
    "tokens unreachable": (instead("token", 503), {}, "unreachable"),
    "tokens malformed": (instead("token", 200, b"<html>"), {}, "malformed"),
    "tokens endlessly deep": (
        instead("token", 400, b'{"error": ' + _DEEP + b"}"),
        {},
        "provider_error",
    ),
    "kind of token endlessly deep": (
        instead("token", 200, b'{"access_token": "x", "token_type": ' + _DEEP + b"}"),
        {},
        "malformed",
    ),
    "person endlessly deep": (
        instead("userinfo", 200, b'{"sub": ' + _DEEP + b"}"),
        {},
        "malformed",
    ),
    "keys endlessly deep": (
        instead("keys", 200, b'{"keys": [{"kty": "RSA", "n": ' + _DEEP + b"}]}"),
        {},
        "malformed",
    ),
    "metadata endlessly deep": (
        instead("discovery", 200, b'{"issuer": ' + _DEEP + b"}"),
        {},
        "malformed",
    ),
    "keys oversized": (instead("keys", 200, _HUGE), {}, "oversized"),
    "keys unreachable": (instead("keys", 503), {}, "unreachable"),
    "metadata oversized": (instead("discovery", 200, _HUGE), {}, "oversized"),
    "metadata unreachable": (instead("discovery", 503), {}, "unreachable"),
    "metadata malformed": (instead("discovery", 200, b"["), {}, "malformed"),
    "metadata of another": (said(issuer="https://evil.example"), {}, "metadata"),
}
_OAUTH: dict[str, Case] = {
    "state": (_nothing, _OTHER_STATE, "wrong_state"),
    "no state": (_nothing, {"state": ...}, "wrong_state"),
    "code of nobody": (_nothing, {"code": "made up"}, "provider_error"),
    "no code": (_nothing, {"code": ...}, "malformed"),
    "refused there": (_nothing, {"code": ..., "error": "x"}, "provider_error"),
    "tokens oversized": (instead("token", 200, _HUGE), {}, "oversized"),
    "tokens unreachable": (instead("token", 503), {}, "unreachable"),
    "tokens malformed": (instead("token", 200, b"<html>"), {}, "malformed"),
    "tokens endlessly deep": (
        instead("token", 200, b'{"error": {"code": ' + _DEEP + b"}}"),
        {},
        "malformed",
    ),
    "person endlessly deep": (
        instead("api/v3/user", 200, b'{"id": ' + _DEEP + b"}"),
        {},
        "malformed",
    ),
    "person oversized": (instead("api/v3/user", 200, _HUGE), {}, "oversized"),
    "person unreachable": (instead("api/v3/user", 503), {}, "unreachable"),
    "person malformed": (instead("api/v3/user", 200, b"[]"), {}, "malformed"),
}
_CASES = [("oidc", what) for what in _OIDC] + [("github", what) for what in _OAUTH]


@pytest.fixture
def peer(clock: FakeClock) -> Iterator[Simulator]:
    """A provider that tells what a test wants."""
    with Simulator(clock) as server:
        yield server


async def connected(
    api: Api, peer: Simulator, kind: str, boss: Person, name: str = "firm"
) -> None:
    """Make a connection with it; anybody gets an account."""
    settings = {"client_id": CLIENT_ID, "client_secret": SECRET}
    if kind == "github":
        peer.behaves.endpoints = {"token": f"{peer.url}/login/oauth/access_token"}
        peer.behaves.error_status, peer.given = 200, {"id_token": ...}
        api_of = f"{peer.url}/api/v3/user"
        peer.apis = {api_of: _PERSON, f"{api_of}/emails": _MAILS}
        settings["url"] = peer.url
    else:
        settings["issuer"] = peer.url
    body = {"name": name, "kind": kind, "display_name": name, "settings": settings}
    answer = await api.post("/connections", body | {"account_rule": "anybody"}, boss)
    assert answer.status_code == 201, answer.text


async def come(
    visitor: Visitor, peer: Simulator, name: str = "firm", **changed: Any
) -> Response:
    """Go there and come back, unless it ends on the way."""
    fields = await visitor.hidden("/signin")
    gone = await visitor.post(f"/upstreams/{name}", fields)
    if gone.status_code != 303:
        return gone
    brought = peer.arrive(gone.headers["location"], **changed)
    return await visitor.get(f"/upstreams/{name}/callback?{urlencode(brought)}")


async def stored(api: Api) -> list[int]:
    """Return how many accounts, sessions and links there are."""
    async with api.runtime.database.session(read_only=True) as db:
        return [
            await db.scalar(select(func.count()).select_from(model)) or 0
            for model in (User, Session, UpstreamIdentity)
        ]


async def reason_of(api: Api, answer: Response, boss: Person) -> str:
    """Return the reason that the trail tells under the reference of a page."""
    reference = answer.headers["x-request-id"]
    assert answer.status_code == 403 and reference in answer.text
    query = select(AuditEvent).where(AuditEvent.name == "upstream.refused")
    async with api.runtime.database.session(read_only=True) as db:
        [event] = (await db.scalars(query)).all()
    assert str(event.correlation_id) == reference
    why = await api.get(f"/audit-events/why/{reference}", boss)
    reason = str(event.data["reason"])
    assert reason in why.text and event.data["connection"] == "firm"
    return reason


@pytest.mark.parametrize(("kind", "what"), _CASES)
async def test_t032_one_page_nothing_changed_and_the_reason_in_the_trail(
    api: Api, visitor: Visitor, peer: Simulator, kind: str, what: str
) -> None:
    lie, changed, reason = (_OIDC if kind == "oidc" else _OAUTH)[what]
    boss = await api.admin()
    await connected(api, peer, kind, boss)
    before = await stored(api)
    lie(peer)

    answer = await come(visitor, peer, **changed)

    assert await reason_of(api, answer, boss) == reason
    assert await stored(api) == before and await visitor.who() == ""


@pytest.mark.parametrize("kind", ["oidc", "github"])
async def test_an_answer_that_comes_again_changes_nothing(
    api: Api, visitor: Visitor, peer: Simulator, kind: str
) -> None:
    boss = await api.admin()
    await connected(api, peer, kind, boss)
    brought = peer.arrive(await leave(visitor))
    path = f"/upstreams/firm/callback?{urlencode(brought)}"
    first = await visitor.get(path)
    between = await stored(api)
    again = await visitor.get(path)

    assert first.status_code == 303
    assert await reason_of(api, again, boss) == "wrong_state"
    assert await stored(api) == between


_FORM = {"content-type": "application/x-www-form-urlencoded"}
_TWICE = "code=a&code=b&state=x"
# How an answer comes of which nothing can be read, and the reason.
_UNREAD: dict[str, tuple[str, bytes | None, dict[str, str], str]] = {
    "a code twice": (f"?{_TWICE}", None, {}, "malformed"),
    "nothing that we sealed": ("?posted=abc", None, {}, "malformed"),
    "a code twice, by form": ("", _TWICE.encode(), _FORM, "malformed"),
    "no form": ("", b"code", _FORM, "malformed"),
    "no bytes of a form": ("", b"code=\xff", _FORM, "malformed"),
    "U+0000": ("", b"code=%00", _FORM, "malformed"),
    "JSON": ("", b"{}", {"content-type": "application/json"}, "malformed"),
    "a form too long": ("", b"code=" + b"a" * 9_000, _FORM, "oversized"),
}


@pytest.mark.parametrize("what", _UNREAD)
async def test_an_answer_that_cannot_be_read_is_refused_like_the_others(
    api: Api, visitor: Visitor, peer: Simulator, what: str
) -> None:
    query, form, headers, reason = _UNREAD[what]
    boss = await api.admin()
    await connected(api, peer, "oidc", boss)
    before, path = await stored(api), f"/upstreams/firm/callback{query}"

    if form is None:
        answer = await visitor.get(path)
    else:
        answer = await visitor.http.post(path, content=form, headers=headers)

    assert await reason_of(api, answer, boss) == reason
    assert await stored(api) == before
    assert not peer.requests


async def test_an_answer_to_no_connection_is_told_no_more(visitor: Visitor) -> None:
    by_link = await visitor.get(f"/upstreams/nobody/callback?{_TWICE}")
    by_form = await visitor.http.post(
        "/upstreams/nobody/callback", content=_TWICE, headers=_FORM
    )

    assert by_link.status_code == by_form.status_code == 404


async def waiting(
    api: Api, visitor: Visitor, peer: Simulator, boss: Person
) -> dict[str, str]:
    """Have somebody come who proves an account; return the form that connects it."""
    await connected(api, peer, "oidc", boss)
    owner = await api.users.with_password(PASSWORD, email=str(PERSON["email"]))
    came = await come(visitor, peer)
    assert came.headers["location"] == "/signin"
    await visitor.sign_in(owner.email)
    return await visitor.hidden("/signin/connect")


async def test_t077_who_is_connected_elsewhere_by_then_is_refused_with_a_reference(
    api: Api, visitor: Visitor, peer: Simulator
) -> None:
    """Somebody else was quicker; whom the page asks learns of a reference alone."""
    boss = await api.admin()
    fields = await waiting(api, visitor, peer, boss)
    other = await api.users.with_password(PASSWORD)
    async with api.runtime.unit_of_work() as uow:
        firm = await uow.connections.by_name("firm")
        assert firm is not None
        uow.upstream_identities.add(
            UpstreamIdentity(
                id=uow.randomness.uuid7(),
                connection_id=firm.id,
                subject=str(PERSON["sub"]),
                user_id=other.id,
                claims={},
                linked_at=uow.clock.now(),
            )
        )
    before = await stored(api)

    answer = await visitor.post("/signin/connect", fields | {"connect": "yes"})
    again = await visitor.get("/signin/connect")

    assert await reason_of(api, answer, boss) == "linked_elsewhere"
    assert await stored(api) == before and again.headers["location"] == "/"


async def test_one_connection_is_let_down_where_another_of_the_host_is_not(
    api: Api, visitor: Visitor, peer: Simulator, app: FastAPI, clock: FakeClock
) -> None:
    """Realms and tenants share hosts; an outage of one stops its own people alone."""
    boss = await api.admin()
    await connected(api, peer, "oidc", boss)
    well = dict(peer.behaves.endpoints), dict(peer.given)
    await connected(api, peer, "github", boss, "hub")
    instead("token", 503)(peer)
    for _ in range(6):
        assert (await come(Visitor(app), peer, "hub")).status_code == 403
    silent = [way.name for way in api.runtime.connections.silent()]
    ready = (await api.client.get("/health/ready")).json()
    peer.behaves.endpoints, peer.given = well
    entered = await come(visitor, peer)
    before = len(peer.requests)
    left_alone = await come(Visitor(app), peer, "hub")

    assert silent == ["hub"] and ready["status"] == "degraded"
    assert entered.headers["location"] in ("/", "/done/registered")
    assert left_alone.status_code == 403 and len(peer.requests) == before


async def test_an_outage_costs_others_no_statement_and_no_question(
    api: Api, peer: Simulator, app: FastAPI, asked: list[str]
) -> None:
    """Whoever signs in otherwise waits for nothing that is away."""
    boss = await api.admin()
    await connected(api, peer, "oidc", boss)
    costs = []
    for status in (200, 503):
        if status == 503:
            instead("token", status)(peer)
            for _ in range(6):
                await come(Visitor(app), peer)
        people = [await api.users.with_password(PASSWORD) for _ in range(2)]
        await Visitor(app).sign_in(people[0].email)  # what is asked for once is there
        other, before = Visitor(app), len(peer.requests)
        asked.clear()
        entered = await other.sign_in(people[1].email)
        costs.append((len(asked), len(peer.requests) - before))
        assert entered.headers["location"] == "/"

    assert api.runtime.connections.silent()
    assert costs[0] == costs[1] and costs[1][1] == 0
