"""A person at a browser: cookies, links, forms; no script, as the pages promise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests

_HOPS = 12


@dataclass
class Form:
    """A form of a page, with the values that it brings."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Reads forms as a browser does; the text of a button is how people know it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "")))
        elif (
            tag == "input" and self.forms and values.get("type", "").lower() == "submit"
        ):
            pressed = values.get("name", ""), values.get("value", "")
            self.forms[-1].buttons[pressed[1]] = pressed
        elif tag == "input" and self.forms and "name" in values:
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "button":
            self._button = values.get("name", ""), values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Leave the button."""
        if tag == "button":
            self._button = None

    def handle_data(self, data: str) -> None:
        """Name the button."""
        if self._button is not None and self.forms and data.strip():
            self.forms[-1].buttons[data.strip()] = self._button


@dataclass
class Page:
    """What the browser shows now."""

    url: str
    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where it is."""
        return urlsplit(self.url).path

    @property
    def forms(self) -> list[Form]:
        """Its forms."""
        reader = _Forms()
        reader.feed(self.text)
        return reader.forms


class Browser:
    """Follows redirects within its sites and stops where it would leave them.

    Attributes:
        left_for: The address of another site that it was sent to last, if it was.
        been: Every address that it asked, in order.
    """

    def __init__(self, site: str, *others: str) -> None:
        """Begin without cookies; paths without a site are of the first one."""
        self._site = site
        self._known = tuple(f"{one}/" for one in (site, *others))
        self._http = requests.Session()
        self._http.trust_env = False
        self.left_for = ""
        self.been: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def forget(self) -> None:
        """Lose all cookies."""
        self._http.cookies.clear()

    def open(self, url: str) -> Page:
        """Open an address."""
        return self._go("GET", urljoin(self._site, url), {}, {})

    def press(self, page: Page, button: str, **typed: str) -> Page:
        """Fill in the form that has this button, and press it."""
        forms = [form for form in page.forms if button in form.buttons]
        assert len(forms) == 1, f"{len(forms)} have {button!r}: {page.text}"
        [form] = forms
        name, value = form.buttons[button]
        values = form.fields | typed | ({name: value} if name else {})
        url = urljoin(page.url, form.action or page.url)
        origin = urljoin(page.url, "/").rstrip("/")
        is_ours = urlsplit(url).hostname == urlsplit(page.url).hostname
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        if not is_ours:  # and no cookie comes along (SameSite=Lax)
            headers |= {"Sec-Fetch-Site": "cross-site", "Cookie": ""}
        return self._go("POST", url, values, headers)

    def _go(
        self, method: str, url: str, data: dict[str, str], headers: dict[str, str]
    ) -> Page:
        self.left_for = ""
        for _ in range(_HOPS):
            self.been.append(url)
            answer = self._http.request(
                method,
                url,
                data=data or None,
                headers=headers | {"Accept": "text/html"},
                allow_redirects=False,
                timeout=30,
            )
            for cookie in self._http.cookies:
                cookie.secure = False  # browsers trust this machine without TLS
            page = Page(url, answer.status_code, answer.text, answer.headers)
            if answer.status_code not in (301, 302, 303, 307, 308):
                return page
            url, method, data, headers = (
                urljoin(url, answer.headers["Location"]),
                "GET",
                {},
                {},
            )
            if not url.startswith(self._known):
                self.left_for = url
                return page
        raise AssertionError(f"a loop of redirects at {url}")
