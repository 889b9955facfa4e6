"""Scripts of people at protected hosts: a personal access token as a password."""

from base64 import b64encode
from typing import Any

import pytest

from app.policies.permission import operator
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime
from app.utils.personal_token import digest_of
from tests.factories.role import RoleFactory
from tests.forward_auth.conftest import (
    ISSUER,
    PROXY,
    SCRIPT,
    SHOP,
    WIKI,
    Proxied,
    protect,
)
from tests.personal_tokens.maker import Tokens, stored
from tests.support.api import Api, Person
from tests.support.chance import FakeClock

ENTER = "hosts:enter"


@pytest.fixture
def options() -> dict[str, object]:
    """Two hosts take tokens as a password; the third is one too many."""
    return {
        "public_url": ISSUER,
        "trusted_proxies": [PROXY],
        "personal_tokens": {"enabled": True, "hosts": [WIKI]},
        "limits": {"token_address": "3/60"},
    }


def basic(token: str, user: str = "ada") -> dict[str, str]:
    pair = b64encode(f"{user}:{token}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Accept": "*/*"}


async def status(proxied: Proxied, token: str, **fields: Any) -> int:
    """Come as a script does; return what became of it."""
    sent = basic(token) | fields
    about = {
        "X-Forwarded-Host": proxied.host,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Uri": "/feed",
        "X-Forwarded-Method": "GET",
    }
    answer = await proxied.http.get("/forward-auth/nginx", headers=about | sent)
    proxied._keep(answer)
    return answer.status_code


async def made(api: Api, person: Person, *scopes: str) -> str:
    """Make a token for hosts."""
    token = await Tokens(api).make(person, *(scopes or (ENTER,)))
    return str(token["token"])


@pytest.mark.parametrize("user", ["ada", "", "someone.else@example.com", "x:y"])
async def test_a_script_enters_as_its_owner_by_any_user_name(
    api: Api, proxied: Proxied, user: str
) -> None:
    person = await api.person(email="ada@example.com")
    token = await made(api, person)

    entered = await status(proxied, token, **basic(token, user.partition(":")[0]))
    await api.runtime.personal_tokens.settle()

    assert entered == 200
    assert proxied.told["user"] == str(person.id)
    assert proxied.told["email"] == "ada@example.com"
    assert proxied.told["jwt"]
    [row] = await stored(api.runtime)
    assert row.last_used_at is not None


async def test_it_is_nobody_where_the_operator_did_not_name_the_host(
    api: Api, proxied: Proxied, runtime: Runtime
) -> None:
    token = await made(api, await api.person())
    await protect(runtime, SHOP)
    proxied.host = SHOP

    assert await status(proxied, token) == 401


async def test_another_scope_opens_no_host_and_hosts_open_nothing_else(
    api: Api, proxied: Proxied
) -> None:
    person = await api.person()
    other = await made(api, person, "account:read")
    token = await made(api, person)
    both = Tokens(api).body(ENTER, "account:read")

    used = await Tokens(api).use(token)
    mixed = await api.post("/users/me/tokens", both, person)

    assert await status(proxied, other) == 401
    assert used.status_code == 403
    assert mixed.status_code == 422


async def test_the_policy_of_the_host_is_asked_about_the_person_each_time(
    api: Api, proxied: Proxied, runtime: Runtime
) -> None:
    person, admin = await api.person(), await api.admin()
    async with runtime.unit_of_work() as uow:
        groups = GroupService(uow)
        group = await groups.create(operator(uow.clock.now()), "ops", "", [])
        await groups.add_member(operator(uow.clock.now()), group.id, person.id)
    await protect(runtime, SHOP, groups=["ops"])
    runtime.settings.personal_tokens.hosts.append(SHOP)
    proxied.host = SHOP
    token, stranger = await made(api, person), await made(api, await api.person())

    first, foreign = await status(proxied, token), await status(proxied, stranger)
    told = proxied.told["groups"]
    await api.delete(f"/groups/{group.id}/members/{person.id}", admin)

    assert (first, foreign, told) == (200, 403, "ops")
    assert await status(proxied, token) == 403


async def test_a_role_that_wants_two_factors_lets_no_weaker_token_in(
    api: Api, proxied: Proxied, runtime: Runtime
) -> None:
    await RoleFactory(runtime)("staff", mfa_required=True)
    await RoleFactory(runtime)("crew")
    runtime.settings.personal_tokens.hosts.append(SHOP)
    proxied.host = SHOP
    await protect(runtime, SHOP, roles=["staff"])
    person = await api.person("crew")
    token = await made(api, person)
    async with runtime.unit_of_work() as uow:
        groups = GroupService(uow)
        group = await groups.create(operator(uow.clock.now()), "ops", "", ["staff"])
        await groups.add_member(operator(uow.clock.now()), group.id, person.id)
    strong = await status(proxied, token)
    proxied.host = WIKI
    await status(proxied, token)

    assert strong == 403
    assert proxied.told["roles"] == "crew,user"


async def test_it_proves_what_the_session_did_that_made_it(
    api: Api, proxied: Proxied, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, minimum_acr="aal2")
    runtime.settings.personal_tokens.hosts.append(SHOP)
    proxied.host = SHOP

    assert await status(proxied, await made(api, await api.person())) == 403


async def test_what_ends_tokens_ends_them_at_hosts_with_the_next_request(
    api: Api, proxied: Proxied, clock: FakeClock
) -> None:
    person, admin = await api.person(), await api.admin()
    revoked, expired = await made(api, person), await made(api, person)
    other = await api.person()
    disabled = await made(api, other)
    before = [await status(proxied, each) for each in (revoked, expired, disabled)]

    rows = await stored(api.runtime)
    mine = next(each for each in rows if each.digest == digest_of(revoked))
    await api.delete(f"/users/me/tokens/{mine.id}", person)
    await api.patch(f"/users/{other.id}", {"status": "disabled"}, admin)
    ended = [await status(proxied, each) for each in (revoked, disabled)]
    left = await status(proxied, expired)
    clock.advance(days=8)

    assert before == [200, 200, 200]
    assert ended == [401, 401]
    assert (left, await status(proxied, expired)) == (200, 401)


async def test_guesses_are_counted_and_a_right_token_never_waits(
    api: Api, proxied: Proxied
) -> None:
    token = await made(api, await api.person())
    wrong = token[:-4] + "AAAA"

    guessed = [await status(proxied, wrong) for _ in range(4)]

    assert guessed == [401, 401, 401, 429]
    assert await status(proxied, token) == 200


async def test_a_browser_has_to_sign_in(api: Api, proxied: Proxied) -> None:
    """What it remembers of a password it would send for any site that asks."""
    token = await made(api, await api.person())

    assert await status(proxied, token, **SCRIPT) == 401


async def test_a_script_is_told_how_to_come(proxied: Proxied, api: Api) -> None:
    about = {
        "X-Forwarded-Host": WIKI,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Uri": "/",
        "X-Forwarded-Method": "GET",
    }

    answer = await proxied.http.get("/forward-auth/nginx", headers=about)

    assert answer.headers["www-authenticate"] == f'Basic realm="{WIKI}"'


async def test_it_is_nobody_where_no_host_takes_tokens(
    api: Api, runtime: Runtime, proxied: Proxied
) -> None:
    token = await made(api, await api.person())
    runtime.settings.personal_tokens.hosts.clear()
    person = await api.person()

    refused = await api.post("/users/me/tokens", Tokens(api).body(ENTER), person)

    assert await status(proxied, token) == 401
    assert refused.status_code == 403
