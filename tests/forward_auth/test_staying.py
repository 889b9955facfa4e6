"""Who may stay at a protected host, what is told of them, and how they leave."""

from uuid import UUID

import pytest
from sqlalchemy import update

from app.core import jose
from app.models import OAuthGrant, Role, User
from app.models.oauth.protected_host import MAX_HOST
from app.services.accounts.change import new_group
from app.services.server.runtime import Runtime
from tests.forward_auth.conftest import (
    ISSUER,
    SCRIPT,
    SHOP,
    WIKI,
    Proxied,
    host_events,
    path_of,
    people_of,
    protect,
    query_of,
)
from tests.support.browser import Visitor
from tests.support.chance import FakeClock


async def test_roles_decide_and_who_may_not_enter_reads_why(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, roles=["admin"])
    proxied.host = SHOP

    answer = await proxied.enter(visitor)

    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={SHOP}"
    assert "__Host-auth_serve_host" not in proxied.cookies
    page = await visitor.get(path_of(answer.headers["location"]))
    assert page.status_code == 403
    assert f"You may not use {SHOP}" in page.text
    assert (await people_of(runtime))[0].email in page.text
    assert f"https://{SHOP}/.auth-serve/start" in page.text
    assert "/signout" in page.text
    assert "protected_host.refused" in await host_events(runtime)


