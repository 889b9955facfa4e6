"""Coming to a protected host with a browser: to sign in, back, and in."""

import pytest
from sqlalchemy import select, update

from app.core import jose
from app.models import OAuthGrant, User
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


async def test_a_browser_signs_in_and_the_program_is_told_who_it_is(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    [ada] = await people_of(runtime)

    back = await proxied.enter(visitor, "/page?a=1&b=%2F")
    passed = await proxied.get("/page?a=1&b=%2F")

    assert back.status_code == 302
    assert back.headers["location"] == f"https://{WIKI}/page?a=1&b=%2F"
    assert passed.status_code == 200, passed.text
    assert passed.content == b""
    claims = jose.unverified_claims(proxied.told.pop("jwt"))
    assert proxied.told == {
        "user": str(ada.id),
        "email": ada.email,
        "preferred-username": "",
        "groups": "",
        "roles": "user",
    }
    assert claims["sub"] == str(ada.id)
    assert (claims["aud"], claims["iss"]) == (f"https://{WIKI}", ISSUER)
    assert claims["exp"] - claims["iat"] == 60
    assert await host_events(runtime) == [
        "protected_host.created",
        "protected_host.entered",
    ]


async def test_the_cookie_is_for_this_host_and_no_script(
    proxied: Proxied, visitor: Visitor
) -> None:
    back = await proxied.enter(visitor)

    [field] = back.headers.get_list("set-cookie")
    parts = field.split("; ")
    assert parts[0].startswith("__Host-auth_serve_host=as_hs_")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(parts)
    assert "domain" not in field.lower()


async def test_the_cookie_of_one_host_is_worth_nothing_at_another(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await protect(runtime, SHOP)
    await proxied.enter(visitor)

    proxied.host = SHOP
    answer = await proxied.get("/", **SCRIPT)

    assert answer.status_code == 401
    assert "x-auth-request-user" not in answer.headers


async def test_a_cookie_is_bound_to_its_host_by_its_own_code(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    await proxied.enter(visitor)
    cookie, key = proxied.cookies["__Host-auth_serve_host"], runtime.secret_key

    assert key.read_host_session(cookie, WIKI) is not None
    assert key.read_host_session(cookie, SHOP) is None
    assert key.read_host_session(cookie[:-1] + "~", WIKI) is None
    assert key.read_host_session(cookie.replace("as_hs_", "as_bs_"), WIKI) is None


async def test_the_grant_of_another_application_opens_no_host(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    """Even under a code that we made ourselves."""
    await protect(runtime, SHOP)
    await proxied.enter(visitor)
    async with runtime.database.session(read_only=True) as db:
        [grant] = await db.scalars(select(OAuthGrant))

    forged = runtime.secret_key.host_session(grant.id, SHOP)
    proxied.host, proxied.cookies = SHOP, {"__Host-auth_serve_host": forged}

    assert (await proxied.get("/", **SCRIPT)).status_code == 401


async def test_a_host_that_was_made_anew_takes_no_cookie_of_before(
    proxied: Proxied, visitor: Visitor, runtime: Runtime
) -> None:
    from app.services.forward_auth.protected_host import ProtectedHostService

    await proxied.enter(visitor)
    async with runtime.unit_of_work() as uow:
        await ProtectedHostService(uow, runtime, runtime.gate.hosts).delete(WIKI, None)
    gone = await proxied.get("/", **SCRIPT)
    await protect(runtime, WIKI)
    answer = await proxied.get("/", **SCRIPT)

    assert gone.json()["code"] == "host_not_protected"
    assert answer.status_code == 401


@pytest.mark.parametrize("end", ["session", "grant", "account"])
async def test_what_ends_is_refused_with_the_next_request(
    proxied: Proxied, visitor: Visitor, runtime: Runtime, end: str
) -> None:
    await proxied.enter(visitor)
    assert (await proxied.get()).status_code == 200

    if end == "session":
        await visitor.submit("/signout")
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        if end == "grant":
            await uow.db.execute(update(OAuthGrant).values(revoked_at=now))
        if end == "account":
            await uow.db.execute(update(User).values(status="disabled"))

    assert (await proxied.get("/", **SCRIPT)).status_code == 401
    assert (await proxied.get("/", at="/forward-auth/nginx")).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        SCRIPT,
        {"Accept": "application/json"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Upgrade": "websocket"},
        {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Sec-Fetch-Mode": "no-cors"},
    ],
)
async def test_what_nobody_looks_at_is_401_and_no_redirect(
    proxied: Proxied, fields: dict[str, str]
) -> None:
    answer = await proxied.get("/", **fields)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Cookie realm="{WIKI}"'
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_401(proxied: Proxied, method: str) -> None:
    assert (await proxied.get("/", method)).status_code == 401


async def test_login_csrf_a_sign_in_that_another_browser_began_opens_nothing(
    proxied: Proxied, visitor: Visitor
) -> None:
    asked = await proxied.get("/page")
    back = path_of(await proxied.through(visitor, asked.headers["location"]))
    victim = Proxied(proxied.http, WIKI)
    await victim.get("/")  # it has a value of its own

    answer = await victim.get(back)

    assert answer.status_code == 302
    assert answer.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"
    assert "__Host-auth_serve_host" not in victim.cookies
    naked = await Proxied(proxied.http, WIKI).get(back)
    assert naked.headers["location"] == f"{ISSUER}/protected-host?host={WIKI}"
    # It is still good where it was begun, once.
    assert (await proxied.get(back)).headers["location"] == f"https://{WIKI}/page"
    again = await proxied.get(back)
    assert again.headers["location"].startswith(f"{ISSUER}/protected-host")


async def test_a_code_of_another_request_is_refused(
    proxied: Proxied, visitor: Visitor
) -> None:
    """PKCE: the state is this browser's, and the code another one's (RFC 9700)."""
    other = Proxied(proxied.http, WIKI)
    theirs = await other.get("/")
    stolen = query_of(await proxied.through(visitor, theirs.headers["location"]))
    ours = await proxied.get("/")
    state = query_of(ours.headers["location"])["state"]

    answer = await proxied.get(
        f"/.auth-serve/callback?code={stolen['code']}&state={state}"
    )

    assert answer.headers["location"].startswith(f"{ISSUER}/protected-host")
    assert "__Host-auth_serve_host" not in proxied.cookies


async def test_two_tabs_come_in_both(proxied: Proxied, visitor: Visitor) -> None:
    first, second = await proxied.get("/one"), await proxied.get("/two")
    ends = [
        await proxied.get(
            path_of(await proxied.through(visitor, tab.headers["location"]))
        )
        for tab in (second, first)
    ]

    went = [end.headers["location"] for end in ends]
    assert went == [f"https://{WIKI}/two", f"https://{WIKI}/one"]


@pytest.mark.parametrize(
    "target", ["//evil.example/", "/\\evil.example", "/@evil.example", "///x"]
)
async def test_the_way_back_leads_to_the_same_host_only(
    proxied: Proxied, visitor: Visitor, target: str
) -> None:
    back = await proxied.enter(visitor, target)

    assert back.headers["location"].startswith(f"https://{WIKI}/")


async def test_a_state_that_was_changed_leads_nowhere(
    proxied: Proxied, visitor: Visitor
) -> None:
    asked = await proxied.get("/page")
    back = path_of(await proxied.through(visitor, asked.headers["location"]))
    state = query_of(asked.headers["location"])["state"]

    for changed in (state[:-4] + "AAAA", "AAAA", "%00", "%C3%A9", ""):
        answer = await proxied.get(back.replace(state, changed))
        assert answer.status_code in (302, 403)
        assert "__Host-auth_serve_host" not in proxied.cookies
        location = answer.headers.get("location", ISSUER)
        assert location.startswith(ISSUER)


async def test_a_long_address_comes_back_to_the_start(
    proxied: Proxied, visitor: Visitor
) -> None:
    back = await proxied.enter(visitor, "/" + "a" * 3_000)

    assert back.headers["location"] == f"https://{WIKI}/"
