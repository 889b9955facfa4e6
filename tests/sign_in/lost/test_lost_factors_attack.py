"""Who has the mailbox alone, or the password alone, recovers no lost factor."""

import pytest

from app.models import OneTimeToken
from app.services.server.runtime import Runtime
from app.services.sign_in.second_step import SecondStepService
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import (
    ANNOUNCED,
    DELAY,
    LINK,
    NEW_PASSWORD,
    RECOVER,
    arrived,
    ask,
    begun,
    by_passkey,
    change,
    due_link,
    finish,
    reset,
    token_in,
)
from tests.support.api import Api, Person
from tests.support.chance import FakeClock


async def test_the_mailbox_alone_guesses_five_times_and_then_it_is_over(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    clock.advance(hours=DELAY)
    token = await token_in(api, LINK)

    wrong = [await finish(api, token, f"wrong guess {n}") for n in range(5)]
    right = await finish(api, token)

    assert [each.json()["code"] for each in wrong] == ["wrong_password"] * 5
    assert right.json()["code"] == "invalid_token"
    trail = await api.trail(person.id)
    assert trail[-2:] == ["sign_in.failed", "factor.recovery_stopped"]
    assert (await begun(api, person))["factors"][0] == "passkey"


async def test_a_password_that_the_mailbox_gave_begins_no_recovery(
    api: Api, runtime: Runtime, person: Person
) -> None:
    await reset(api, person)

    refused = await ask(api, person, NEW_PASSWORD)

    assert refused.status_code == 403
    assert refused.json()["code"] == "factor_recovery_unavailable"
    assert ANNOUNCED not in await arrived(api)


async def test_nor_does_it_after_the_owner_came_in_by_other_means(
    api: Api, person: Person
) -> None:
    await reset(api, person)
    await by_passkey(api, person)

    assert (await ask(api, person, NEW_PASSWORD)).status_code == 403


async def test_it_counts_once_it_signed_in_with_a_second_factor(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    app = await FactorFactory(runtime).totp(person.id)
    await reset(api, person)
    first = await begun(api, person, NEW_PASSWORD)
    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}
    assert (await api.post("/auth/mfa", body)).status_code == 200

    assert (await ask(api, person, NEW_PASSWORD)).status_code == 202


async def test_a_code_by_mail_begins_no_recovery(api: Api, person: Person) -> None:
    await api.post("/auth/email-code", {"email": person.email})
    body = {"email": person.email, "code": (await api.mailed("email_code")).code}
    first = (await api.post("/auth/email-code/verify", body)).json()

    refused = await api.post(RECOVER, {"mfa_token": first["mfa_token"]})

    assert first["code"] == "mfa_required"
    assert refused.json()["code"] == "factor_recovery_unavailable"


async def test_who_did_not_prove_the_first_factor_is_told_nothing(
    api: Api, runtime: Runtime, person: Person
) -> None:
    other = await api.person()
    await ask(api, person)
    forged = runtime.secret_key.one_time_token("second_step", other.id)
    stop = (await api.mailed("factor_recovery_requested")).token

    told = {
        (await api.post(RECOVER, {"mfa_token": each})).json()["code"]
        for each in ("nothing", forged, stop)
    }

    assert told == {"invalid_mfa_token"}


async def test_the_password_alone_never_sees_a_link(
    api: Api, person: Person, clock: FakeClock
) -> None:
    asked = await ask(api, person)
    clock.advance(hours=DELAY)
    await arrived(api)

    again = await ask(api, person)

    token = await token_in(api, LINK)
    assert asked.json() == again.json()
    assert token not in asked.text + again.text
    assert (await begun(api, person))["factors"]


async def test_where_nobody_may_read_the_mails_nothing_begins(
    api: Api, person: Person
) -> None:
    await change(api, person, email_verified=False)

    refused = await ask(api, person)

    assert refused.json()["code"] == "factor_recovery_unavailable"
    assert await arrived(api) == []


async def test_a_sign_in_that_ends_while_it_asks_begins_nothing(
    api: Api, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await begun(api, person))["mfa_token"]
    seen = await SecondStepService(api.runtime).waiting(token)
    path = f"/users/{person.id}/password-reset"
    assert (await api.post(path, {}, await api.admin())).status_code == 202

    async def waiting(*_: object) -> OneTimeToken:
        return seen

    monkeypatch.setattr(SecondStepService, "waiting", waiting)
    refused = await api.post(RECOVER, {"mfa_token": token})

    assert refused.json()["code"] == "invalid_mfa_token"
    assert ANNOUNCED not in await arrived(api)


class TestOff:
    """Where it was switched off while a recovery waited."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """No recovery."""
        return {"mfa": {"recovery_delay": 0}}

    async def test_its_link_does_not_work(self, api: Api, person: Person) -> None:
        ended = await finish(api, await due_link(api, person))

        assert ended.json()["code"] == "invalid_token"


class TestNeighbour:
    """Where one wrong answer at the second step is all that an address has."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """A narrow limit."""
        return {"limits": {"second_step_address": "1/6000"}}

    async def test_who_sends_rubbish_uses_up_nobody_s_second_step(
        self, api: Api, runtime: Runtime
    ) -> None:
        person = await api.person()
        app = await FactorFactory(runtime).totp(person.id)
        for _ in range(3):
            assert (await finish(api, "rubbish")).status_code == 400

        first = await begun(api, person)
        body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}

        assert (await api.post("/auth/mfa", body)).status_code == 200


async def test_what_is_refused_uses_up_nobody_s_way_back(
    api: Api, person: Person
) -> None:
    for _ in range(2):  # who reads the mailbox, and has no password
        await api.post("/auth/email-code", {"email": person.email})
        code = (await api.mailed("email_code")).code
        body = {"email": person.email, "code": code}
        first = (await api.post("/auth/email-code/verify", body)).json()
        for _ in range(3):
            refused = await api.post(RECOVER, {"mfa_token": first["mfa_token"]})
            assert refused.status_code == 403

    assert (await ask(api, person)).status_code == 202