async def test_groups_decide_too_and_the_program_is_told_of_them(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    [ada] = await people_of(runtime)
    group = await _group(runtime, "ops/wiki")
    async with runtime.unit_of_work() as uow:
        await uow.groups.add_member(group, ada.id, uow.clock.now())
        await uow.groups.add_roles(group, ["admin"])
    await protect(runtime, SHOP, groups=["ops/wiki"])
    proxied.host = SHOP
    await proxied.enter(visitor)

    assert (await proxied.get()).status_code == 200
    claims = jose.unverified_claims(proxied.told["jwt"])
    assert proxied.told["groups"] == "ops/wiki" and claims["groups"] == ["ops/wiki"]
    assert proxied.told["roles"] == "admin,user"
    page = await visitor.get(f"/protected-host?host={SHOP}")
    assert page.status_code == 200

    async with runtime.unit_of_work() as uow:
        await uow.groups.remove_member(group, ada.id)
    assert (await proxied.get("/", **SCRIPT)).status_code == 403
    page = await visitor.get(f"/protected-host?host={SHOP}")
    assert page.status_code == 403


async def test_a_role_or_a_group_is_enough(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await _group(runtime, "ops")
    await protect(runtime, SHOP, roles=["user"], groups=["ops"])
    proxied.host = SHOP
    await proxied.enter(visitor)

    assert (await proxied.get()).status_code == 200


async def _group(runtime: Runtime, name: str) -> UUID:
    async with runtime.unit_of_work() as uow:
        return new_group(uow, name).id


async def test_who_loses_a_role_is_out_at_once_and_the_trail_says_so_once(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, roles=["user"])
    proxied.host = SHOP
    await proxied.enter(visitor)
    assert (await proxied.get()).status_code == 200
    cookies = dict(proxied.cookies)

    async with runtime.unit_of_work() as uow:
        await uow.users.remove_roles((await people_of(runtime))[0].id, ["user"])
    refused = [await proxied.get("/", **SCRIPT) for _ in range(3)]
    assert (await proxied.get("/", at="/forward-auth/nginx")).status_code == 401
    proxied.cookies = cookies

    assert [each.status_code for each in refused] == [403, 401, 401]
    assert (await host_events(runtime)).count("protected_host.refused") == 1


async def test_two_factors_are_asked_for_where_the_host_wants_them(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, minimum_acr="aal2")
    proxied.host = SHOP

    answer = await proxied.get()
    asked = await visitor.http.get(answer.headers["location"])

    assert asked.status_code == 303
    assert asked.headers["location"].startswith(("/signin", "/oauth2"))


async def test_an_open_path_asks_nobody_and_tells_of_nobody(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, open_paths=["/public/", "/robots.txt"])
    proxied.host = SHOP

    for path in ("/public/", "/public/a.css?v=2", "/robots.txt"):
        answer = await proxied.get(path, **SCRIPT)
        assert answer.status_code == 200, path
        assert set(proxied.told.values()) == {""}
    for path in ("/public", "/public/../x", "/public/%2e%2e/x", "/robots.txt/x", "/"):
        assert (await proxied.get(path, **SCRIPT)).status_code == 401, path


async def test_signing_out_at_the_host_ends_its_cookie_everywhere(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await proxied.enter(visitor)
    stolen = dict(proxied.cookies)

    answer = await proxied.get("/.auth-serve/sign-out", Sec_Fetch_Site="same-origin")

    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"
    assert "__Host-auth_serve_host" not in proxied.cookies
    proxied.cookies = stolen
    assert (await proxied.get("/", **SCRIPT)).status_code == 401
    page = await visitor.get(f"/protected-host?host={WIKI}")
    assert page.status_code == 200 and f"https://{WIKI}/" in page.text
    assert await visitor.who()  # the session goes on
    assert "protected_host.left" in await host_events(runtime)


async def test_signing_out_may_end_the_session_too(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, ends_session=True, sign_out_path="/logout")
    proxied.host = SHOP
    await proxied.enter(visitor)

    asked = await proxied.get("/logout", at="/forward-auth/nginx")
    assert asked.status_code == 401 and await visitor.who()  # deciding does nothing
    answer = await proxied.get("/logout", "POST", Sec_Fetch_Site="same-origin")

    assert answer.status_code == 303
    assert not await visitor.who()
    page = await visitor.get(f"/protected-host?host={SHOP}")
    assert "You are not signed in to" in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},  # a program at a sibling of the host
        {"Sec_Fetch_Site": "Same-Origin"},
        {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Site": "none", "Sec_Purpose": "prefetch;prerender"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_nobody_but_the_person_at_the_host_signs_out_there(
    proxied: Proxied,
    visitor: Visitor,
    runtime: Runtime,
    fields: dict[str, str],
    method: str,
) -> None:
    """They read who is signed in, and have a button that signs out."""
    await proxied.enter(visitor)

    answer = await proxied.get("/.auth-serve/sign-out", method, **fields)

    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"
    assert "set-cookie" not in answer.headers
    assert (await proxied.get()).status_code == 200
    assert "protected_host.left" not in await host_events(runtime)


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec_Fetch_Site": "none", "Sec_Fetch_Dest": "document"},
        {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "empty"},
        {},
    ],
)
async def test_a_link_a_script_and_a_typed_address_of_the_host_sign_out(
    proxied: Proxied, visitor: Visitor, fields: dict[str, str]
) -> None:
    """As does a browser that knows no Fetch Metadata."""
    await proxied.enter(visitor)

    await proxied.get("/.auth-serve/sign-out", **fields)

    assert (await proxied.get("/", **SCRIPT)).status_code == 401


async def test_somebody_else_comes_in_by_choosing_an_account(
    proxied: Proxied, visitor: Visitor
) -> None:
    await proxied.enter(visitor)

    answer = await proxied.get("/.auth-serve/start")

    assert query_of(answer.headers["location"])["prompt"] == "select_account"


async def test_what_is_none_of_our_paths_is_not_the_programs_either(
    proxied: Proxied, visitor: Visitor
) -> None:
    await proxied.enter(visitor)

    assert (await proxied.get("/.auth-serve/other")).status_code == 404
    assert (await proxied.get("/.auth-serve/callback", "POST")).status_code == 404


async def test_the_person_said_no_or_is_not_let_go(proxied: Proxied) -> None:
    asked = await proxied.get("/")
    state = query_of(asked.headers["location"])["state"]

    answer = await proxied.get(
        f"/.auth-serve/callback?error=access_denied&state={state}"
    )

    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"


