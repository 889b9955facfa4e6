"""One key for one mailbox: what is an account's address, and what is another's."""

import unicodedata
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.janitor import JanitorJob
from app.models import OAuthConsent, User
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from app.services.server.setup import SetupService
from app.typed_text import canonical_email, is_special_use, read_email, wire_address
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock
from tests.support.page import BROWSER

OTHER = "another good passphrase"
SAME = [
    ("ann@example.com", "ANN@EXAMPLE.COM"),
    ("ann@example.com", "\u200bann@example.com\u200b"),
    ("ann@example.com", "\ufeff\u00a0ann@example.com\u3000\u2060\u00ad"),
    ("ann@example.com", "\u202aann@example.com\u202c"),
    ("ann@example.com", "ann\uff20example.com"),
    ("ann@example.com", "ann@ｅｘａｍｐｌｅ．ｃｏｍ"),
    ("ann@example.com", "ann@example。com"),
    ("ann@example.com", "ann@example.com."),
    ("ann@example.com", "ann@exam\u00adple.com"),
    ("x@faß.example", "x@xn--fa-hia.example"),
    ("x@faß.example", "x@XN--FA-HIA.Example"),
    ("x@faß.example", "x@FAẞ.example"),
    ("é@example.com", "E\u0301@example.com"),
    ("σ@example.com", "Σ@example.com"),
    ("\uab70@example.com", "\u13a0@example.com"),  # Cherokee
    ("ann@نامه\u200cای.example", "ann@xn--mgba3gch31f060k.example"),
]
APART = [
    ("victim@example.com", "ｖictim@example.com"),
    ("x@fass.example", "x@faß.example"),
    ("x@βόλος.example", "x@βόλοσ.example"),
    ("straße@example.com", "strasse@example.com"),
    ("ς@example.com", "σ@example.com"),
    ("sam@example.com", "\u017fam@example.com"),
    ("kate@example.com", "\u212aate@example.com"),
    ("iris@example.com", "\u0131ris@example.com"),
    ("iris@example.com", "\u0130ris@example.com"),
    ("file@example.com", "ﬁle@example.com"),
    ("ann@example.com", "an\u200bn@example.com"),
    ("ann@example.com", "ann@ex\u200dample.com"),
    ("ann@example.com", "ann@example.com.."),
    ("x@a.example", "x@xn--a.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_mailbox_have_one_key(one: str, other: str) -> None:
    assert canonical_email(one) == canonical_email(other)
    assert canonical_email(read_email(other)) == canonical_email(one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_may_be_another_mailbox_has_another_key(one: str, other: str) -> None:
    assert canonical_email(one) != canonical_email(other)


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(max_size=20), st.text(max_size=12))
def test_reading_an_address_never_makes_another_account_of_it(
    local: str, domain: str
) -> None:
    typed = f"{local}@{domain}.example"
    try:
        read = read_email(typed)
    except ValueError:
        return

    assert canonical_email(read) == canonical_email(typed)
    assert read_email(read) == read
    assert unicodedata.is_normalized("NFC", read)
    assert wire_address(read).rpartition("@")[2].isascii()


@pytest.mark.parametrize(
    "typed",
    ["ｖictim@example.com", "\u212aate@example.com", "\u017fam@example.com", "ﬁ@a.de"],
)
async def test_letters_in_another_dress_are_refused_with_what_to_type(
    api: Api, typed: str
) -> None:
    answer = await api.post("/auth/register", {"email": typed, "password": PASSWORD})

    assert answer.status_code == 422
    assert "instead of" in answer.json()["errors"][0]["message"]


INTERNAL = [
    "ann@corp.local",
    "ann@x.internal",
    "ann@nas.lan",
    "ann@x.test",
    "ann@nas.home.arpa",
    "user@localhost",
    "ann@intranet",
    "ann@x.invalid",
    "ann@abc.onion",
]


class TestNamesInsideOfANetwork:
    """Special-use domains: the mail server's matter, unless the operator forbids."""

    @pytest.fixture(params=[True, False], ids=["accepted", "forbidden"])
    def options(self, request: pytest.FixtureRequest) -> dict[str, object]:
        return {"email": {"special_use_domains": request.param}}

    async def test_they_are_accepted_or_refused_at_every_entry(self, api: Api) -> None:
        admin = await api.admin()
        accepted = api.runtime.settings.email.special_use_domains
        body = {"password": PASSWORD}

        for number, email in enumerate(INTERNAL):
            moved = await api.users(email=f"m{number}@example.com")
            answers = [
                await api.post("/auth/register", body | {"email": email}),
                await api.post("/users/me/email", {"email": f"1{email}"}, admin),
                await api.post("/users", {"email": f"2{email}"}, admin),
                await api.patch(f"/users/{moved.id}", {"email": f"3{email}"}, admin),
            ]
            codes = [answer.status_code for answer in answers]
            assert codes == ([201, 202, 201, 200] if accepted else [422] * 4), email
            if not accepted:
                problems = [answer.json()["errors"][0] for answer in answers]
                assert {each["code"] for each in problems} == {"special_use_domain"}
        ordinary = await api.post("/auth/register", body | {"email": "a@example.com"})
        assert ordinary.status_code == 201


def test_what_is_special_is_so_in_every_spelling() -> None:
    assert is_special_use("a@Corp.LOCAL.") and is_special_use("a@ｌocalhost")
    assert not is_special_use("a@local.example.com")


async def user_of(runtime: Runtime, canonical: str) -> User | None:
    async with runtime.unit_of_work(read_only=True) as uow:
        return await uow.users.by_email(canonical)


class TestVerified:
    """Production's mode: nobody signs in before the address is proven."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"registration": "verified"}

    async def register(self, api: Api, email: str, **more: Any) -> None:
        body = {"email": email, "password": OTHER} | more
        answer = await api.post("/auth/register", body)
        assert answer.status_code == 202, answer.text

    async def test_a_twin_squats_nothing(self, api: Api) -> None:
        await self.register(api, "x@fass.example")
        await self.register(api, "x@faß.example")
        mails = [(m["template"], m["to"]) for m in await api.mails()]

        assert mails == [
            ("verify_email", "x@fass.example"),
            ("verify_email", "x@faß.example"),
        ]

    @pytest.mark.parametrize("way", ["register", "reset", "code", "resend"])
    async def test_mail_goes_to_what_was_typed_until_one_is_proven(
        self, api: Api, way: str
    ) -> None:
        await self.register(api, "Victim@example.com", name="Squatter")
        typed = "\u200bvictim@Example.com "
        if way == "register":
            await self.register(api, typed)
            template, proof = "reset_password", "/auth/reset-password"
        elif way == "reset":
            await api.post("/auth/forgot-password", {"email": typed})
            template, proof = "reset_password", "/auth/reset-password"
        elif way == "code":
            await api.post("/auth/email-code", {"email": typed})
            template, proof = "email_code", "/auth/email-code/verify"
        else:
            await api.post("/auth/resend-verification", {"email": typed})
            template, proof = "verify_email", "/auth/verify-email"
        mail = await api.mailed(template)
        assert mail.to == "victim@example.com"

        body: dict[str, Any] = {"token": mail.token}
        if way == "code":
            body = {"email": typed, "code": f" {mail.code[:3]}-{mail.code[3:]}"}
        if template == "reset_password":
            body["new_password"] = PASSWORD
        assert (await api.post(proof, body)).status_code in (200, 204)

        found = await user_of(api.runtime, "victim@example.com")
        assert found and found.email == "victim@example.com" and found.email_verified
        if way != "resend":  # that click says: I made this account
            assert found.name is None
            assert (await api.login("victim@example.com", OTHER)).status_code == 401
        await api.post("/auth/forgot-password", {"email": "VICTIM@example.com"})
        assert (await api.mailed("reset_password")).to == "victim@example.com"

    async def test_what_nobody_proves_ends_and_what_somebody_uses_does_not(
        self, api: Api, clock: FakeClock
    ) -> None:
        await self.register(api, "squat@example.com")
        await self.register(api, "proven@example.com")
        mail = await api.mailed("verify_email")
        await api.post("/auth/verify-email", {"token": mail.token})
        invited = await api.users(email="made@example.com", email_verified=False)
        squatter = await user_of(api.runtime, "squat@example.com")
        assert squatter
        janitor = JanitorJob(api.runtime)

        clock.advance(days=29)
        await janitor.run()
        kept = await user_of(api.runtime, "squat@example.com")
        clock.advance(days=2)
        await janitor.run()

        assert kept is not None
        assert await user_of(api.runtime, "squat@example.com") is None
        assert await user_of(api.runtime, "proven@example.com")
        assert await user_of(api.runtime, invited.email_canonical)
        assert await api.trail(squatter.id) == [
            "user.registered",
            "email.verification_requested",
            "user.expired",
        ]

    async def test_invitation_and_set_up_get_an_account_of_their_own(
        self, api: Api
    ) -> None:
        for name in ("invited", "boss"):
            await self.register(api, f"{name.upper()}@example.com", name="Squatter")
        squatters = [
            await user_of(api.runtime, f"{name}@example.com")
            for name in ("invited", "boss")
        ]
        async with api.runtime.unit_of_work() as uow:
            service = SetupService(uow, api.runtime, PasswordService(api.runtime))
            link = await service.link()
        assert link
        token = link.partition("token=")[2]
        form = {"token": token, "email": "boss@example.com", "password": PASSWORD}
        done = await api.client.post("/setup", data=form, headers=BROWSER)
        boss = await user_of(api.runtime, "boss@example.com")
        assert done.status_code == 303 and boss
        admin = await api.admin()

        answer = await api.post("/users", {"email": "invited@example.com"}, admin)
        invited = await user_of(api.runtime, "invited@example.com")

        assert (boss.email, boss.name) == ("boss@example.com", None)
        assert (await api.login("boss@example.com", OTHER)).status_code == 401
        assert (await api.login("boss@example.com")).status_code == 200
        assert answer.status_code == 201 and invited
        assert invited.id != (squatters[0] and squatters[0].id)
        assert (invited.name, invited.password_hash) == (None, None)
        assert (await api.mailed("invitation")).to == "invited@example.com"

    async def test_a_change_of_address_takes_it_from_who_never_proved_it(
        self, api: Api
    ) -> None:
        await self.register(api, "new@example.com")
        squatter = await user_of(api.runtime, "new@example.com")
        person = await api.person()
        waiting = await api.post(
            "/users/me/email", {"email": "New@example.com"}, person
        )
        mail = await api.mailed("change_email")
        body = {"token": f"\u200b{mail.token}\n"}
        moved = await api.post("/users/me/email/confirm", body, person)

        found = await user_of(api.runtime, "new@example.com")
        assert (waiting.status_code, moved.status_code) == (202, 204)
        assert mail.to == "New@example.com"
        assert found and (found.id, found.email) == (person.id, "New@example.com")
        assert squatter and "user.displaced" in await api.trail(squatter.id)
        assert (await api.login("new@example.com", OTHER)).status_code == 401


async def test_set_up_leaves_a_twin_alone(api: Api) -> None:
    twin = await api.users.with_password(OTHER, email="x@fass.example")
    async with api.runtime.unit_of_work() as uow:
        service = SetupService(uow, api.runtime, PasswordService(api.runtime))
        link = await service.link()
    assert link
    form = {
        "token": link.partition("token=")[2],
        "email": "x@faß.example",
        "password": PASSWORD,
    }

    done = await api.client.post("/setup", data=form, headers=BROWSER)

    boss = await user_of(api.runtime, "x@xn--fa-hia.example")
    assert done.status_code == 303
    assert boss and boss.id != twin.id and boss.email == "x@faß.example"
    assert (await api.login("x@fass.example", OTHER)).status_code == 200
    assert (await api.login("x@fass.example")).status_code == 401


async def test_nothing_of_the_maker_is_left_where_accounts_work_at_once(
    api: Api, runtime: Runtime, applications: Any
) -> None:
    body = {"email": "v@example.com", "password": OTHER, "name": "Squatter"}
    made = (await api.post("/auth/register", body)).json()
    session = (await api.login("v@example.com", OTHER)).json()
    application = await applications()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    await api.client.put(
        "/api/v1/users/me/claims", json={"nickname": "Sq"}, headers=bearer
    )
    async with runtime.unit_of_work() as uow:
        now = runtime.clock.now()
        uow.db.add(
            OAuthConsent(
                id=runtime.randomness.uuid7(),
                user_id=UUID(made["id"]),
                client_id=application.client_id,
                scope="openid",
                claims="",
                created_at=now,
                updated_at=now,
            )
        )

    await api.post("/auth/forgot-password", {"email": "v@example.com"})
    mail = await api.mailed("reset_password")
    reset = {"token": mail.token, "new_password": PASSWORD}
    assert (await api.post("/auth/reset-password", reset)).status_code == 204

    refresh = {"refresh_token": session["refresh_token"]}
    assert (await api.post("/auth/refresh", refresh)).status_code == 401
    me = await api.signed_in(await _person(api, "v@example.com"))
    export = (await api.get("/users/me/export", me)).json()
    assert export["user"]["name"] is None and export["user"]["claims"] == {}
    assert export["oauth_consents"] == []


async def _person(api: Api, email: str) -> Any:
    user = await user_of(api.runtime, email)
    assert user
    return Person(user.id, email)


@pytest.mark.parametrize(
    "spelling", ["VICTIM@example.com", "\u200bvictim@example.com."]
)
async def test_spellings_give_no_more_tries(api: Api, spelling: str) -> None:
    await api.users.with_password(PASSWORD, email="victim@example.com")

    for _ in range(10):
        await api.login("victim@example.com", "wrong")
    answer = await api.login(spelling, "wrong")

    assert answer.status_code == 429


async def test_a_twin_spends_nobody_else_s_tries(api: Api) -> None:
    await api.users.with_password(PASSWORD, email="x@fass.example")

    for _ in range(10):
        await api.login("x@faß.example", "wrong")

    assert (await api.login("x@faß.example", "wrong")).status_code == 429
    assert (await api.login("x@fass.example")).status_code == 200
