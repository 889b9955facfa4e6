"""What a form does for whoever fills it in: rules, mistakes, focus, little weight."""

import re
from pathlib import Path

import pytest

from app import pages
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of
from tests.support.browser import Visitor
from tests.support.page import PAGES, Page, invitation_link, reset_link, setup_link

_ALL = {"email", "name", "password"}
SCRIPTS = sorted((Path(pages.__file__).parent / "static").glob("*.js"))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: pages decide nothing."""
    return sqlite_url


async def passwords_of(visitor: Visitor, path: str) -> list[dict[str, str | None]]:
    """Return the fields of a page that are for passwords."""
    inputs = Page((await visitor.get(path)).text).inputs
    return [tag for name, tag in inputs.items() if "password" in name]


@pytest.mark.parametrize(
    ("path", "fields", "at_fault"),
    [
        ("/signup", {}, {"email", "password"}),
        ("/signup", {"email": "x", "name": "\u202e", "password": "x"}, _ALL),
        ("/setup", {"email": "x", "password": "x"}, {"email", "password"}),
        ("/reset-password", {"password": "x"}, {"email", "code", "password"}),
        ("/accept-invitation", {"name": "\u202e", "password": "x"}, _ALL | {"code"}),
        ("/verify-email", {"code": ""}, {"email", "code"}),
        ("/signin", {}, {"email", "password"}),
    ],
)
async def test_all_mistakes_of_a_form_are_told_at_once(
    visitor: Visitor,
    runtime: Runtime,
    path: str,
    fields: dict[str, str],
    at_fault: set[str],
) -> None:
    csrf = {"csrf": (await visitor.hidden("/signin"))["csrf"]}
    own = csrf if path in ("/signin", "/signup") else {}
    if path == "/setup":
        own = {"token": await setup_link(runtime)}

    page = await visitor.post(path, own | fields)

    shown = Page(page.text)
    assert page.status_code == 422
    wrong = {name for name, tag in shown.inputs.items() if tag.get("aria-invalid")}
    assert wrong == at_fault
    assert "Field required" not in page.text


async def test_the_rules_are_stated_before(visitor: Visitor, runtime: Runtime) -> None:
    reset = f"/reset-password?token={await reset_link(runtime)}"

    for path in ("/signup", "/reset-password", reset):
        page = await visitor.get(path)
        field = Page(page.text).inputs["password"]
        assert field["aria-describedby"] == "password-hint"
        assert "At least 8 characters." in page.text


async def test_a_password_is_hidden_and_may_be_pasted(
    api: Api, visitor: Visitor, runtime: Runtime
) -> None:
    person = await api.person()
    hinted = {"/signin": "current-password", "/signup": "new-password"}
    hinted |= dict.fromkeys(["/reset-password", "/accept-invitation"], "new-password")
    hinted[f"/setup?token={await setup_link(runtime)}"] = "new-password"
    fields = {each: await passwords_of(visitor, each) for each in hinted}
    await visitor.sign_in(person.email)
    change = await passwords_of(visitor, "/account/password")

    hints = {each: [f["autocomplete"] for f in found] for each, found in fields.items()}
    assert hints == {path: [hint] for path, hint in hinted.items()}
    assert len(change) == 2
    for field in [*change, *(each for found in fields.values() for each in found)]:
        assert field["type"] == "password"
        assert not field.keys() & {"readonly", "maxlength", "pattern"}
        assert [name for name in field if name.startswith("on")] == []
    assert [path for path in SCRIPTS if "paste" in path.read_text()] == []


@pytest.mark.parametrize("path", ["/reset-password", "/accept-invitation"])
async def test_password_managers_learn_whose_password_it_is(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    make = reset_link if path == "/reset-password" else invitation_link
    token = await make(runtime)
    shown = await visitor.get(f"{path}?token={token}")
    again = await visitor.post(path, {"token": token, "password": "x", "username": "y"})
    done = await visitor.post(
        path, {"token": token, "password": PASSWORD, "username": "y@example.com"}
    )

    for page in (shown, again):
        field = Page(page.text).inputs["username"]
        assert field["autocomplete"] == "username" and "readonly" in field
        assert field["value"] == "ada@example.com"
    assert done.status_code == 303  # what came back in it is nobody's word


async def test_the_first_field_that_is_empty_has_the_focus(
    visitor: Visitor, shop: Application
) -> None:
    hinted = query_of(shop, login_hint="ada@example.com")
    asked = await visitor.http.get("/oauth2/authorize", params=hinted)

    plain = Page((await visitor.get("/signin")).text)
    known = Page((await visitor.get(asked.headers["location"])).text)
    wrong = Page((await visitor.submit("/signin", {})).text)

    for page, name in ((plain, "email"), (known, "password"), (wrong, "")):
        focused = [key for key, tag in page.inputs.items() if "autofocus" in tag]
        assert focused == ([name] if name else [])
    [alert] = [tag for tag in wrong.all("div") if tag.get("role") == "alert"]
    assert "autofocus" in alert


async def test_a_page_is_light(visitor: Visitor, runtime: Runtime) -> None:
    """A few KB, in four requests: what it shows, how, its mark, and passkeys."""
    token = await invitation_link(runtime)
    paths = ["/signin", "/signup", f"/accept-invitation?token={token}", *PAGES]

    for path in paths:
        page = await visitor.get(path)
        shown = Page(page.text)
        style = [t["href"] for t in shown.all("link") if t["rel"] == "stylesheet"]
        assert len(page.content) < 6_000 and len(style) == 1
        assert shown.all("img") == shown.all("iframe") == []
        scripts = [tag.get("src") for tag in shown.all("script")]
        assert all(each is None or each.startswith("/static/") for each in scripts)
        assert len([each for each in scripts if each]) == (path == "/signin")
    sheet = (await visitor.get(str(style[0]))).content
    assert len(sheet) < 14_336
    # Forced colours leave borders alone of what makes a button one.
    [button] = re.findall(rb"[{};]button,\.button,[^{}]*\{([^}]*)\}", sheet)
    assert b"border:var(--border) solid" in button
