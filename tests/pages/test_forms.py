"""What browsers post: whose form it is, how it is read, and what is shown again."""

import pytest
from httpx2 import AsyncClient

from app.pages.parts.form import MAX_BODY, MAX_FIELDS, MalformedForm, parse_form
from app.services.server.runtime import Runtime
from tests.support.page import (
    BROWSER,
    ORIGIN,
    PAGES,
    Page,
    every_page,
    invitation_link,
    post,
)

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "https://localhost:8000"},
    {"Origin": "http://localhost:8000.evil.example"},
    {"Origin": "null", "Sec-Fetch-Site": "none"},
    {"Origin": "http://evil.example:80", "Host": "evil.example:80"},
    {"Origin": "http://127.0.0.1:9", "Host": "127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1:x"},
    {"Origin": "http://192.168.1.5:8000", "Host": "192.168.1.5:8000"},
]


@pytest.mark.parametrize("path", ["/setup", "/reset-password", "/accept-invitation"])
async def test_a_bad_password_shows_the_form_again_with_the_token_and_without_it(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    make_link, fields, _ = PAGES[path]
    token = await make_link(runtime)

    bad = await post(client, path, fields | {"token": token, "password": "pass$<1"})
    page = Page(bad.text)
    good = await post(client, path, fields | {"token": token})

    assert bad.status_code == 422
    assert page.inputs["token"]["value"] == token
    assert page.inputs["password"]["aria-invalid"] == "true"
    assert "value" not in page.inputs["password"]
    assert "pass$" not in bad.text
    [alert] = [tag for tag in page.all("div") if tag.get("role") == "alert"]
    assert alert["tabindex"] == "-1"
    assert {"href": "#password"} in page.all("a")
    assert good.status_code == 303


async def test_typed_values_come_back_escaped(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await invitation_link(runtime)
    name = '"><script>alert(1)</script>'

    response = await post(
        client, "/accept-invitation", {"token": token, "name": name, "password": "x"}
    )

    assert "<script>alert" not in response.text
    assert Page(response.text).inputs["name"]["value"] == name


async def test_the_forgotten_password_page_keeps_what_was_typed(
    client: AsyncClient,
) -> None:
    shown = Page((await client.get("/forgot-password")).text)

    refused = await post(client, "/forgot-password", {"email": "a" * 600})

    assert list(shown.inputs) == ["email"]
    assert refused.status_code == 422
    assert Page(refused.text).inputs["email"]["value"] == "a" * 600


@every_page
async def test_t065_a_form_from_another_site_is_refused(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    make_link, fields, _ = PAGES[path]
    fields = fields | {"token": await make_link(runtime)}

    foreign = [
        await client.post(path, data=fields, headers=BROWSER | headers)
        for headers in FOREIGN
    ]
    own = await post(client, path, fields)

    assert [answer.status_code for answer in foreign] == [403] * len(FOREIGN)
    assert foreign[0].headers["content-type"] == "text/html; charset=utf-8"
    assert own.status_code == 303


async def test_forms_of_our_own_page_are_accepted(client: AsyncClient) -> None:
    own = [
        {},
        {"Origin": ORIGIN},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
        {"Origin": "http://localhost:9000", "Host": "localhost:9000"},
    ]

    answers = [
        await client.post("/confirm-email", data={"token": "x"}, headers=headers)
        for headers in own
    ]

    assert [answer.status_code for answer in answers] == [400] * len(own)


FORM = "application/x-www-form-urlencoded"
NOT_OURS: list[tuple[str, bytes, int]] = [
    ("application/json", b'{"token":"x"}', 415),
    ("text/plain", b"token=x", 415),
    ("multipart/form-data; boundary=x", b"--x--", 415),
    ("", b"token=x", 415),
    (FORM, b"token=x&token=y", 400),
    (FORM, b"t=" + b"x" * MAX_BODY, 413),
    (FORM, b"token=x&is_admin=1", 422),
    (FORM, b"", 422),
    ("Application/X-WWW-Form-Urlencoded; charset=utf-8", b"token=x", 400),
]


async def test_what_no_form_of_ours_sends_is_refused(client: AsyncClient) -> None:
    answers = []

    for content_type, body, _ in NOT_OURS:
        headers = BROWSER | {"Content-Type": content_type}
        sent = await client.post("/confirm-email", content=body, headers=headers)
        answers.append((content_type, body, sent.status_code))

    assert answers == NOT_OURS


@pytest.mark.parametrize(
    "body",
    [
        b"token=x&token=y",
        b"token=x&token=",
        b"token=%00",
        b"to%00ken=x",
        b"token=%ff",
        b"token=%ed%a0%80",
        "token=é".encode(),
        b"token",
        b"&".join(b"f%d=x" % number for number in range(MAX_FIELDS + 1)),
    ],
)
def test_a_malformed_form_is_not_interpreted(body: bytes) -> None:
    with pytest.raises(MalformedForm):
        parse_form(body)


def test_a_form_is_read_as_browsers_write_it() -> None:
    values = parse_form(b"email=ada%2Btea%40example.com&name=J%C3%B6rg+Ada&code=")

    assert values == {"email": "ada+tea@example.com", "name": "Jörg Ada", "code": ""}


class TestOverPlainHttp:
    """A name of the local network: browsers send no Fetch Metadata there."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"public_url": "http://auth.test:8000"}

    @pytest.mark.parametrize(
        ("origin", "status"),
        [
            ("http://auth.test:8000", 400),  # accepted; the token is none
            ("null", 403),
            ("http://auth.test", 403),
            ("http://evil.test:8000", 403),
            ("http://localhost:8000", 403),
        ],
    )
    async def test_the_origin_of_a_form_tells_whose_it_is(
        self, client: AsyncClient, origin: str, status: int
    ) -> None:
        page = await client.get("/confirm-email")
        headers = {"Origin": origin, "Host": "auth.test:8000", "Accept": "text/html"}

        sent = await client.post("/confirm-email", data={"token": "x"}, headers=headers)

        # With this policy browsers send a page's own origin, and "null" with none.
        assert page.headers["referrer-policy"] == "same-origin"
        assert sent.status_code == status
        assert ("Open the page at http://auth.test:8000" in sent.text) == (
            status == 403
        )
