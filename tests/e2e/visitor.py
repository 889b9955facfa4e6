"""Somebody at a browser: what they do at our pages, and what they see."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pyotp

from tests.e2e import functions, report
from tests.support.api import PASSWORD

_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What passes is only counted: to name each element takes longer than to judge it.
_AXE = {"runOnly": _WCAG, "resultTypes": ["violations"]}
_AT_REST = (
    "Promise.allSettled(document.getAnimations().map(each => each.finished))"
    ".then(() => null)"
)
# A page, in the colours and at the width that it is drawn in.
_DRAWN = """[document.documentElement.outerHTML, location.pathname, innerWidth, ...[
  "(prefers-color-scheme: dark)", "(forced-colors: active)"
].map(each => matchMedia(each).matches)].join()"""
# What differs from visit to visit: secrets in fields and links, ids, people, numbers.
_PASSING = re.compile(
    r'(?:nonce|data-options|value)="[^"]{16,}"|[?&](?:flow|token)=[^"&]+'
    r"|as_[a-z]+_[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}"
    r"|[\w.+-]{1,64}@[\w.-]+|\d+"
)
_JUDGED: set[bytes] = set()
# Nothing has the focus yet, and one may skip what is above.
_IS_BELOW = """(it) => it.closest("main") && document.querySelector("a.skip") &&
  document.activeElement === document.body"""
_IS_SKIP = "document.activeElement.matches('a.skip')"
_INSIDE = ("/account", "/applications", "/admin")
# Refusals are pages too: the console names the status of each.
_REFUSED = re.compile(r"status of (400|401|403|404|422|429)\b")


@dataclass
class Visitor:
    """A person with an account, and a browser of their own.

    Attributes:
        window: The browser's context: cookies of its own.
        page: What they look at.
        home: Where the service is.
        complaints: What the console said, and where requests went to others.
        also: Where else they may be led.
        by_keyboard: They have no mouse: what they use they come to with the Tab key.
        scheme: In which colours, for the report.
    """

    window: Any
    page: Any
    home: str
    email: str
    user_id: UUID | None
    complaints: list[str] = field(default_factory=list)
    also: tuple[str, ...] = ()
    has_script: bool = True
    by_keyboard: bool = False
    has_phone: bool = False
    scheme: str = "light"
    authenticator: Any = None
    _keys: Any = None

    @classmethod
    async def of(
        cls, window: Any, home: str, email: str, user_id: UUID | None
    ) -> "Visitor":
        """Open an empty page."""
        window.set_default_timeout(60_000)  # a guard: nothing is measured
        page = await window.new_page()
        visitor = cls(window, page, home, email, user_id)
        page.on("console", visitor._heard)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("request", visitor._asked)
        return visitor

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not _REFUSED.search(message.text):
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        known = self.home, *self.also, "data:", "blob:", "about:"
        if not request.url.startswith(known):
            self.complaints.append(f"asked {request.url}")

    async def open_mail(self, subject: str, path: str) -> None:
        """Open their latest mail of a subject in the mailbox, then its link."""
        text = await self.read_mail(subject)
        [link] = re.findall(rf"http://\S+{path}\?token=\S+", text)
        await self.go(link.removeprefix(self.home))

    async def read_mail(self, subject: str) -> str:
        """Return their latest mail of a subject, which the mailbox shows."""
        rows = self.page.get_by_role("row").filter(has_text=self.email)
        mail = rows.get_by_role("link", name=subject).first
        for _ in range(200):  # the worker sends it when it comes to it
            await self.page.goto("/dev/mailbox")
            if await mail.count():
                break
            await self.page.wait_for_timeout(250)
        await self.page.goto(await mail.get_attribute("href"))
        return await self.text()

    async def go(self, path: str) -> None:
        """Open a page of ours."""
        await self.page.goto(path)
        await self.look()

    async def look(self) -> None:
        """Complain of what assistive technology would stumble over (WCAG 2.2 AA)."""
        if not self.has_script:
            return
        await self._measure()
        await functions.note_offered(self.page)
        # By keyboard, only visitors' pages: test_languages has seen the others so.
        if self.has_phone or self.by_keyboard and self.path.startswith(_INSIDE):
            return
        from axe_playwright_python.async_playwright import Axe  # `make e2e` installs it

        # What is still on its way is half transparent, and nobody reads it yet.
        await self.page.evaluate(_AT_REST)
        if not report.is_wanted() and await self._was_judged():
            return
        found = await Axe().run(self.page, options=_AXE)
        report.note(self.path, await self._language(), self.scheme, found.response)
        for each in found.response["violations"]:
            places = [node["html"] for node in each["nodes"]]
            self.complaints.append(f"{self.path}: {each['help']}: {places}")

    async def _was_judged(self) -> bool:
        """Tell whether axe saw the same page before, of somebody else or once more."""
        page = _PASSING.sub("0", await self.page.evaluate(_DRAWN))
        digest = sha256(page.encode()).digest()
        if digest in _JUDGED:
            return True
        _JUDGED.add(digest)
        return False

    async def _measure(self) -> None:
        """Complain of a page that one has to scroll sideways (WCAG 1.4.10)."""
        root = "document.documentElement"
        wider = await self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
        if wider > 0:
            self.complaints.append(f"{self.path} is {wider} px too wide")

    async def picture(self, name: str) -> None:
        """Keep what they see, in the folder that PICTURES names, if it names one."""
        if "PICTURES" in os.environ:
            file = Path(os.environ["PICTURES"]) / f"first-run-{name}.jpg"
            await self.page.screenshot(path=file, type="jpeg", quality=80)

    async def _language(self) -> str:
        return str(await self.page.locator("html").get_attribute("lang"))

    async def press(self, name: str | re.Pattern[str], beside: str = "") -> None:
        """Press a button, and wait for the page after it.

        Args:
            name: What it is called, in all or by a pattern.
            beside: What the form says that it stands in, of several.
        """
        await self._use(await self._button(name, beside))

    async def _button(self, name: str | re.Pattern[str], beside: str = "") -> Any:
        form = self._form(beside)
        button = form.get_by_role("button", name=name, exact=True)
        assert await button.count() == 1, (name, await self.text())
        return button

    def _form(self, beside: str) -> Any:
        forms = self.page.locator("form").filter(has_text=beside)
        return forms if beside else self.page

    async def follow(self, name: str, within: str = "") -> None:
        """Follow a link: the first, or that of a navigation."""
        navigation = self.page.get_by_role("navigation", name=within)
        place = navigation if within else self.page
        await self._use(place.get_by_role("link", name=name).first)

    async def use_first(self, found: Any) -> None:
        """Press the first of several that do the same."""
        await self._use(found.first)

    async def submit(self, selector: str) -> None:
        """Press the first such button, on a page of whatever language."""
        await self._use(self.page.locator(selector).first)

    async def press_first(self, name: str) -> None:
        """Press the first button whose name has these words."""
        await self._use(self.page.get_by_role("button", name=name).first)

    async def _use(self, target: Any) -> None:
        sent = await functions.about(target)
        if self.by_keyboard:
            await self.reach(target)  # before one listens: its way may be a link, too
        async with self.page.expect_navigation() as told:
            await self._touch(target)
        self._done(sent, await told.value)
        await self.look()

    def _done(self, sent: Mapping[str, Any] | None, answer: Any = None) -> None:
        if answer is None or answer.ok:
            functions.note_used(self.manners, sent, urlsplit(self.page.url).path)

    @property
    def manners(self) -> frozenset[str]:
        """The ways in which they use pages, as `tests.e2e.manners` names them."""
        hand = (
            "keyboard" if self.by_keyboard else "phone" if self.has_phone else "mouse"
        )
        bare = () if self.has_script else ("bare",)
        return frozenset((hand, self.scheme, *bare))

    async def _touch(self, target: Any, key: str = "Enter") -> None:
        if self.by_keyboard:
            await self.reach(target)
            await self.page.keyboard.press(key)
        elif self.has_phone:
            await target.tap()
        else:
            await target.click()

    async def click(self, name: str) -> None:
        """Press a button that leads nowhere."""
        await self._touch(await self._button(name))

    async def unfold(self, text: str) -> None:
        """Open what is folded under a line."""
        await self._touch(self.page.locator("summary").filter(has_text=text))

    async def open(self, name: str) -> None:
        """Follow a link that opens something on the page itself."""
        await self._touch(self.page.get_by_role("link", name=name).first)

    async def tick(self, label: str) -> None:
        """Choose a box."""
        box = self.page.get_by_label(label)
        await self._touch(box, "Space")
        assert await box.is_checked()

    async def choose(self, label: str, option: str, beside: str = "") -> None:
        """Choose of a list."""
        form = self._form(beside)
        field = form.get_by_role("combobox", name=label, exact=True)
        if self.by_keyboard:
            await self.reach(field)
            await self.page.keyboard.type(option)
        else:
            await field.select_option(label=option)
        chosen = "it => it.selectedOptions[0].label"
        assert await field.evaluate(chosen) == option

    async def give_file(self, label: str, file: Path) -> None:
        """Choose a file; what the browser asks then is its own."""
        async with self.page.expect_file_chooser() as asked:
            await self._touch(self.page.get_by_label(label))
        await (await asked.value).set_files(file)

    async def download(self, name: str) -> str:
        """Return the text that a button gives."""
        button = await self._button(name)
        sent = await functions.about(button)
        async with self.page.expect_download() as told:
            await self._touch(button)
        self._done(sent)
        return Path(await (await told.value).path()).read_text()

    async def reach(self, target: Any) -> None:
        """Go to an element with the Tab key, and see where one is (WCAG 2.1.1, 2.4.7).

        From where the page put the focus, past its navigation where one may skip that;
        round once more from its beginning.
        """
        element = await target.element_handle()
        if await element.evaluate(_IS_BELOW):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(_IS_SKIP):
                await self.page.keyboard.press("Enter")
        for _ in range(80):
            if await element.evaluate("it => it === document.activeElement"):
                outline = "it => getComputedStyle(it).outlineStyle"
                assert await element.evaluate(outline) != "none", "no focus to see"
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"not reached with Tab: {target}")

    async def type(self, label: str, text: str, beside: str = "") -> None:
        """Fill a field in."""
        await self._fill(self._form(beside).get_by_label(label, exact=True), text)

    async def fill(self, selector: str, text: str) -> None:
        """Fill a field in, on a page of whatever language."""
        await self._fill(self.page.locator(selector), text)

    async def _fill(self, field: Any, text: str) -> None:
        if not self.by_keyboard:
            await field.fill(text)
            return
        await self.reach(field)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.type(text)

    async def type_password(self, password: str = PASSWORD) -> None:
        """Fill the sign-in page in, and send it."""
        await self.type("Email", self.email)
        await self.type("Password", password)
        await self.press("Sign in")

    async def sign_in(self, path: str = "/signin") -> None:
        """Sign in with the password, at a page that asks for it."""
        await self.go(path)
        await self.type_password()

    async def sign_out(self) -> None:
        """Leave, by the page that asks once more."""
        await self.go("/signout")
        await self.press("Sign out")

    async def give_code(self, code: str) -> None:
        """Answer the second step."""
        await self.type("Code", code)
        await self.press("Continue")

    async def set_app_up(self) -> pyotp.TOTP:
        """Sign in, set an authenticator app up, and return it."""
        await self.sign_in("/account/factors")
        await self.press("Set up authenticator app")
        key = await self.page.locator("code").first.inner_text()
        app = pyotp.TOTP(key.replace(" ", ""))
        assert await self.page.locator(".qr svg").bounding_box()
        await self.page.get_by_label("Code", exact=True).fill(app.now())
        await self.press("Confirm")
        assert "is set up" in await self.text()
        return app

    async def heading(self) -> str:
        """Return what the page is called."""
        return str(await self.page.locator("h1").inner_text())

    async def text(self) -> str:
        """Return what the page says."""
        return str(await self.page.locator("main").inner_text())

    @property
    def path(self) -> str:
        """Where they are."""
        return str(self.page.url).removeprefix(self.home)

    async def add_authenticator(self, **options: Any) -> None:
        """Plug a virtual authenticator in: one that keeps passkeys, with a PIN."""
        self._keys = await self.window.new_cdp_session(self.page)
        await self._keys.send("WebAuthn.enable", {"enableUI": False})
        chosen = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            **options,
        }
        made = await self._keys.send(
            "WebAuthn.addVirtualAuthenticator", {"options": chosen}
        )
        self.authenticator = made["authenticatorId"]

    async def offer_nothing_in_fields(self) -> None:
        """Let the browser be one without passkeys in fields, which asks by buttons."""
        await self.page.add_init_script(
            "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
        )

    async def tell_authenticator(self, command: str, **parameters: Any) -> Any:
        """Send it a command of the WebAuthn domain of the DevTools protocol."""
        values = {"authenticatorId": self.authenticator, **parameters}
        return await self._keys.send(f"WebAuthn.{command}", values)

    async def credentials(self) -> list[dict[str, Any]]:
        """Return the passkeys that the authenticator keeps."""
        found = await self.tell_authenticator("getCredentials")
        return list(found["credentials"])
