"""Programs that ask for a mail name the application that its link leads back to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.jobs.mail import MailJob
from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.oauth import Application, ApplicationFactory
from tests.pages.test_way_back import links
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor

EMAIL = "ada@example.com"
CHOSEN = "an entirely other passphrase"
LOGIN = "https://app.example.com/login"
START = f"{LOGIN}?iss=http%3A%2F%2Flocalhost%3A8000"
NAMED = "Shop (app.example.com)"


@dataclass(frozen=True)
class Entry:
    """A way to have a mail sent, and where its link ends.

    Attributes:
        method: Of the request.
        path: Below ``/api/v1``; ``{id}`` is the account.
        body: What is sent besides the client.
        account: The account that is there before; None: there is none.
        template: The mail.
        ends: The page that its link opens.
        by: Who asks.
    """

    method: str
    path: str
    body: dict[str, Any]
    account: dict[str, Any] | None
    template: str
    ends: str
    by: str = "nobody"


TYPED = {"email": EMAIL}
SIGN_UP = TYPED | {"password": PASSWORD}
ENTRIES = {
    "register": Entry(
        "post", "/auth/register", SIGN_UP, None, "verify_email", "/verify-email"
    ),
    "resend": Entry(
        "post",
        "/auth/resend-verification",
        TYPED,
        {"email_verified": False},
        "verify_email",
        "/verify-email",
    ),
    "forgot": Entry(
        "post",
        "/auth/forgot-password",
        TYPED,
        {},
        "reset_password",
        "/reset-password",
    ),
    "register-again": Entry(
        "post",
        "/auth/register",
        SIGN_UP,
        {"email_verified": False},
        "reset_password",
        "/reset-password",
    ),
    "invite": Entry(
        "post", "/users", TYPED, None, "invitation", "/accept-invitation", "admin"
    ),
    "create": Entry(
        "post", "/users", SIGN_UP, None, "verify_email", "/verify-email", "admin"
    ),
    "reset": Entry(
        "post",
        "/users/{id}/password-reset",
        {},
        {},
        "reset_password",
        "/reset-password",
        "admin",
    ),
    "address": Entry(
        "patch",
        "/users/{id}",
        {"email": "ada@example.org"},
        {},
        "verify_email",
        "/verify-email",
        "admin",
    ),
    "move": Entry(
        "post",
        "/users/me/email",
        {"email": "ada@example.org"},
        {},
        "change_email",
        "/confirm-email",
        "owner",
    ),
}
every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
Ask = Callable[[Entry, dict[str, Any]], Any]


@pytest.fixture
def options() -> dict[str, object]:
    return {"registration": "verified"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: what is stored is read as it was written."""
    return sqlite_url


@pytest.fixture
async def shop(runtime: Runtime) -> Application:
    return await ApplicationFactory(runtime)(initiate_login_uri=LOGIN)


@pytest.fixture
def ask(api: Api) -> Ask:
    """Send the request of an entry, as whoever may."""

    async def send(entry: Entry, more: dict[str, Any]) -> Response:
        person, path = None, entry.path
        if entry.account is not None:
            known = await api.users.with_password(
                PASSWORD, email=EMAIL, **entry.account
            )
            person = Person(known.id, EMAIL)
            path = path.format(id=known.id)
        headers = {}
        if entry.by == "owner" and person is not None:
            headers = (await api.signed_in(person)).headers
        elif entry.by == "admin":
            headers = (await api.admin()).headers
        return await api.client.request(
            entry.method, f"/api/v1{path}", json=entry.body | more, headers=headers
        )

    return send


@every_entry
async def test_the_link_ends_at_the_application_that_was_named(
    api: Api, app: FastAPI, shop: Application, ask: Ask, entry: Entry
) -> None:
    asked = await ask(entry, {"client_id": shop.client_id})
    mail, browser = await api.mailed(entry.template), Visitor(app)
    form = {"token": mail.token}
    if entry.ends in ("/reset-password", "/accept-invitation"):
        form["password"] = CHOSEN

    done = await browser.post(entry.ends, form)
    page = await browser.get(done.headers["location"])

    assert asked.status_code in (200, 201, 202), asked.text
    assert links(page) == {START: f"Go to {NAMED}", "/signin": "Sign in"}
    assert "client_id" not in asked.text


@every_entry
async def test_an_unknown_application_is_refused_and_nothing_is_done(
    api: Api, ask: Ask, entry: Entry
) -> None:
    refused = await ask(entry, {"client_id": "client-of-nobody"})

    assert refused.status_code == 422, refused.text
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [
        ("client_id", "unknown_client")
    ]
    assert await api.mails() == []
    assert (await api.login(EMAIL)).status_code == (
        200 if entry.account == {} else 401 if entry.account is None else 403
    )


