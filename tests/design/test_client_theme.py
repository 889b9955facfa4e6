"""A look of an application's own: who may give it one, and on which pages it is."""

from pathlib import Path
from typing import Any

import pytest

from app.pages.look import application_theme
from app.pages.look.brand import Brand
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.authorization import Visit
from tests.support.client import fields, make
from tests.support.page import Page
from tests.support.registration import WEB

PLUM, WINE = {"accent": "#7a1f5c"}, {"accent": "#6b0f2a"}
RULES = "/* Auth Serve theme, contract 1 */\n:root { --radius: 3px; }\n"
ASKED = {"scope": "openid email"}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "theme.css").write_text(RULES)
    theme = {"accent": "#0a4fa3", "stylesheet": tmp_path / "theme.css"}
    return {"oauth": {"registration": "open"}, "theme": theme}


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


def sheet_of(visit: Visit) -> str:
    """Return the last style sheet of the page that is open."""
    sheets = [tag for tag in Page(visit.page.text).all("link")]
    return str(sheets[-1]["href"])


class TestChosen:
    """By an administrator, in colours that can be read."""

    async def test_it_is_set_read_changed_and_taken_away(
        self, api: Api, admin: Person
    ) -> None:
        both = {"accent": "#7a1f5c", "accent_dark": "#f0b0da"}
        made = await make(api, admin, theme=both)
        changed = await api.patch("/clients/shop", {"theme": PLUM}, admin)
        kept = await api.patch("/clients/shop", {"client_name": "Store"}, admin)
        gone = await api.patch("/clients/shop", {"theme": None}, admin)

        assert made["theme"] == both
        assert changed.json()["theme"] == {"accent": "#7a1f5c", "accent_dark": None}
        assert kept.json()["theme"]["accent"] == "#7a1f5c"
        assert gone.json()["theme"] is None
        assert (await api.get("/clients/shop", admin)).json()["theme"] is None

    @pytest.mark.parametrize(
        ("theme", "field", "said"),
        [
            ({"accent": "#ffcc00"}, "theme.accent", "contrast of 1.4:1 on light pages"),
            (
                {"accent": "#0b6b50", "accent_dark": "#0b6b50"},
                "theme.accent_dark",
                "on dark pages, and text needs 4.5:1",
            ),
            ({"accent": "red"}, "theme.accent", ""),
            ({"accent": "#7a1f5c;}"}, "theme.accent", ""),
            ({"accent": None}, "theme.accent", ""),
            ({"accent_dark": "#ffffff"}, "theme.accent", ""),
            (PLUM | {"css": "a {}"}, "theme.css", ""),
            ({}, "theme.accent", ""),
            ("#7a1f5c", "theme", ""),
        ],
    )
    async def test_what_cannot_be_read_is_refused_with_its_contrast(
        self, api: Api, admin: Person, theme: Any, field: str, said: str
    ) -> None:
        shop = {"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]}
        answer = await api.post("/clients", shop | {"theme": theme}, admin)

        assert fields(answer) == [field]
        assert said in answer.json()["errors"][0]["message"]

    async def test_nobody_gives_it_to_themselves(self, api: Api, admin: Person) -> None:
        answer = await api.client.post("/oauth2/register", json=WEB | {"theme": PLUM})
        made = answer.json()
        path = f"/clients/{made['client_id']}"
        told = {"Authorization": f"Bearer {made['registration_access_token']}"}
        members = ("client_id", "client_secret")
        change = WEB | {"theme": PLUM} | {name: made[name] for name in members}
        changed = await api.client.put(
            made["registration_client_uri"], json=change, headers=told
        )

        assert answer.status_code == 201 and changed.status_code == 200, changed.text
        assert (await api.get(path, admin)).json()["theme"] is None


class TestWorn:
    """On every page on the way to it, and on no other."""

    async def test_pages_of_its_flow_have_it_and_others_do_not(
        self, api: Api, browser: Visit, applications: ApplicationFactory
    ) -> None:
        shop = await applications(columns={"theme": PLUM})
        person = await api.person()
        at = f"/application-theme/{shop.client_id}?v="

        await browser.ask(shop, **ASKED)
        signin = sheet_of(browser)
        flow = Page(browser.page.text).inputs["flow"]["value"]
        seen = {}
        for path in ("signup", "signin/code", "forgot-password"):
            await browser.get(f"/{path}?flow={flow}")
            seen[path] = sheet_of(browser)
        await browser.get(f"/signin?flow={flow}")
        await browser.sign_in(person.email, "wrong " + PASSWORD)
        seen["refused"] = sheet_of(browser)
        await browser.sign_in(person.email)
        seen["consent"] = sheet_of(browser)
        await browser.get(f"/select-account?flow={flow}")
        seen["choice"] = sheet_of(browser)
        await browser.ask(shop, redirect_uri="https://evil.example/")
        seen["error"] = sheet_of(browser)
        await browser.get(f"/oauth2/logout?client_id={shop.client_id}")
        seen["logout"] = sheet_of(browser)

        assert signin.startswith(at)
        assert seen == dict.fromkeys(seen, signin)
        for path in ("/", "/account", "/applications", "/signin"):
            await browser.get(path)
            assert sheet_of(browser).startswith("/theme.css?v="), path

    async def test_the_operators_rules_stay_last_and_their_accent_does_not(
        self, browser: Visit, applications: ApplicationFactory
    ) -> None:
        shop = await applications(columns={"theme": PLUM})
        await browser.ask(shop)
        sheet = await browser.client.get(sheet_of(browser))

        assert sheet.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in sheet.headers["cache-control"]
        assert sheet.text.startswith("@layer theme {") and "#0a4fa3" not in sheet.text
        assert 0 < sheet.text.index("#7a1f5c") < sheet.text.index(RULES)

    async def test_another_look_has_another_address(
        self,
        api: Api,
        browser: Visit,
        applications: ApplicationFactory,
        admin: Person,
    ) -> None:
        shop = await applications(columns={"theme": PLUM})
        await browser.ask(shop)
        before = sheet_of(browser)
        await api.patch(f"/clients/{shop.client_id}", {"theme": WINE}, admin)
        await browser.ask(shop)

        assert sheet_of(browser) != before
        assert WINE["accent"] in (await browser.client.get(sheet_of(browser))).text

    async def test_nobody_looks_like_somebody_without_a_voucher(
        self, browser: Visit, applications: ApplicationFactory
    ) -> None:
        alone = {"is_self_registered": True, "vouched_by": "nobody", "theme": PLUM}
        shop = await applications(columns=alone)
        await browser.ask(shop)

        assert sheet_of(browser).startswith("/theme.css?v=")
        sheet = await browser.client.get(f"/application-theme/{shop.client_id}")
        assert sheet.status_code == 404

    async def test_only_sheets_of_clients_that_live_are_served(
        self, browser: Visit, applications: ApplicationFactory
    ) -> None:
        off = await applications(columns={"theme": PLUM, "status": "disabled"})
        plain = await applications()
        for name in (off.client_id, plain.client_id, "nobody", "x" * 300, ""):
            answer = await browser.client.get(f"/application-theme/{name}")
            assert answer.status_code == 404, name


def test_what_is_kept_of_sheets_is_bounded() -> None:
    brand = Brand()
    for number in range(100):
        application_theme.sheet_for(brand, {"accent": f"#0000{number:02x}"})

    assert application_theme._sheet.cache_info().currsize <= 32
