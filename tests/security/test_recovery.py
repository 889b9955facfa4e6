"""The way back in: strangers can neither block it, nor learn from it, nor take it."""

from typing import Any

import pytest
from sqlalchemy import select

from app.events.base import NOBODY
from app.jobs.mail import MailJob
from app.models import AuditEvent, OneTimeToken, OutboxMessage, User
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime
from tests.security.test_throttling import from_address
from tests.support.api import PASSWORD, Api

ASK = {
    "reset_password": "/auth/forgot-password",
    "email_code": "/auth/email-code",
    "verify_email": "/auth/resend-verification",
}
VICTIM = "victim@example.com"


async def rows(runtime: Runtime, table: Any) -> list[Any]:
    """Return all rows of a table, from a connection of its own."""
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(table)))


@pytest.mark.parametrize("kind", ASK)
async def test_t178_a_stranger_cannot_use_up_the_owners_mails(
    api: Api, kind: str
) -> None:
    person = await api.person(email=VICTIM)
    async with api.runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        user.email_verified = kind != "verify_email"
    async with from_address(api, "203.0.113.9") as stranger:
        for _ in range(8):
            await stranger.post(f"/api/v1{ASK[kind]}", json={"email": VICTIM})
    before = len(await api.mails())

    await api.post(ASK[kind], {"email": VICTIM})

    assert before == 5
    assert len(await api.mails()) == before + 1


async def test_t178_mails_of_one_kind_do_not_use_up_those_of_another(api: Api) -> None:
    await api.users(email=VICTIM)
    for _ in range(8):
        await api.post(ASK["verify_email"], {"email": VICTIM})
        await api.post(ASK["email_code"], {"email": VICTIM})

    await api.post(ASK["reset_password"], {"email": VICTIM})

    assert (await api.mails())[-1]["template"] == "reset_password"


@pytest.mark.parametrize("path", ASK.values())
async def test_nobody_learns_how_often_an_address_was_asked_for(
    api: Api, path: str
) -> None:
    for _ in range(8):
        answer = await api.post(path, {"email": VICTIM})

        assert answer.status_code == 202
        assert "mail_recipient" not in answer.headers["ratelimit"]


async def test_t178_wrong_codes_from_elsewhere_do_not_lock_the_owner_out(
    api: Api,
) -> None:
    await api.person(email=VICTIM)
    await api.post(ASK["email_code"], {"email": VICTIM})
    async with from_address(api, "203.0.113.9") as stranger:
        for number in range(12):
            body = {"email": VICTIM, "code": f"{number:08d}"}
            last = await stranger.post("/api/v1/auth/email-code/verify", json=body)
    await api.post(ASK["email_code"], {"email": VICTIM})
    body = {"email": VICTIM, "code": (await api.mailed("email_code")).code}

    answer = await api.post("/auth/email-code/verify", body)

    assert last.status_code == 429
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ASK)
async def test_t086_the_same_is_written_for_unknown_addresses(
    api: Api, runtime: Runtime, kind: str
) -> None:
    await api.users(email=VICTIM, email_verified=kind != "verify_email")
    written = []
    for email in (VICTIM, "nobody@example.com"):
        before = [len(await rows(runtime, table)) for table in _WRITTEN]
        await api.post(ASK[kind], {"email": email})
        after = [len(await rows(runtime, table)) for table in _WRITTEN]
        written.append([new - old for old, new in zip(before, after, strict=True)])

    assert written == [[1, 1, 1], [1, 1, 1]]
    assert len(await api.mails()) == 1


_WRITTEN = (OneTimeToken, OutboxMessage, AuditEvent)


async def test_what_is_written_for_nobody_is_mailed_to_nobody(
    api: Api, runtime: Runtime
) -> None:
    await api.post(ASK["reset_password"], {"email": "nobody@example.com"})

    await MailJob(runtime).run()

    [message] = await rows(runtime, OutboxMessage)
    assert message.payload["to"] == NOBODY
    assert message.delivered_at is not None and message.failed_at is None
    assert not runtime.mailbox.list()


@pytest.mark.parametrize("kind", ["reset_password", "email_code"])
async def test_the_code_of_nobody_opens_nothing(
    api: Api, runtime: Runtime, kind: str
) -> None:
    await api.post(ASK[kind], {"email": "nobody@example.com"})
    tokens = await rows(runtime, OneTimeToken)
    [token] = [token for token in tokens if token.purpose == kind]
    code = runtime.secret_key.one_time_code(token.purpose, token.id)
    link = runtime.secret_key.one_time_token(token.purpose, token.id)
    body = {"email": "nobody@example.com", "code": code}
    if kind == "email_code":
        answers = [await api.post("/auth/email-code/verify", body)]
    else:
        chosen = {"new_password": PASSWORD}
        answers = [
            await api.post("/auth/reset-password", body | chosen),
            await api.post("/auth/reset-password", {"token": link} | chosen),
        ]

    assert {answer.status_code for answer in answers} == {400}
    assert await rows(runtime, User) == []


