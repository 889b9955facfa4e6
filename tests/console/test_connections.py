"""Connections in the console: by kind, tested, changed, gone with their links."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.models.upstream.connection import Connection, UpstreamIdentity
from app.policies.permission import operator
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime
from app.services.upstreams.configuration import secrets_of
from app.upstreams.kinds import KINDS
from tests.connections.provider import Provider
from tests.console.conftest import Holder
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

LIST, NEW = "/admin/connections", "/admin/connections/new"
SECRET = "a-secret-that-only-both-sides-know"
POLICY = {
    "display_name": "Acme",
    "account_rule": "domain",
    "account_domains": "Example.org\nexample.net",
    "trusted_domains": "example.org",
    "follow.profile.name": "name",
    "follow.profile.locale": "language",
    "follow.groups.claim": "groups",
}
SETTINGS = {
    "settings.client_id": "here",
    "settings.scopes": "openid\nemail",
    "settings.userinfo": "on",
    "settings.assertion_audience": "token_endpoint",
    "settings.response_mode": "query",
}


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


@pytest.fixture
def provider(clock: FakeClock) -> Iterator[Provider]:
    with Provider(clock) as server:
        yield server


@pytest.fixture
def typed(provider: Provider) -> dict[str, str]:
    """What an administrator types about a provider, but for a name and a secret."""
    return POLICY | SETTINGS | {"settings.issuer": provider.url}


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


async def stored(runtime: Runtime, path: str) -> Connection:
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.connections.by_id(UUID(path.rpartition("/")[2]))
    assert row is not None
    return row


@pytest.fixture
async def path(visitor: Visitor, admin: Person, typed: dict[str, str]) -> str:
    """A connection, made by an administrator; its page."""
    own = {"name": "acme", "settings.client_secret": SECRET}
    made = await send(visitor, f"{NEW}/oidc", f"{NEW}/oidc", **typed, **own)
    assert made.headers.get("location", "").endswith("?done=made"), made.text
    return str(made.headers["location"]).partition("?")[0]


async def test_a_connection_is_made_enabled_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, path: str, admin: Person, typed: dict[str, str]
) -> None:
    first, page = await stored(runtime, path), (await visitor.get(path)).text
    on = await send(visitor, f"{path}/status", path, status="enabled")
    old = await visitor.hidden(path)
    changed = {"display_name": "Acme Ltd", "signs_out": "on"}
    saved = await visitor.post(path, old | typed | changed)
    late = await visitor.post(path, old | typed | {"display_name": "Late"})
    second = await stored(runtime, path)
    async with runtime.unit_of_work() as uow:
        now, its = uow.clock.now(), {"connection_id": first.id, "user_id": admin.id}
        link = UpstreamIdentity(
            id=uow.randomness.uuid7(), subject="ann", claims={}, linked_at=now, **its
        )
        uow.db.add(link)
    linked, listed = (await visitor.get(path)).text, (await visitor.get(LIST)).text
    await send(visitor, f"{path}/status", path, status="disabled")
    off = await stored(runtime, path)
    wrong = await send(visitor, f"{path}/delete", path, typed="Acme Ltd")
    deleted = await send(visitor, f"{path}/delete", path, typed="acme")

    assert (first.name, first.kind, first.enabled) == ("acme", "oidc", False)
    assert (
        first.settings["scopes"] == ["openid", "email"] and first.settings["userinfo"]
    )
    assert first.policy["account_domains"] == ["example.org", "example.net"]
    assert first.policy["follow"]["profile"] == {"name": "name", "locale": "language"}
    assert "http://localhost:8000/upstreams/acme/callback" in page
    assert (first.policy["signs_out"], second.policy["signs_out"]) == (False, True)
    assert "0 people are connected by it" in page
    assert on.headers["location"] == f"{path}?done=enabled"
    assert saved.headers["location"] == f"{path}?done=saved"
    assert (late.status_code, wrong.status_code) == (412, 422)
    assert (second.display_name, second.enabled, off.enabled) == (
        "Acme Ltd",
        True,
        False,
    )
    assert "1 person is connected by it" in linked and "Acme Ltd" in listed
    assert deleted.headers["location"] == f"{LIST}?done=deleted"
    assert (await visitor.get(path)).status_code == 404


async def test_a_secret_goes_in_and_never_out(
    visitor: Visitor, runtime: Runtime, path: str, typed: dict[str, str]
) -> None:
    kept = await send(visitor, path, path, **typed)
    before = secrets_of(runtime, await stored(runtime, path))
    other = typed | {"settings.client_secret": "another-secret"}
    await send(visitor, path, path, **other)
    after = secrets_of(runtime, await stored(runtime, path))
    elsewhere = typed | {"settings.issuer": "https://evil.example"}
    stolen = await send(visitor, path, path, **elsewhere)
    wrong = {"settings.issuer": "no url", "settings.client_secret": "typed-just-now"}
    shown = await send(visitor, path, path, **typed | wrong)
    forgotten = await send(
        visitor, path, path, **typed, **{"forget.client_secret": "on"}
    )

    assert kept.headers["location"] == f"{path}?done=saved"
    assert before == {"client_secret": SECRET}
    assert after == {"client_secret": "another-secret"}
    assert (stolen.status_code, shown.status_code) == (422, 422)
    assert 'id="settings-client_secret-error"' in stolen.text
    assert 'id="settings-issuer-error"' in shown.text
    assert forgotten.status_code == 422  # there would be nothing to prove itself by
    assert "client_secret or private_key is required" in forgotten.text.lower()
    pages = [kept, stolen, shown, forgotten, await visitor.get(path)]
    for secret in (SECRET, "another-secret", "typed-just-now"):
        assert not any(secret in each.text for each in pages)


async def test_every_kind_has_a_form_with_all_that_it_wants(
    visitor: Visitor, admin: Person
) -> None:
    chosen = (await visitor.get(NEW)).text

    for name, kind in KINDS.items():
        page = (await visitor.get(f"{NEW}/{name}")).text
        assert f'href="{NEW}/{name}"' in chosen
        is_led_back = f"/upstreams/{name}/callback" in page
        assert is_led_back != kind.asks_password
        for setting in kind.settings.model_fields:
            assert f'name="settings.{setting}"' in page, (name, setting)
    assert (await visitor.get(f"{NEW}/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "Not a name", ""),
        ("display_name", "", ""),
        ("account_rule", "sometimes", ""),
        ("trusted_domains", "com", "is no domain"),
        ("settings.issuer", "", "Fill in this field"),
        ("settings.issuer", "https://169.254.169.254", "may not be called"),
        ("settings.authentication", "none", ""),
        ("settings.private_key", "no key", ""),
        ("follow.groups.groups", "staff", "This line cannot be read: staff"),
        ("follow.groups.groups", "CN=Staff,O=A = nobody", "There is no such group"),
        ("follow.profile.name", "x" * 201, "too long"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_makes_nothing(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    typed: dict[str, str],
    field: str,
    text: str,
    said: str,
) -> None:
    own = {"name": "acme", "settings.client_secret": SECRET}

    answer = await send(
        visitor, f"{NEW}/oidc", f"{NEW}/oidc", **typed | own | {field: text}
    )

    assert answer.status_code == 422
    assert f'id="{field.replace(".", "-")}-error"' in answer.text
    assert said in answer.text and SECRET not in answer.text
    async with runtime.unit_of_work(read_only=True) as uow:
        assert await uow.connections.count() == 0


async def test_a_test_says_step_by_step_what_it_saw(
    visitor: Visitor, path: str, provider: Provider
) -> None:
    well = await send(visitor, f"{path}/test", path)
    provider.status = 404
    lost = await send(visitor, f"{path}/test", path)

    assert well.status_code == 200 and f"it is {provider.url}" in well.text
    assert "1 keys" in well.text and SECRET not in well.text
    assert "/upstreams/acme/signed-out" in well.text
    assert "Failed" in lost.text and f"it is {provider.url}" not in lost.text


async def test_whoever_maps_a_group_has_to_hold_what_its_roles_allow(
    visitor: Visitor, runtime: Runtime, path: str, typed: dict[str, str], holder: Holder
) -> None:
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        await GroupService(uow).create(operator(now), "rulers", "", ["admin"])
    mapped = typed | {"follow.groups.groups": "CN=Staff,O=Acme = rulers"}
    await send(visitor, path, path, **mapped)
    policy = (await stored(runtime, path)).policy
    await holder("connections:read", "connections:write")

    renamed = await send(visitor, path, path, **mapped | {"display_name": "Ours"})
    taken = {"follow.groups.groups": "everybody = rulers"}
    refused = await send(visitor, path, path, **typed | taken)

    assert policy["follow"]["groups"]["groups"] == {"CN=Staff,O=Acme": "rulers"}
    assert renamed.headers["location"] == f"{path}?done=saved"
    assert refused.status_code == 403
    assert (await stored(runtime, path)).policy == policy


async def test_a_connection_that_does_not_answer_needs_attention(
    visitor: Visitor, path: str, provider: Provider, clock: FakeClock
) -> None:
    await send(visitor, f"{path}/status", path, status="enabled")
    well = (await visitor.get("/admin")).text
    provider.status = 503
    form = await visitor.hidden("/signin")

    for _ in range(6):
        clock.advance(seconds=11)  # nobody is asked more often
        await visitor.post("/upstreams/acme", form)

    assert "Nobody can sign in with Acme" not in well
    assert "Nobody can sign in with Acme" in (await visitor.get("/admin")).text
    assert "Does not answer" in (await visitor.get(LIST)).text
    assert "Does not answer" in (await visitor.get(path)).text


async def test_who_may_only_look_changes_nothing_and_asks_nobody(
    visitor: Visitor, runtime: Runtime, path: str, holder: Holder, typed: dict[str, str]
) -> None:
    first = await stored(runtime, path)
    await holder("connections:read")
    form = await visitor.hidden("/account/profile") | {"version": str(first.version)}

    page = await visitor.get(path)
    answers = [
        await visitor.post(f"{NEW}/oidc", form | typed | {"name": "b"}),
        await visitor.post(path, form | typed),
        await visitor.post(f"{path}/status", form | {"status": "enabled"}),
        await visitor.post(f"{path}/test", form),
        await visitor.post(f"{path}/delete", form | {"typed": "acme"}),
    ]

    assert page.status_code == 200 and f'action="{path}' not in page.text
    assert "example.org" in page.text and SECRET not in page.text
    assert {each.status_code for each in answers} == {403}
    assert (await stored(runtime, path)).version == first.version


async def test_a_change_asks_for_a_sign_in_of_just_now(
    visitor: Visitor,
    runtime: Runtime,
    path: str,
    clock: FakeClock,
    typed: dict[str, str],
) -> None:
    first = await stored(runtime, path)
    clock.advance(hours=1)

    answers = [
        await send(visitor, f"{NEW}/oidc", f"{NEW}/oidc", **typed, name="b"),
        await send(visitor, path, path, **typed),
        await send(visitor, f"{path}/status", path, status="enabled"),
        await send(visitor, f"{path}/test", path),
        await send(visitor, f"{path}/delete", path, typed="acme"),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.connections.") for each in places)
    assert (await stored(runtime, path)).version == first.version
