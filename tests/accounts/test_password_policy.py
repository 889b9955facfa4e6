"""What nobody may choose as a password, at every place where one is chosen."""

import re
from dataclasses import replace

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.core.passwords import check_password
from app.services.accounts.errors import UnacceptablePassword
from app.services.accounts.password import PasswordService
from app.services.server.setup import SetupService
from app.services.server.startup import StartRefused, start
from app.setting_groups import AdminSettings
from tests.http.test_api_document import document
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import EMAIL, PAGES, post

CONTEXT = ["ann.other@shop.example", "Ann Other", "auth serve", "@auth.corp.example"]
SIMPLE = ["aaaaaaaa", "        ", "abcdefghi", "zyxwvuts", "abcabcab", "a1b2a1b2a1b2"]
SIMPLE += [
    "xxxxyyyy",
    "rtzuiop\u00fc",
    "\u0439\u0446\u0443\u043a\u0435\u043d\u0433\u0448",
]
SIMPLE += [
    "\uff21" * 8,
    "plan plan plan plan",
    "3456789012",
    ".-.-.-.-",
    "2wsx3edc4rfv",
]
COMMON = ["Password1!", "P@ssw0rd", "drowssap", "sunshine", "dragon123", "12341234"]
COMMON += ["\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", "pass-word", "1qaz2wsx"]
OWN = [
    "ann.other",
    "AnnOther1990",
    "rehto.nna",
    "other-ann!",
    "@nn.0ther",
    "shop.example",
]
OWN += ["authserve1", "corp2024", "ann@shop", "Ann Other 12", "ann.other@shop.example"]
GOOD = ["correct horse battery staple", "kX9#mQ2v", "annotated lines", "tr0ub4dor&3x"]
GOOD += ["\u0448\u0430\u043f\u043a\u0430 \u043d\u0430 \u043c\u0435\u0441\u0442\u0435"]
GOOD += ["abcd and 1234 and more", "otherwise fine", "a shop on the corner"]


@pytest.mark.parametrize(
    ("problem", "password"),
    [("too_simple", each) for each in SIMPLE]
    + [("too_common", each) for each in COMMON]
    + [("contains_context", each) for each in OWN],
)
def test_what_is_guessed_first_is_refused(problem: str, password: str) -> None:
    assert check_password(password, context=CONTEXT) == problem


@pytest.mark.parametrize("password", GOOD)
def test_what_only_looks_a_little_like_it_is_accepted(password: str) -> None:
    assert check_password(password, context=CONTEXT) is None


_HINT = re.compile(r"question|answer|riddle|hint\b|_hint")  # WebAuthn has "hints"
WEAK = ["aaaaaaaa", "localhost", "ada.lovelace1"]
ADA = "ada.lovelace@example.com"


@pytest.mark.parametrize("password", WEAK)
async def test_every_request_that_sets_a_password_refuses_it(
    api: Api, password: str
) -> None:
    admin = await api.admin()
    ada = await api.person(email=ADA, name="Ada")
    await api.post("/auth/forgot-password", {"email": ADA})
    reset = (await api.mailed("reset_password")).token
    invited = {"email": "grace@example.com", "name": "Lovelace, Ada"}
    await api.post("/users", invited, admin)
    invitation = (await api.mailed("invitation")).token
    password_of = {"password": password}
    new = {"new_password": password}
    bodies = [
        ("/auth/register", {"email": ADA.replace("@", "@b."), **password_of}, None),
        ("/auth/reset-password", {"token": reset, **new}, None),
        (
            "/auth/change-password",
            {"current_password": "correct horse battery staple", **new},
            ada,
        ),
        ("/users", {"email": ADA.replace("@", "@c."), **password_of}, admin),
        (
            "/auth/register",
            {"email": invited["email"], "invitation": invitation, **password_of},
            None,
        ),
    ]
    for path, body, person in bodies:
        answer = await api.post(path, body, person)

        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["code"].startswith("password_"), path


async def test_a_password_counts_as_it_was_typed(api: Api) -> None:
    password = " Correct  Horse Battery "
    body = {"email": ADA.replace("@", "@d."), "password": password}
    made = await api.post("/auth/register", body)
    others = [password.strip(), password.lower(), password.replace("  ", " ")]

    refused = [await api.login(body["email"], each) for each in others]

    assert made.status_code == 201
    assert [each.status_code for each in refused] == [401] * len(others)
    assert (await api.login(body["email"], password)).status_code == 200


def test_nothing_takes_a_hint_or_an_answer_to_a_question() -> None:
    fields = {
        name
        for schema in document()["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }

    assert "current_password" in fields
    assert [each for each in fields if _HINT.search(each)] == []


async def test_a_password_does_not_age(api: Api, clock: FakeClock) -> None:
    person = await api.person()

    clock.advance(days=10 * 365)
    answer = await api.login(person.email)
    person.tokens = answer.json()

    assert answer.status_code == 200
    assert (await api.get("/users/me", person)).status_code == 200


async def test_the_first_administrator_is_no_exception(api: Api) -> None:
    runtime = api.runtime
    async with runtime.unit_of_work() as uow:
        service = SetupService(uow, runtime, PasswordService(runtime))
        link = await service.link()
    assert link is not None
    async with runtime.unit_of_work() as uow:
        service = SetupService(uow, runtime, PasswordService(runtime))
        with pytest.raises(UnacceptablePassword):
            await service.complete(link.partition("=")[2], ADA, "ada.lovelace1")


@pytest.mark.parametrize("path", ["/setup", "/reset-password", "/accept-invitation"])
async def test_pages_refuse_it_too_and_say_why(api: Api, path: str) -> None:
    link, fields, _ = PAGES[path]
    token = await link(api.runtime)
    weak = EMAIL.partition("@")[0] + "-example"

    answer = await post(
        api.client, path, fields | {"token": token, "password": weak.ljust(8, "1")}
    )

    assert answer.status_code == 422
    assert "your name, address or our name" in answer.text


@pytest.mark.parametrize("password", WEAK)
async def test_the_sign_up_page_refuses_it_and_makes_nobody(
    api: Api, app: FastAPI, password: str
) -> None:
    visitor = Visitor(app)

    refused = await visitor.submit("/signup", {"email": ADA, "password": password})

    assert refused.status_code == 422
    assert await visitor.who() == ""
    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert await uow.users.by_email(ADA) is None


@pytest.mark.parametrize("password", WEAK)
async def test_a_weak_password_in_the_settings_refuses_the_start(
    api: Api, password: str
) -> None:
    admin = AdminSettings(email=ADA, password=SecretStr(password))
    settings = api.runtime.settings.model_copy(update={"admin": admin})

    with pytest.raises(StartRefused, match="AUTH_SERVE_ADMIN__PASSWORD") as refused:
        await start(replace(api.runtime, settings=settings))

    assert password not in str(refused.value)
    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert await uow.users.by_email(ADA) is None


class TestOfFifteen:
    """NIST SP 800-63B-4 section 3.1.1.2: where it is the only factor."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"password": {"min_length": 15}}

    async def test_a_password_is_as_long_as_the_operator_wants(self, api: Api) -> None:
        enough = "kX9#mQ2vLw7%tZ4"
        short = enough[:-1]
        body = {"email": "new@example.com"}

        refused = await api.post("/auth/register", body | {"password": short})
        made = await api.post("/auth/register", body | {"password": enough})

        assert refused.json()["errors"][0]["code"] == "password_too_short"
        assert made.status_code == 201
