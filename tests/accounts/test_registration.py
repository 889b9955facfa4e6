"""Registration modes, and the first administrator."""

import pytest
from pydantic import SecretStr

from app.services.accounts.breached_password import BreachedPasswordService
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from app.services.server.setup import SetupFinished, SetupService
from tests.support.api import PASSWORD, Api
from tests.support.tables import contents

ANN = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann"}


class TestVerified:
    """Whoever confirms the address."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Settings of these tests."""
        return {"registration": "verified"}

    async def test_the_account_works_once_its_address_is_confirmed(
        self, api: Api
    ) -> None:
        asked = await api.post("/auth/register", ANN)
        early = await api.login("ann@example.com")
        wrong = await api.login("ann@example.com", "wrong")
        mail = await api.mailed("verify_email")
        await api.post("/auth/verify-email", {"token": mail.token})

        assert asked.status_code == 202
        assert asked.json() == {"status": "verification_sent"}
        assert (early.status_code, early.json()["code"]) == (403, "email_not_verified")
        assert wrong.json()["code"] == "invalid_credentials"
        assert (await api.login("ann@example.com")).status_code == 200

    async def test_a_taken_address_answers_the_same_and_its_owner_is_told(
        self, api: Api
    ) -> None:
        user = await api.users.with_password(PASSWORD)

        answer = await api.post("/auth/register", ANN | {"email": user.email})

        assert answer.json() == {"status": "verification_sent"}
        assert [m["template"] for m in await api.mails()] == ["registration_repeated"]
        assert (await api.login(user.email)).status_code == 200

    async def test_nobody_else_s_password_survives_a_second_registration(
        self, api: Api
    ) -> None:
        await api.post("/auth/register", ANN | {"password": "the attacker's own"})
        stale = await api.mailed("verify_email")
        await api.post("/auth/register", ANN)
        mail = await api.mailed("reset_password")

        old = await api.post("/auth/verify-email", {"token": stale.token})
        # A right password of an unverified address would be "email_not_verified".
        meanwhile = [
            (await api.login("ann@example.com", password)).json()["code"]
            for password in ("the attacker's own", PASSWORD)
        ]
        await api.post(
            "/auth/reset-password", {"token": mail.token, "new_password": PASSWORD}
        )

        assert old.status_code == 400
        assert meanwhile == ["invalid_credentials"] * 2
        assert (await api.login("ann@example.com")).status_code == 200

    async def test_another_mail_is_sent_to_whoever_waits_for_one(
        self, api: Api
    ) -> None:
        await api.post("/auth/register", ANN)

        for email in ("ann@example.com", "nobody@example.com"):
            answer = await api.post("/auth/resend-verification", {"email": email})
            assert answer.status_code == 202

        assert [m["template"] for m in await api.mails()] == ["verify_email"] * 2

    async def test_a_recipient_gets_only_so_many_mails(self, api: Api) -> None:
        await api.post("/auth/register", ANN)

        answers = [
            await api.post("/auth/resend-verification", {"email": "ann@example.com"})
            for _ in range(8)
        ]

        assert {answer.status_code for answer in answers} == {202}
        assert len(await api.mails()) == 1 + 5  # the first came with registering


@pytest.mark.parametrize("mode", ["invite", "closed"])
class TestClosed:
    """Invited people only."""

    @pytest.fixture
    def options(self, mode: str) -> dict[str, object]:
        """Settings of these tests."""
        return {"registration": mode}

    async def test_registering_needs_a_valid_invitation(
        self, api: Api, mode: str
    ) -> None:
        bare = await api.post("/auth/register", ANN)
        forged = await api.post("/auth/register", ANN | {"invitation": "as_ot_x"})

        assert (bare.status_code, bare.json()["code"]) == (403, "registration_closed")
        assert (forged.status_code, forged.json()["code"]) == (
            403,
            "registration_closed",
        )
        assert ("administrators make" in bare.json()["title"]) == (mode == "closed")


class TestAdministratorFromSettings:
    """``AUTH_SERVE_ADMIN__*``."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Settings of these tests."""
        return {
            "admin": {"email": "root@example.com", "password": SecretStr(PASSWORD)},
            "email_code": {"enabled": False},
        }

    async def test_the_named_administrator_exists_at_start(self, api: Api) -> None:
        tokens = (await api.login("root@example.com")).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}

        users = await api.client.get("/api/v1/users", headers=headers)

        assert [user["roles"] for user in users.json()["items"]] == [["admin", "user"]]

    async def test_codes_that_are_switched_off_are_not_sent(self, api: Api) -> None:
        answer = await api.post("/auth/email-code", {"email": "root@example.com"})

        assert answer.status_code == 202
        assert await api.mails() == []
        body = {"email": "root@example.com", "code": "12345678"}
        verified = await api.post("/auth/email-code/verify", body)
        assert verified.json()["code"] == "invalid_code"


async def test_a_set_up_link_makes_no_second_administrator(
    api: Api, runtime: Runtime
) -> None:
    async with runtime.unit_of_work() as uow:
        link = await SetupService(uow, runtime, PasswordService(runtime)).link()
    admin = await api.admin()  # in another way, so that the link itself is still good
    form = {"email": "second@example.com", "password": PASSWORD}
    form["token"] = str(link).partition("token=")[2]
    own_page = {"Origin": runtime.settings.public_url, "Sec-Fetch-Site": "same-origin"}
    before = await contents(runtime)

    answer = await api.client.post("/setup", data=form, headers=own_page)

    assert answer.status_code == 409
    assert SetupFinished.title in answer.text
    assert await contents(runtime) == before
    members = (await api.get("/users?role=admin", admin)).json()["items"]
    assert [user["id"] for user in members] == [str(admin.id)]


async def test_a_code_sign_in_takes_an_unverified_account_from_its_maker(
    api: Api,
) -> None:
    await api.post("/auth/register", ANN)
    maker = (await api.login("ann@example.com")).json()
    await api.post("/auth/email-code", {"email": "ann@example.com"})
    mail = await api.mailed("email_code")

    body = {"email": "ann@example.com", "code": mail.code}
    owner = await api.post("/auth/email-code/verify", body)

    headers = {"Authorization": f"Bearer {maker['access_token']}"}
    assert owner.status_code == 200
    old = await api.client.get("/api/v1/users/me", headers=headers)
    assert old.status_code == 401
    assert (await api.login("ann@example.com")).status_code == 401


class TestBreached:
    """The breach range API, switched on."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Settings of these tests."""
        return {"password": {"breach_check": True}}

    async def test_a_breached_password_is_refused_and_silence_is_not(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers: list[bool | None] = [True, None]

        async def asked(_self: object, _password: str) -> bool | None:
            return answers.pop(0)

        monkeypatch.setattr(BreachedPasswordService, "is_breached", asked)
        breached = await api.post("/auth/register", ANN)
        silent = await api.post("/auth/register", ANN)

        assert breached.json()["errors"][0]["code"] == "password_breached"
        assert silent.status_code == 201


async def test_an_address_longer_than_mail_can_carry_is_refused(api: Api) -> None:
    longest = {"email": f"{'a' * 64}@example.com", "password": PASSWORD}

    accepted = await api.post("/auth/register", longest)
    refused = await api.post(
        "/auth/register", longest | {"email": f"{'a' * 65}@example.com"}
    )

    assert (accepted.status_code, refused.status_code) == (201, 422)
    assert refused.json()["errors"][0]["field"] == "email"
