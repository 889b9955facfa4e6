"""Hosted pages: complete without script, and nothing on them happens by itself."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import event

from app.jobs.mail import OutboxJob
from app.pages.form import MAX_BODY, MalformedForm, parse_form
from app.services.email_change import EmailChangeService
from app.services.email_verification import EmailVerificationService
from app.services.invitation import InvitationService
from app.services.one_time_token import OneTimeTokenService, Purpose
from app.services.password import PasswordService
from app.services.password_reset import PasswordResetService
from app.services.runtime import Runtime
from app.services.setup import SetupService
from app.services.sign_in import SignInService
from tests.chance import FakeClock
from tests.job_support import add_user

PASSWORD = "correct horse battery staple"
ORIGIN = "http://localhost:8000"  # the default public URL
BROWSER = {"Accept": "text/html", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
EMAIL = "ada@example.com"

Link = Callable[[Runtime], Awaitable[str]]


class Page(HTMLParser):
    """What assistive technology and password managers look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag == "input":
            self.inputs[dict(attrs)["name"] or ""] = dict(attrs)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
async def developer(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Whoever sits at the machine that the application runs on."""
    transport = ASGITransport(app=app, client=("127.0.0.1", 40_000))
    async with AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield http


async def verify_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await EmailVerificationService(uow, runtime).send(user)
    return await mailed_token(runtime)


async def reset_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await PasswordResetService(uow, runtime, PasswordService(runtime)).send(user)
    return await mailed_token(runtime)


async def change_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        tokens = await SignInService(runtime).start(user, [], "password")
        read = runtime.secret_key.read_refresh_token(tokens.refresh_token)
        assert read is not None
        changes = EmailChangeService(uow, runtime)
        await changes.request(user.id, read[0], "new@example.com")
    return await mailed_token(runtime)


async def invitation_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await InvitationService(uow, runtime, PasswordService(runtime)).send(user)
    return await mailed_token(runtime)


async def setup_link(runtime: Runtime) -> str:
    async with runtime.unit_of_work() as uow:
        link = await SetupService(uow, runtime, PasswordService(runtime)).link()
    assert link is not None
    return token_of(link)


async def mailed_token(runtime: Runtime) -> str:
    """Let the mail leave and return the token in its link."""
    await OutboxJob(runtime).run()
    found = re.search(r"https?://\S+", runtime.mailbox.list()[0].text)
    assert found is not None
    return token_of(found[0])


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


PAGES: dict[str, tuple[Link, dict[str, str], str]] = {
    "/setup": (setup_link, {"email": EMAIL, "password": PASSWORD}, "setup"),
    "/verify-email": (verify_link, {}, "email-verified"),
    "/reset-password": (reset_link, {"password": PASSWORD}, "password-reset"),
    "/confirm-email": (change_link, {}, "email-changed"),
    "/accept-invitation": (
        invitation_link,
        {"name": "Ada", "password": PASSWORD},
        "invitation-accepted",
    ),
}
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
every_page = pytest.mark.parametrize("path", sorted(PAGES))


async def post(
    client: AsyncClient, path: str, fields: Any = None, **headers: str
) -> Response:
    given = BROWSER | {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.post(path, data=fields or {}, headers=given)


@every_page
async def test_a_link_asks_for_one_click_which_works_once(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    make_link, fields, done = PAGES[path]
    token = await make_link(runtime)

    shown = await client.get(path, params={"token": token})
    first = await post(client, path, fields | {"token": token})
    second = await post(client, path, fields | {"token": token})

    assert shown.status_code == 200
    assert first.status_code == 303
    assert first.headers["location"] == f"/done/{done}"
    assert second.status_code in (400, 409)
    assert (await client.get(f"/done/{done}")).status_code == 200


@every_page
async def test_t131_opening_a_link_changes_nothing(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    token = await PAGES[path][0](runtime)
    writes: list[str] = []

    @event.listens_for(runtime.database.engine.sync_engine, "before_cursor_execute")
    def watch(_c: Any, _u: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            writes.append(statement)

    for _ in range(3):
        response = await client.get(path, params={"token": token})

    assert response.status_code == 200
    assert writes == []


@every_page
async def test_t128_a_link_without_a_good_token_shows_no_form_for_it(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    token = await PAGES[path][0](runtime)
    bad = ["null", "0", " ", "as_ot_", token[:-1], token + "A", "é", "\u202e"]

    for wrong in bad:
        response = await client.get(path, params={"token": wrong})
        assert response.status_code == 400
        assert "token" not in Page(response.text).inputs
    twice = await client.get(f"{path}?token={token}&token={token}")
    assert "token" not in Page(twice.text).inputs


@every_page
async def test_t128_a_form_without_a_good_token_is_refused(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    fields = PAGES[path][1]

    for token in ("", "null", "0", "as_ot_AAAA"):
        response = await post(client, path, fields | {"token": token})
        assert response.status_code in (400, 422)


@every_page
async def test_t125_an_expired_link_is_refused_by_page_and_form(
    client: AsyncClient, runtime: Runtime, clock: FakeClock, path: str
) -> None:
    make_link, fields, _ = PAGES[path]
    token = await make_link(runtime)
    clock.advance(days=31)

    shown = await client.get(path, params={"token": token})
    sent = await post(client, path, fields | {"token": token})

    assert (shown.status_code, sent.status_code) == (400, 400)


@every_page
async def test_t122_a_link_for_one_thing_does_no_other(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    await add_user(runtime, EMAIL)
    fields = PAGES[path][1]
    others = set(Purpose) - {_PURPOSES[path]}
    async with runtime.unit_of_work() as uow:
        service = OneTimeTokenService(uow, runtime)
        rows = [await service.issue(p, subject=EMAIL, ttl=600) for p in others]
    tokens = [runtime.secret_key.one_time_token(r.purpose, r.id) for r in rows]

    for token in tokens:
        response = await post(client, path, fields | {"token": token})
        assert response.status_code == 400


_PURPOSES = {
    "/setup": Purpose.SETUP,
    "/verify-email": Purpose.VERIFY_EMAIL,
    "/reset-password": Purpose.RESET_PASSWORD,
    "/confirm-email": Purpose.CHANGE_EMAIL,
    "/accept-invitation": Purpose.INVITATION,
}


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


async def test_a_refused_attempt_leaves_the_link_usable(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await change_link(runtime)
    taken = await add_user(runtime, "new@example.com")

    refused = await post(client, "/confirm-email", {"token": token})
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(taken.id)
        assert user is not None
        await uow.users.delete(user)
    accepted = await post(client, "/confirm-email", {"token": token})

    assert refused.status_code == 400
    assert accepted.status_code == 303


async def test_typed_values_come_back_escaped(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await invitation_link(runtime)
    name = '"><script>alert(1)</script>'

    response = await post(
        client, "/accept-invitation", {"token": token, "name": name, "password": "x"}
    )

    assert "<script" not in response.text
    assert Page(response.text).inputs["name"]["value"] == name


async def test_an_address_is_confirmed_with_the_code_from_the_mail(
    client: AsyncClient, runtime: Runtime
) -> None:
    await verify_link(runtime)
    found = re.search(r"^\s+(\d{8})$", runtime.mailbox.list()[0].text, re.MULTILINE)
    assert found is not None
    fields = {"email": EMAIL.upper(), "code": f" {found[1]} "}

    wrong = await post(client, "/verify-email", fields | {"code": "00000000"})
    right = await post(client, "/verify-email", fields)

    assert wrong.status_code == 400
    assert Page(wrong.text).inputs["email"]["value"] == EMAIL.upper()
    assert right.status_code == 303
    async with runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(EMAIL)
    assert user is not None and user.email_verified


async def test_a_forgotten_password_is_replaced_with_the_code_from_the_mail(
    client: AsyncClient, runtime: Runtime
) -> None:
    await add_user(runtime, EMAIL)

    known = await post(client, "/forgot-password", {"email": EMAIL})
    unknown = await post(client, "/forgot-password", {"email": "eve@example.com"})
    await OutboxJob(runtime).run()
    [mail] = runtime.mailbox.list()
    found = re.search(r"^\s+(\d{8})$", mail.text, re.MULTILINE)
    assert found is not None
    fields = {"email": EMAIL, "code": found[1], "password": PASSWORD}
    reset = await post(client, "/reset-password", fields)

    assert known.headers["location"] == unknown.headers["location"]
    assert known.content == unknown.content
    assert (mail.to, reset.status_code) == (EMAIL, 303)


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
        b"&".join(b"f%d=x" % number for number in range(30)),
    ],
)
def test_a_malformed_form_is_not_interpreted(body: bytes) -> None:
    with pytest.raises(MalformedForm):
        parse_form(body)


def test_a_form_is_read_as_browsers_write_it() -> None:
    values = parse_form(b"email=ada%2Btea%40example.com&name=J%C3%B6rg+Ada&code=")

    assert values == {"email": "ada+tea@example.com", "name": "Jörg Ada", "code": ""}


async def test_t184_every_page_has_the_strict_headers(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await verify_link(runtime)
    mail = runtime.mailbox.list()[0].id
    paths = ["/", "/done/setup", "/dev/mailbox", f"/dev/mailbox/{mail}", "/docs/errors"]
    paths += [f"/dev/mailbox/{mail}/html", f"/verify-email?token={token}", *PAGES]
    paths += ["/no/such/page"]

    answers = [await client.get(path, headers=BROWSER) for path in paths]
    answers.append(await post(client, "/reset-password", Sec_Fetch_Site="cross-site"))

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src" not in policy
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert "form-action" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "http" not in policy  # nothing is loaded from elsewhere
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_pages_are_made_for_everybody(
    client: AsyncClient, runtime: Runtime
) -> None:
    tokens = {path: await setup_link(runtime) for path in ("/setup",)}
    tokens["/accept-invitation"] = await invitation_link(runtime)

    for path, token in tokens.items():
        page = Page((await client.get(path, params={"token": token})).text)
        labels = {label["for"] for label in page.all("label")}
        shown = {name for name, tag in page.inputs.items() if tag["type"] != "hidden"}
        assert shown == labels
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("title")) == len(page.all("main")) == 1
        assert len(page.all("h1")) == 1
        assert [button["type"] for button in page.all("button")] == ["submit"]
        assert page.all("script") == []
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
    home = Page((await client.get("/")).text)
    [address] = [tag["href"] for tag in home.all("link") if tag["rel"] == "stylesheet"]

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


async def test_the_mailbox_shows_what_would_have_been_mailed(
    developer: AsyncClient, runtime: Runtime
) -> None:
    client = developer
    empty = await client.get("/dev/mailbox")
    token = await verify_link(runtime)
    mail = runtime.mailbox.list()[0]

    listed = await client.get("/dev/mailbox")
    text = await client.get(f"/dev/mailbox/{mail.id}")
    html = await client.get(f"/dev/mailbox/{mail.id}/html")

    assert "none yet" in empty.text
    assert {"href": f"/dev/mailbox/{mail.id}"} in Page(listed.text).all("a")
    link = f"{ORIGIN}/verify-email?token={token}"
    assert link in [tag["href"] for tag in Page(text.text).all("a")]
    assert html.text == mail.html


@pytest.mark.parametrize("mail_id", ["x", "1", str(UUID(int=1))])
async def test_an_unknown_mail_is_not_found(
    developer: AsyncClient, mail_id: str
) -> None:
    for path in (f"/dev/mailbox/{mail_id}", f"/dev/mailbox/{mail_id}/html"):
        assert (await developer.get(path)).status_code == 404


LOCAL = ["localhost:8000", "LOCALHOST", "127.0.0.1:9", "[::1]:8000", "127.1.2.3"]
OTHER_HOSTS = ["evil.example:8000", "localhost.evil.example", "192.168.1.5:8000", ""]
OTHER_HOSTS += ["127.0.0.1.evil.example", "[::1", "localhost@evil.example", "test"]


async def mailbox_answers(app: FastAPI, mail: UUID, host: str, ip: str) -> set[int]:
    """Return how every page of the mailbox answers under a name, to an address."""
    transport = ASGITransport(app=app, client=(ip, 40_000))
    paths = ("", f"/{mail}", f"/{mail}/html")
    async with AsyncClient(transport=transport, base_url="http://localhost") as http:
        answers = [
            await http.get(f"/dev/mailbox{path}", headers={"Host": host})
            for path in paths
        ]
    return {answer.status_code for answer in answers}


async def test_the_mailbox_is_for_this_machine_under_its_own_names(
    app: FastAPI, runtime: Runtime
) -> None:
    await verify_link(runtime)
    mail = runtime.mailbox.list()[0].id

    for host in LOCAL:
        for ip in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
            assert await mailbox_answers(app, mail, host, ip) == {200}, (host, ip)
    for host in OTHER_HOSTS:  # a web page may lead its own name here
        assert await mailbox_answers(app, mail, host, "127.0.0.1") == {404}, host
    for ip in ("192.168.1.7", "10.0.0.1", "2001:db8::1", "fe80::1", ""):
        assert await mailbox_answers(app, mail, "localhost:8000", ip) == {404}, ip


class TestUnderAnotherName:
    """The public URL of a developer who works behind a name."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"public_url": "http://auth.dev.example:8000"}

    async def test_the_mailbox_is_there(self, app: FastAPI, runtime: Runtime) -> None:
        await verify_link(runtime)
        mail = runtime.mailbox.list()[0].id

        for host in ("auth.dev.example:8000", "Auth.dev.example", "localhost"):
            assert await mailbox_answers(app, mail, host, "127.0.0.1") == {200}
        assert await mailbox_answers(app, mail, "dev.example", "127.0.0.1") == {404}


class TestWithMailServer:
    """Where mails are sent, nobody can read them here."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"smtp": {"url": "smtp://127.0.0.1:9"}}

    async def test_there_is_no_mailbox(self, developer: AsyncClient) -> None:
        client = developer
        home = await client.get("/")

        for path in ("", f"/{UUID(int=1)}", f"/{UUID(int=1)}/html"):
            assert (await client.get(f"/dev/mailbox{path}")).status_code == 404
        assert "mailbox" not in home.text


class TestInProduction:
    """Production: another origin, no mailbox, no favours for this machine."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {
            "environment": "production",
            "public_url": "https://auth.example.com",
            "smtp": {"url": "smtp://127.0.0.1:9", "sender": "a@example.com"},
        }

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

    async def test_home_shows_neither_docs_nor_mailbox(
        self, client: AsyncClient
    ) -> None:
        links = [tag["href"] for tag in Page((await client.get("/")).text).all("a")]

        assert links == ["/docs/errors", "/forgot-password", "/verify-email"]


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
    assert "python -m app.cli setup link" in before.text


async def test_a_link_to_set_up_that_does_not_work_says_where_the_next_one_is(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await setup_link(runtime)
    forged = await client.get("/setup", params={"token": "as_ot_AAAA"})
    done = await post(client, "/setup", PAGES["/setup"][1] | {"token": token})
    result = await client.get(done.headers["location"])
    used = await client.get("/setup", params={"token": token})

    for page in (forged, used):
        assert "python -m app.cli setup link" in page.text
        assert "set-up is finished" in page.text
    assert "/api/v1/auth/login" in result.text and "/docs" in result.text


@every_page
async def test_a_page_promises_a_click_only_where_there_is_a_button(
    client: AsyncClient, path: str
) -> None:
    for query in ("", "?token=as_ot_AAAA"):
        page = await client.get(f"{path}{query}")
        has_button = bool(Page(page.text).all("button"))
        assert has_button or "click" not in page.text
        assert has_button or "link" in page.text
    assert (await client.get(path)).status_code == 200


async def test_pages_are_not_in_the_api_document(client: AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert not {"/", "/static/pages.css", "/dev/mailbox", *PAGES} & set(
        document["paths"]
    )
