"""``/admin/users``: accounts found, looked at and changed, without any script."""

import re
from uuid import uuid4

import pytest

from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

TABS = (
    "",
    "/claims",
    "/sessions",
    "/factors",
    "/applications",
    "/roles",
    "/activity",
    "/actions",
)
MARKUP = '<img src=x onerror="alert(1)">'


def shown(text: str) -> list[str]:
    """Return the ids of the accounts that a list leads to."""
    links = [each.get("href") or "" for each in Page(text).all("a")]
    found = [re.fullmatch("/admin/users/([0-9a-f-]{36})", each) for each in links]
    return [each[1] for each in found if each]


async def test_a_search_finds_a_whole_address_an_id_and_a_part(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.users(email="ada@example.com", name="Ada Lovelace")
    await api.users(email="alan@example.com")

    by_address = await visitor.get("/admin/users?q=ADA@example.com")
    by_id = await visitor.get(f"/admin/users?q={ada.id}")
    by_part = await visitor.get("/admin/users?q=velac")
    nothing = await visitor.get("/admin/users?q=nobody")

    for answer in (by_address, by_id, by_part):
        assert shown(answer.text) == [str(ada.id)]
    assert nothing.status_code == 200 and shown(nothing.text) == []


async def test_filters_choose_who_is_listed(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    disabled = await api.users(status="disabled")
    unconfirmed = await api.users(email_verified=False)
    protected = await api.users()
    await FactorFactory(runtime).totp(protected.id)
    everybody = {str(admin.id), str(disabled.id), str(unconfirmed.id)}
    everybody.add(str(protected.id))

    async def found(query: str) -> set[str]:
        return set(shown((await visitor.get(f"/admin/users?{query}")).text))

    assert await found("status=disabled") == {str(disabled.id)}
    assert await found("verified=no") == {str(unconfirmed.id)}
    assert await found("factor=yes") == {str(protected.id)}
    assert await found("factor=no") == everybody - {str(protected.id)}
    assert await found("role=admin") == {str(admin.id)}
    assert await found("status=nonsense&verified=2&since=x") == everybody
    today = runtime.clock.now().date()
    assert await found(f"since={today}&until={today}") == everybody
    assert await found(f"until={today.replace(year=today.year - 1)}") == set()


async def test_pages_and_orders_follow_from_the_address_alone(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    made = [str(admin.id)]
    made += [str((await api.users(email=f"p{n:02}@a.example")).id) for n in range(54)]

    first = await visitor.get("/admin/users?sort=created_at")
    links = [each for each in Page(first.text).all("a") if each.get("rel") == "next"]
    second = await visitor.get(str(links[0]["href"]))
    by_email = await visitor.get("/admin/users?sort=-email&q=a.example")

    assert shown(first.text) + shown(second.text) == made
    assert shown(by_email.text) == made[:24:-1]
    assert 'aria-sort="ascending"' in first.text
    assert (await visitor.get("/admin/users?cursor=forged")).status_code == 400


@pytest.mark.parametrize(
    "query", ["", "?q=ada", "?q=nobody@example.com", "?status=active&factor=no"]
)
async def test_a_list_costs_four_statements_at_most(
    visitor: Visitor, admin: Person, asked: list[str], query: str
) -> None:
    asked.clear()

    answer = await visitor.get(f"/admin/users{query}")

    assert answer.status_code == 200
    assert 3 <= len(asked) <= 4, asked


@pytest.mark.parametrize("tab", TABS)
async def test_a_side_of_an_account_costs_four_statements_at_most(
    api: Api, visitor: Visitor, admin: Person, asked: list[str], tab: str
) -> None:
    ada = await api.person()
    asked.clear()

    answer = await visitor.get(f"/admin/users/{ada.id}{tab}")

    assert answer.status_code == 200
    assert 3 <= len(asked) <= 4, asked


@pytest.mark.parametrize("path", ["/admin/users", *TABS])
async def test_names_with_markup_stay_names(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime, path: str
) -> None:
    ada = await api.users(name=MARKUP, given_name=MARKUP)
    await FactorFactory(runtime).passkey(ada.id, name=MARKUP)
    path = path if path.startswith("/admin") else f"/admin/users/{ada.id}{path}"

    text = (await visitor.get(path)).text

    assert "<img src=x" not in text
    assert "onerror=" not in text.replace("onerror=&#34;", "")


async def test_what_there_is_not_is_not_found(visitor: Visitor, admin: Person) -> None:
    for path in (uuid4(), "nobody", f"{admin.id}/nothing", str(admin.id).upper()):
        answer = await visitor.get(f"/admin/users/{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html")


async def test_who_may_only_read_sees_no_button_and_cannot_act(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read")
    ada = await api.person()

    for tab in TABS:
        path = f"/admin/users/{ada.id}{tab}"
        answer = await visitor.get(path)
        if tab in ("/activity", "/actions"):
            assert answer.status_code == 403
        else:
            assert (
                "<button"
                not in answer.text.partition("<main")[2].partition("</main")[0]
            )
        sent = await visitor.post(path, {"csrf": "x", "do": "disable"})
        assert sent.status_code == 403
    for path in ("/admin/users/new", "/admin/users/batch", "/admin/changed-users"):
        assert (await visitor.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("tab", "fields"),
    [
        ("", {"name": "Eve"}),
        ("", {"do": "email", "email": "eve@example.com"}),
        ("/claims", {"nickname": "eve"}),
        ("/sessions", {"session": "all"}),
        ("/factors", {"remove": "totp"}),
        ("/applications", {"revoke": "shop"}),
        ("/roles", {"add": "admin"}),
        ("/actions", {"do": "disable"}),
        ("/actions", {"do": "reset"}),
    ],
)
async def test_a_form_of_elsewhere_changes_nothing(
    api: Api,
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    tab: str,
    fields: dict[str, str],
) -> None:
    ada = await api.person()
    await FactorFactory(runtime).totp(ada.id)
    before = await api.trail(ada.id)

    foreign = await visitor.post(f"/admin/users/{ada.id}{tab}", fields | {"csrf": "x"})
    crossed = await visitor.post(
        f"/admin/users/{ada.id}{tab}", fields, Sec_Fetch_Site="cross-site"
    )

    assert (foreign.status_code, crossed.status_code) == (403, 403)
    assert await api.trail(ada.id) == before


async def test_the_page_of_actions_asks_what_each_of_them_needs(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()

    page = Page((await visitor.get(f"/admin/users/{ada.id}/actions")).text)

    assert {"required", "typed"} <= page.inputs.keys()
    done = [each["value"] for each in page.all("button") if each.get("name") == "do"]
    assert done == ["reset", "disable", "delete"]