async def test_names_are_guessed_no_more_often_than_at_the_authorization_endpoint(
    api: Api, runtime: Runtime, shop: Application
) -> None:
    """All entries count together; a name that is known costs nothing."""
    paths = ["/auth/forgot-password", "/auth/resend-verification", "/auth/register"]
    tries = runtime.limits.authorize_address.burst

    async def status(path: str, client_id: str) -> int:
        body = SIGN_UP if path.endswith("register") else TYPED
        return (await api.post(path, body | {"client_id": client_id})).status_code

    known = [await status(paths[0], shop.client_id) for _ in range(3)]
    guessed = [await status(paths[n % 3], f"client-{n}") for n in range(tries)]
    beyond = [await status(path, "client-x") for path in paths]
    asked = {"client_id": "client-x", "response_type": "code"}
    elsewhere = await api.client.get("/oauth2/authorize", params=asked)

    assert known == [202] * 3
    assert set(guessed) == {422}
    assert beyond == [429] * 3
    assert elsewhere.status_code == 429


@pytest.mark.parametrize("named", ["", "x" * 256, "a\0b", 7])
async def test_what_can_name_no_application_is_refused(api: Api, named: object) -> None:
    body = TYPED | {"client_id": named}

    answer = await api.post("/auth/forgot-password", body)

    assert answer.status_code in (400, 422)
    assert await api.mails() == []


async def test_a_disabled_application_is_as_good_as_none(
    api: Api, runtime: Runtime
) -> None:
    off = await ApplicationFactory(runtime)(columns={"status": "disabled"})

    answer = await api.post(
        "/auth/forgot-password", TYPED | {"client_id": off.client_id}
    )

    assert answer.status_code == 422


async def test_the_answer_does_not_tell_whether_the_address_has_an_account(
    api: Api, shop: Application
) -> None:
    """The application is judged first, for everybody alike."""
    await api.users.with_password(PASSWORD, email=EMAIL)
    for path in ("/auth/forgot-password", "/auth/resend-verification"):
        for client_id in (shop.client_id, "nobody"):
            known, unknown = [
                await api.post(path, {"email": email, "client_id": client_id})
                for email in (EMAIL, "eve@example.com")
            ]

            told = [{**a.json(), "correlation_id": ""} for a in (known, unknown)]
            assert known.status_code == unknown.status_code
            assert told[0] == told[1]


async def test_signing_in_by_code_names_no_application(
    api: Api, shop: Application
) -> None:
    """Its mail has no link: who asked for the code gets the tokens."""
    body = TYPED | {"client_id": shop.client_id}

    assert (await api.post("/auth/email-code", body)).status_code == 422


@pytest.mark.parametrize("path", ["/auth/register", "/users/me/email"])
@pytest.mark.parametrize(
    ("columns", "expected"),
    [({}, START), ({"is_self_registered": True}, "http://localhost:8000/signin")],
    ids=["vouched", "unvouched"],
)
async def test_who_has_an_account_already_is_led_to_the_application(
    api: Api, runtime: Runtime, path: str, columns: dict[str, Any], expected: str
) -> None:
    """A stranger's application gets no link into a mail of ours (ADR-0014)."""
    make = ApplicationFactory(runtime)
    shop = await make(columns=columns, initiate_login_uri=LOGIN)
    await api.users.with_password(PASSWORD, email=EMAIL)
    asked = SIGN_UP if path == "/auth/register" else TYPED

    answer = await api.post(
        path, asked | {"client_id": shop.client_id}, await api.person()
    )
    await MailJob(runtime).run()

    [mail] = [m for m in runtime.mailbox.list() if m.to == EMAIL]
    assert answer.status_code == 202
    for text in (mail.text, mail.html):
        assert expected in text
        assert (LOGIN in text) == (expected == START)
        assert ("/signin" in text) == (expected != START)


async def test_the_command_line_names_an_application_too(
    api: Api,
    app: FastAPI,
    shop: Application,
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    refused = run("user", "create", "eve@example.com", "--client", "nobody")
    made = run("user", "create", EMAIL, "--client", shop.client_id)
    invitation = (await api.mailed("invitation")).token
    kept = run("user", "reset", EMAIL, "--client", "nobody")
    reset = run("user", "reset", EMAIL, "--client", shop.client_id)
    renewed = (await api.mailed("reset_password")).token

    assert (refused.exit_code, kept.exit_code) == (1, 1)
    assert "there is no such application" in refused.stderr
    assert (made.exit_code, reset.exit_code) == (0, 0), made.output + reset.output
    assert invitation != renewed
    browser = Visitor(app)
    done = await browser.post("/reset-password", {"token": renewed, "password": CHOSEN})
    assert START in links(await browser.get(done.headers["location"]))