@pytest.mark.parametrize("word", ["ada@example.com", "as_ot_secret", "x" * 5_000])
async def test_a_word_of_the_browser_is_no_reason_in_log_or_trace(
    proxied: Proxied, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    """Who begins has a right state, and may come back with any ``error`` they like."""
    caplog.set_level("INFO")
    asked = await proxied.get("/")
    state = query_of(asked.headers["location"])["state"]

    answer = await proxied.get(f"/.auth-serve/callback?error={word}&state={state}")

    reasons = [
        line.fields["reason"] for line in caplog.records if hasattr(line, "fields")
    ]
    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"
    assert "invalid_request (an error that is none of ours came back)" in reasons


async def test_being_there_prolongs_the_grant_once_a_day(
    proxied: Proxied, visitor: Visitor, runtime: Runtime, clock: FakeClock
) -> None:
    await proxied.enter(visitor)
    for _ in range(20):
        clock.advance(days=1, minutes=1)
        assert (await proxied.get()).status_code == 200


async def test_an_answer_is_signed_again_when_something_changed(
    proxied: Proxied, visitor: Visitor, runtime: Runtime, clock: FakeClock
) -> None:
    await proxied.enter(visitor)
    await proxied.get()
    first = proxied.told["jwt"]
    await proxied.get()
    assert proxied.told["jwt"] == first

    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(User).values(email_verified=False))
    await proxied.get()

    assert proxied.told["email"] == ""
    assert proxied.told["jwt"] != first
    changed = proxied.told["jwt"]
    clock.advance(seconds=11)
    await proxied.get()
    assert proxied.told["jwt"] != changed


async def test_a_host_may_want_to_be_told_less(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, told=["user", "jwt"])
    proxied.host = SHOP
    await proxied.enter(visitor)

    await proxied.get()

    claims = jose.unverified_claims(proxied.told.pop("jwt"))
    assert {name for name, text in proxied.told.items() if text} == {"user"}
    assert claims.keys().isdisjoint({"email", "roles", "preferred_username"})


async def test_the_page_knows_no_other_hosts(visitor: Visitor) -> None:
    for query in ("", "?host=evil.example", "?host=a&host=b"):
        page = await visitor.get(f"/protected-host{query}")
        assert page.status_code == 404
        assert "evil.example" not in page.text


async def test_names_of_strangers_are_not_kept_whatever_their_length(
    visitor: Visitor, runtime: Runtime
) -> None:
    for number in range(3):
        page = await visitor.get(f"/protected-host?host={number}{'a' * 4_000}")
        assert page.status_code == 404

    assert max(map(len, runtime.gate.hosts._kept), default=0) <= MAX_HOST


async def test_t098_a_role_that_demands_two_factors_lets_nobody_in_by_one(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    """Who is inside when it is demanded, and who comes then, proves the second."""
    await protect(runtime, SHOP, roles=["user"])
    proxied.host = SHOP
    await proxied.enter(visitor, "/page")
    cookies = dict(proxied.cookies)
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(
            update(Role).where(Role.name == "user").values(mfa_required=True)
        )

    script = await proxied.get("/page", **SCRIPT)
    inside = await proxied.get("/page")
    proxied.cookies.clear()
    anew = await proxied.enter(visitor, "/page")
    wiki = dict(proxied.cookies), proxied.host
    proxied.cookies, proxied.host = {}, WIKI
    await proxied.enter(visitor)
    passed = await proxied.get()
    told = dict(proxied.told)
    proxied.cookies, proxied.host = cookies, SHOP
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(OAuthGrant).values(acr="aal2"))
    strong = await proxied.get("/page")

    assert wiki[1] == SHOP and "__Host-auth_serve_host" not in wiki[0]
    assert script.status_code == 401
    for led in (inside, anew):
        assert led.status_code == 302
        assert "aal2" in query_of(led.headers["location"])["claims"]
    assert passed.status_code == 200 and told["roles"] == ""
    assert jose.unverified_claims(told["jwt"])["roles"] == []
    assert strong.status_code == 200 and proxied.told["roles"] == "user"