async def test_t089_asking_for_a_taken_address_looks_the_same_in_ones_own_trail(
    api: Api,
) -> None:
    await api.users(email="taken@example.com")
    ann, ben = await api.person(), await api.person()

    await api.post("/users/me/email", {"email": "taken@example.com"}, ann)
    await api.post("/users/me/email", {"email": "free@example.com"}, ben)

    seen = []
    for person in (ann, ben):
        export = (await api.get("/users/me/export", person)).json()
        seen.append(
            (
                [event["name"] for event in export["activity"]],
                [token["purpose"] for token in export["one_time_tokens"]],
            )
        )
    assert seen[0] == seen[1]
    assert [mail["to"] for mail in await api.mails()] == [
        "taken@example.com",
        "free@example.com",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users/me/email", {"email": "attacker@example.com"}),
        ("DELETE", "/users/me", None),
        (
            "POST",
            "/auth/change-password",
            {"current_password": PASSWORD, "new_password": "the attacker's own"},
        ),
    ],
)
async def test_t118_what_waited_while_the_session_ended_changes_nothing(
    api: Api,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: Any,
) -> None:
    """The session ends after the caller was recognised, before anything is written."""
    ann = await api.person()
    recognise = type(runtime.statements).caller

    async def recognised_and_ended(self: Any, *ids: Any, **named: Any) -> Any:
        row = await recognise(self, *ids, **named)
        async with runtime.unit_of_work() as uow:
            now = runtime.clock.now()
            await uow.sessions.revoke_all(ann.id, at=now, reason="password_reset")
        return row

    monkeypatch.setattr(type(runtime.statements), "caller", recognised_and_ended)
    answer = await api.client.request(
        method, f"/api/v1{path}", json=body, headers=ann.headers
    )

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_access_token"
    assert await api.mails() == []
    [user] = await rows(runtime, User)
    assert user.password_hash is not None
    assert (await api.login(ann.email)).status_code == 200


@pytest.mark.parametrize(
    ("purpose", "ask", "path", "extra", "event"),
    [
        (
            "email_code",
            ASK["email_code"],
            "/auth/email-code/verify",
            {},
            "sign_in.failed",
        ),
        (
            "reset_password",
            ASK["reset_password"],
            "/auth/reset-password",
            {"new_password": PASSWORD},
            "one_time_code.refused",
        ),
        (
            "verify_email",
            ASK["verify_email"],
            "/auth/verify-email",
            {},
            "one_time_code.refused",
        ),
    ],
)
async def test_a_wrong_code_is_in_the_trail(
    api: Api, purpose: str, ask: str, path: str, extra: dict[str, str], event: str
) -> None:
    user = await api.users(email=VICTIM, email_verified=purpose != "verify_email")
    await api.post(ask, {"email": VICTIM})

    await api.post(path, {"email": VICTIM, "code": "00000000"} | extra)

    assert (await api.trail(user.id))[-1] == event


async def test_a_junk_setup_link_is_refused_before_anything_is_hashed(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashed(*_: Any) -> None:
        raise AssertionError("hashed for a stranger")

    monkeypatch.setattr(type(runtime.hasher), "hash", hashed)
    form = {"token": "as_ot_junk", "email": "a@example.com", "password": PASSWORD}

    answer = await api.client.post(
        "/setup", data=form, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert answer.status_code == 400


async def test_an_invitation_that_nobody_accepted_is_no_administrator(
    api: Api,
) -> None:
    admin = await api.admin()
    await api.post(
        "/users", {"email": "mistyped@example.com", "roles": [ADMIN_ROLE]}, admin
    )

    answer = await api.delete("/users/me", admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")


class TestVerifiedMode:
    """Registration where addresses are confirmed first."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Settings of these tests."""
        return {"registration": "verified"}

    async def test_t178_a_stranger_cannot_keep_an_address_from_registering(
        self, api: Api
    ) -> None:
        for path in ASK.values():
            for _ in range(8):
                await api.post(path, {"email": VICTIM})
        body = {"email": VICTIM, "password": PASSWORD}

        await api.post("/auth/register", body)

        mail = await api.mailed("verify_email")
        await api.post("/auth/verify-email", {"token": mail.token})
        assert (await api.login(VICTIM)).status_code == 200

    async def test_t178_an_account_is_made_even_when_its_mail_is_withheld(
        self, api: Api
    ) -> None:
        for number in range(6):
            body = {"email": VICTIM, "password": f"{PASSWORD} {number}"}
            await api.post("/auth/register", body)
        assert len(await api.mails()) == 5
        await api.post(ASK["reset_password"], {"email": VICTIM})

        mail = await api.mailed("reset_password")
        body = {"token": mail.token, "new_password": PASSWORD}
        assert (await api.post("/auth/reset-password", body)).status_code == 204

    async def test_t073_registering_again_clears_the_first_password(
        self, api: Api
    ) -> None:
        user = await api.users.with_password(
            PASSWORD, email=VICTIM, email_verified=False
        )

        await api.post("/auth/register", {"email": VICTIM, "password": PASSWORD + "2"})

        async with api.runtime.database.session(read_only=True) as db:
            assert (await db.get_one(User, user.id)).password_hash is None
        assert "password.cleared" in await api.trail(user.id)

    async def test_registering_an_invited_address_sends_the_invitation_again(
        self, api: Api
    ) -> None:
        admin = await api.admin()
        await api.post("/users", {"email": VICTIM, "roles": []}, admin)

        await api.post("/auth/register", {"email": VICTIM, "password": PASSWORD})

        mails = [m["template"] for m in await api.mails() if m["to"] == VICTIM]
        assert mails == ["invitation", "invitation"]
        token = (await api.mailed("invitation")).token
        body = {"email": VICTIM, "password": PASSWORD, "invitation": token}
        assert (await api.post("/auth/register", body)).status_code == 201

    async def test_registering_a_disabled_address_changes_and_mails_nothing(
        self, api: Api
    ) -> None:
        user = await api.users.with_password(
            PASSWORD, email=VICTIM, email_verified=False, status="disabled"
        )

        answer = await api.post(
            "/auth/register", {"email": VICTIM, "password": PASSWORD}
        )

        assert answer.status_code == 202
        assert await api.mails() == []
        async with api.runtime.database.session(read_only=True) as db:
            stored = await db.get_one(User, user.id)
        assert stored.password_hash == user.password_hash
