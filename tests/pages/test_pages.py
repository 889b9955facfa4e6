"""Hosted pages: complete without script, and nothing on them happens by itself."""

import re
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from app.pages.parts.script import PASSWORD_SOURCE
from app.services.server.runtime import Runtime
from tests.support.api import PRODUCTION, Api
from tests.support.browser import Visitor
from tests.support.page import (
    BROWSER,
    ORIGIN,
    PAGES,
    PASSWORD,
    Page,
    invitation_link,
    post,
    setup_link,
    verify_link,
)


async def test_t184_every_page_has_the_strict_headers(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await verify_link(runtime)
    mail = runtime.mailbox.list()[0].id
    paths = [
        "/signin",
        "/done/setup",
        "/dev/mailbox",
        f"/dev/mailbox/{mail}",
        "/docs/errors",
    ]
    paths += [f"/dev/mailbox/{mail}/html", f"/verify-email?token={token}", *PAGES]
    paths += ["/no/such/page"]

    answers = [await client.get(path, headers=BROWSER) for path in paths]
    answers.append(await post(client, "/reset-password", Sec_Fetch_Site="cross-site"))

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert _scripts(_without_nonce(policy)) in ([], [PASSWORD_SOURCE])
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert "form-action" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "http" not in policy  # nothing is loaded from elsewhere
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def _without_nonce(policy: str) -> str:
    """Return a policy without what only its own answer says: 256 bits of chance."""
    return re.sub(r" 'nonce-[\w-]{43}'", "", policy)


def _scripts(policy: str) -> list[str]:
    parts = [part.strip() for part in policy.split(";")]
    return [part for part in parts if part.startswith("script-src")]


async def test_pages_are_made_for_everybody(
    client: AsyncClient, runtime: Runtime
) -> None:
    tokens = {path: await setup_link(runtime) for path in ("/setup",)}
    tokens["/accept-invitation"] = await invitation_link(runtime)

    for path, token in tokens.items():
        page = Page((await client.get(path, params={"token": token})).text)
        labels = {label["for"] for label in page.all("label")}
        shown = {tag["id"] for tag in page.all("input") if tag["type"] != "hidden"}
        assert shown == labels
        assert page.all("html") == [{"lang": "en", "dir": "ltr"}]
        assert len(page.all("title")) == len(page.all("main")) == 1
        assert len(page.all("h1")) == 1
        buttons = 2 if path == "/setup" else 1  # with a passkey, or with a password
        assert [tag["type"] for tag in page.all("button")] == ["submit"] * buttons
        assert [tag["type"] for tag in page.all("script")] == ["module"]
        assert page.inputs["password"]["autocomplete"] == "new-password"


async def test_names_and_autocomplete_are_those_of_the_contract(
    client: AsyncClient,
) -> None:
    page = Page((await client.get("/verify-email")).text)

    found = {name: tag["autocomplete"] for name, tag in page.inputs.items()}
    assert found == {"email": "username webauthn", "code": "one-time-code"}


async def test_t068_links_and_redirects_ignore_the_host_header(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await verify_link(runtime)
    forged = {
        "Host": "evil.example",
        "Forwarded": "host=evil.example;proto=https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Referer": "https://evil.example/",
    }

    shown = await client.get("/verify-email", params={"token": token}, headers=forged)
    sent = await client.post(
        "/verify-email", data={"token": token}, headers=BROWSER | forged
    )

    assert "evil.example" not in shown.text
    assert sent.headers["location"] == "/done/email-verified"
    assert f"{ORIGIN}/verify-email" in runtime.mailbox.list()[0].text


async def test_the_style_sheet_is_kept_for_as_long_as_its_address_says(
    client: AsyncClient,
) -> None:
    page = Page((await client.get("/signin")).text)
    [address] = [tag["href"] for tag in page.all("link") if tag["rel"] == "stylesheet"]

    known = await client.get(str(address))
    old = await client.get("/static/pages.css?v=old")

    assert known.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in known.headers["cache-control"]
    assert old.headers["cache-control"] == "public, max-age=3600"
    assert old.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("what", ["x", "<b>", "..%2f", "setup%00"])
async def test_t062_result_pages_show_fixed_texts_only(
    client: AsyncClient, what: str
) -> None:
    response = await client.get(f"/done/{what}?message=Win", headers=BROWSER)

    assert response.status_code in (400, 404)
    assert "Win" not in response.text and "<b>" not in response.text


class TestInProduction:
    """Production: another origin, no mailbox, no favours for this machine."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return dict(PRODUCTION)

    @pytest.mark.parametrize(
        ("origin", "status"),
        [
            ("https://auth.example.com", 400),  # accepted; the token is none
            ("https://auth.example.com:443", 400),
            ("http://auth.example.com", 403),
            ("http://127.0.0.1:8000", 403),
        ],
    )
    async def test_only_the_public_url_may_post(
        self, client: AsyncClient, origin: str, status: int
    ) -> None:
        response = await post(
            client,
            "/confirm-email",
            {"token": "x"},
            Origin=origin,
            Host=urlsplit(origin).netloc,
        )

        assert response.status_code == status

    async def test_the_pages_show_neither_docs_nor_mailbox(
        self, api: Api, app: FastAPI
    ) -> None:
        user, visitor = await api.users.with_password(PASSWORD), Visitor(app)
        signin = Page((await visitor.get("/signin")).text)
        await visitor.sign_in(user.email)
        home = Page((await visitor.get("/")).text)

        links = [[tag["href"] for tag in page.all("a")] for page in (signin, home)]
        assert links == [
            ["/forgot-password", "/signin/code", "/signup"],
            [
                "/account",
                "/applications",
                "/signout",
                "/signin",
                "/forgot-password",
            ],
        ]


async def test_every_error_code_has_its_place_in_the_list(client: AsyncClient) -> None:
    problem = (await client.get("/api/v1/users/me")).json()

    page = Page((await client.get("/docs/errors")).text)

    anchors = [tag["id"] for tag in page.all("dt")]
    path, _, anchor = problem["type"].removeprefix(ORIGIN).partition("#")
    assert path == "/docs/errors"
    assert anchor in anchors
    assert len(anchors) == len(set(anchors)) > 20
    assert {"internal_error", "invalid_credentials", "cross_site_request"} <= set(
        str(each) for each in anchors
    )


async def test_set_up_explains_itself_the_same_before_and_after(
    client: AsyncClient, runtime: Runtime
) -> None:
    before = await client.get("/setup")
    token = await setup_link(runtime)
    await post(client, "/setup", PAGES["/setup"][1] | {"token": token})
    after = await client.get("/setup")

    assert before.status_code == after.status_code == 200
    assert before.text == after.text
    assert Page(before.text).inputs == {}
    assert "auth-serve setup link" in before.text


async def test_pages_are_not_in_the_api_document(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert not {"/", "/static/pages.css", "/dev/mailbox", *PAGES} & set(
        document["paths"]
    )
