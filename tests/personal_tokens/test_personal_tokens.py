"""Personal access tokens: made, used, listed, ended."""

from datetime import timedelta
from uuid import uuid4
from zlib import crc32

import pytest
from sqlalchemy import select

from app.jobs.janitor import JanitorJob
from app.models.access.personal_token import PersonalToken
from app.models.audit_event import AuditEvent
from app.services.server.runtime import Runtime
from app.utils.personal_token import digest_of, personal_token
from tests.factories.factor import FactorFactory
from tests.factories.oauth import ApplicationFactory
from tests.personal_tokens.maker import Tokens, stored
from tests.support.api import Api, Person
from tests.support.authorization import Visit, redeem, told, trusted
from tests.support.chance import FakeClock


async def test_a_token_is_shown_once_works_and_is_listed_with_its_last_use(
    api: Api, tokens: Tokens, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    made = await tokens.make(person)
    before = (await api.get("/users/me/tokens", person)).json()["items"]

    used = await tokens.use(made["token"])
    await runtime.personal_tokens.settle()
    listed = await api.get("/users/me/tokens", person)

    assert made["token"].startswith("as_pat_") and len(made["token"]) == 55
    assert used.json()["id"] == str(person.id)
    assert (before[0]["last_used_at"], before[0]["last_used_ip"]) == (None, None)
    [item] = listed.json()["items"]
    assert (item["name"], item["scopes"]) == ("Backup", ["account:read"])
    assert item["last_used_at"][:19] == clock.now().isoformat()[:19]
    assert item["last_used_ip"] == "192.0.2.1"
    assert "token" not in item and made["token"] not in listed.text


async def test_what_is_stored_opens_nothing(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    made = await tokens.make(await api.person())

    [row] = await stored(runtime)

    assert row.digest == digest_of(made["token"])
    said = repr({c.name: getattr(row, c.name) for c in row.__table__.columns})
    assert made["token"][7:] not in said
    assert (await tokens.use(row.digest.hex())).status_code == 401


async def test_the_last_use_is_written_at_most_once_a_minute(
    api: Api, tokens: Tokens, runtime: Runtime, clock: FakeClock
) -> None:
    made, seen = await tokens.make(await api.person()), []

    for seconds in (0, 59, 2):
        clock.advance(seconds=seconds)
        await tokens.use(made["token"])
        await runtime.personal_tokens.settle()
        seen.append((await stored(runtime))[0].last_used_at)

    assert seen[0] == seen[1] == clock.now() - timedelta(seconds=61)
    assert seen[2] == clock.now()


async def test_the_owner_is_told_by_mail_and_the_trail_has_it(
    api: Api, tokens: Tokens
) -> None:
    person = await api.person()
    made = await tokens.make(person)

    [mail] = await api.mails("personal_token_created", person.email)
    await api.delete(f"/users/me/tokens/{made['id']}", person)

    assert mail["data"]["token_name"] == "Backup" and mail["not_me_id"]
    assert made["token"] not in repr(mail)
    trail = await api.trail(person.id)
    assert trail[-2:] == ["personal_token.created", "personal_token.revoked"]


async def test_the_trail_says_that_it_was_a_script(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    person = await api.person()
    made = await tokens.make(person, "account:write")

    changed = await tokens.use(made["token"], "/users/me", "PATCH", {"name": "Ann"})

    assert changed.status_code == 200
    async with runtime.database.session(read_only=True) as db:
        query = select(AuditEvent).where(AuditEvent.name == "user.updated")
        [event] = await db.scalars(query)
    assert event.data["by_personal_token"] == made["id"]


@pytest.mark.parametrize("what", ["sum", "chance", "short", "prefix", "bearer"])
async def test_a_wrong_token_is_refused_alike(
    api: Api, tokens: Tokens, what: str
) -> None:
    """RFC 6750 §3.1: invalid_token."""
    token = (await tokens.make(await api.person()))["token"]
    wrong = {
        "sum": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "chance": personal_token(b"x" * 32),
        "short": token[:-1],
        "prefix": "as_pat_",
        "bearer": token[7:],
    }[what]

    answer = await tokens.use(wrong)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_access_token")
    said = answer.headers["www-authenticate"]
    assert said.startswith('Bearer error="invalid_token"')


def test_scanners_can_tell_a_real_one_offline() -> None:
    token = personal_token(bytes(range(32)))

    assert token == ("as_pat_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K")
    assert crc32(bytes(range(32))) == 0x91267E8A


class TestThrottled:
    """Wrong tokens cost whoever sends them."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        limits = {"token_address": "3/600"}
        return {"personal_tokens": {"enabled": True}, "limits": limits}

    async def test_wrong_tokens_are_limited_and_right_ones_are_not(
        self, api: Api, tokens: Tokens
    ) -> None:
        right = (await tokens.make(await api.person()))["token"]
        wrong = [personal_token(bytes([n]) * 32) for n in range(5)]

        answers = [(await tokens.use(each)).status_code for each in wrong]

        assert answers == [401, 401, 401, 429, 429]
        assert (await tokens.use(right)).status_code == 200


# --- Making one ---


async def test_it_wants_a_recent_sign_in(
    api: Api, tokens: Tokens, clock: FakeClock
) -> None:
    person = await api.person()
    clock.advance(minutes=11)
    form = {"refresh_token": person.tokens["refresh_token"]}
    person.tokens = (await api.post("/auth/refresh", form)).json()

    refused = await api.post("/users/me/tokens", tokens.body(), person)

    assert refused.json()["code"] == "reauthentication_required"
    assert await stored(api.runtime) == []


@pytest.mark.parametrize("days", [-1, 0, 91])
async def test_it_lives_no_longer_than_the_operator_allows(
    api: Api, tokens: Tokens, days: int
) -> None:
    body = tokens.body(days=days)

    refused = await api.post("/users/me/tokens", body, await api.person())

    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("expires_at", "out_of_range")
    assert str(90 * 86_400) in error["message"]


@pytest.mark.parametrize("name", [" ", "\u3164", "\u2800", "\u200b", "\uffa0 \u200d"])
async def test_a_name_that_nobody_sees_is_none(
    api: Api, tokens: Tokens, name: str
) -> None:
    body = tokens.body() | {"name": name}

    refused = await api.post("/users/me/tokens", body, await api.person())

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "name"


async def test_nobody_gives_a_token_what_they_may_not_do(
    api: Api, tokens: Tokens
) -> None:
    body = tokens.body("account:read", "users:read")

    refused = await api.post("/users/me/tokens", body, await api.person())

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_there_are_no_more_than_the_number_and_expired_ones_do_not_count(
    api: Api, tokens: Tokens, clock: FakeClock
) -> None:
    person = await api.person()
    for days in (1, 2, 3):
        await tokens.make(person, days=days)

    refused = await api.post("/users/me/tokens", tokens.body(), person)
    clock.advance(days=1)
    again = await tokens.make(await api.signed_in(person))

    assert refused.status_code == 409
    assert refused.json()["code"] == "too_many_personal_tokens"
    assert again["token"]


async def test_neither_an_application_nor_a_token_makes_one(
    api: Api, tokens: Tokens, browser: Visit, applications: ApplicationFactory
) -> None:
    person = await api.person()
    app = await trusted(applications, scope="openid account")
    await browser.arrive(person.email)
    code = told(await browser.ask(app, scope="openid account"))["code"]
    theirs = (await redeem(api, app, code))["access_token"]
    own = (await tokens.make(person, "account:read", "account:write"))["token"]

    answers = [
        await tokens.use(each, "/users/me/tokens", "POST", tokens.body())
        for each in (theirs, own)
    ]

    assert [each.status_code for each in answers] == [403, 403]
    codes = [each.json()["code"] for each in answers]
    assert codes == ["insufficient_scope", "token_refused"]


class TestOff:
    """The default: nobody makes one, and what there was opens nothing."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    async def test_none_is_made_and_none_is_taken(
        self, api: Api, tokens: Tokens, runtime: Runtime
    ) -> None:
        person, token = await api.person(), personal_token(b"x" * 32)
        async with runtime.unit_of_work() as uow:
            now = uow.clock.now()
            row = PersonalToken(
                id=uuid4(),
                user_id=person.id,
                name="old",
                digest=digest_of(token),
                scope="account:read",
                amr=["pwd"],
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
            uow.personal_tokens.add(row)

        refused = await api.post("/users/me/tokens", tokens.body(), person)
        used = await tokens.use(token)
        listed = await api.get("/users/me/tokens", person)
        revoked = await api.delete(f"/users/me/tokens/{row.id}", person)

        assert refused.json()["code"] == "personal_tokens_off"
        assert used.status_code == 401
        assert [each["name"] for each in listed.json()["items"]] == ["old"]
        assert revoked.status_code == 204  # what there was can be cleared away


# --- What becomes of the rows ---


async def test_the_janitor_keeps_expired_ones_for_a_while(
    api: Api, tokens: Tokens, runtime: Runtime, clock: FakeClock
) -> None:
    await tokens.make(await api.person())
    kept = []

    for days in (7 + 30, 1):
        clock.advance(days=days)
        await JanitorJob(runtime).run()
        kept.append(len(await stored(runtime)))

    assert kept == [1, 0]


async def test_the_owner_is_given_a_copy_without_the_digest(
    api: Api, tokens: Tokens
) -> None:
    person = await api.person()
    await tokens.make(person)

    [copied] = (await api.get("/users/me/export", person)).json()["personal_tokens"]

    assert copied["name"] == "Backup" and copied["scope"] == "account:read"
    assert "digest" not in copied


# --- Two factors ---


async def test_a_role_that_demands_two_factors_does_not_count_in_a_token_of_one(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    """What was proven when it was made is what it proves."""
    admin = await api.admin()
    token = (await tokens.make(admin, "users:read"))["token"]
    before = await tokens.use(token, "/users")

    await api.patch("/roles/admin", {"mfa_required": True}, admin)
    after = await tokens.use(token, "/users")

    assert before.status_code == 200
    assert after.json()["code"] == "second_factor_required"


async def test_a_token_that_was_made_with_two_factors_counts_as_that(
    api: Api, tokens: Tokens, runtime: Runtime
) -> None:
    admin = await api.admin()
    factor = await FactorFactory(runtime).totp(admin.id)
    begun = (await api.login(admin.email)).json()
    body = {"mfa_token": begun["mfa_token"], "factor": "totp"}
    body["code"] = factor.code
    strong = await api.post("/auth/mfa", body)
    admin = Person(admin.id, admin.email, strong.json())

    token = (await tokens.make(admin, "users:read"))["token"]
    await api.patch("/roles/admin", {"mfa_required": True}, admin)

    assert (await tokens.use(token, "/users")).status_code == 200
