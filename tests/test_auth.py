"""``/api/v1/auth``: what people and attackers see."""

import pytest

from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock


async def test_a_newcomer_registers_signs_in_refreshes_and_signs_out(api: Api) -> None:
    body = {"email": "Ann@Example.com", "password": PASSWORD, "name": "Ann"}

    created = await api.post("/auth/register", body)
    tokens = (await api.login("ann@example.com")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = await api.client.get("/api/v1/users/me", headers=headers)
    refreshed = await api.post(
        "/auth/refresh", {"refresh_token": tokens["refresh_token"]}
    )
    out = await api.client.post("/api/v1/auth/logout", headers=headers)
    after = await api.client.get("/api/v1/users/me", headers=headers)

    assert created.status_code == 201, created.text
    assert created.json()["email"] == "Ann@example.com"
    assert me.json()["name"] == "Ann" and me.json()["roles"] == ["user"]
    assert refreshed.status_code == 200
    assert (out.status_code, after.status_code) == (204, 401)


async def test_wrong_password_is_refused_and_remembered(api: Api) -> None:
    user = await api.users.with_password(PASSWORD)

    response = await api.login(user.email, "wrong")

    assert response.status_code == 401
    assert response.json()["code"] == "invalid_credentials"
    assert await api.trail(user.id) == ["sign_in.failed"]  # although it failed


async def test_unknown_disabled_and_passwordless_accounts_look_alike(api: Api) -> None:
    disabled = await api.users.with_password(PASSWORD, status="disabled")
    bare = await api.users()

    answers = [
        await api.login(email)
        for email in (disabled.email, bare.email, "nobody@example.com", "no address")
    ]

    bodies = [answer.json() | {"correlation_id": ""} for answer in answers]
    assert all(answer.status_code == 401 for answer in answers)
    assert all(body == bodies[0] for body in bodies)


async def test_a_refresh_token_repeated_in_the_window_gives_the_same_successor(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    body = {"refresh_token": person.tokens["refresh_token"]}

    first = await api.post("/auth/refresh", body)
    clock.advance(seconds=9)
    second = await api.post("/auth/refresh", body)

    assert first.json()["refresh_token"] == second.json()["refresh_token"]
    assert first.json()["refresh_token"] != body["refresh_token"]


async def test_a_refresh_token_reused_after_the_window_ends_the_session(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    body = {"refresh_token": person.tokens["refresh_token"]}
    successor = (await api.post("/auth/refresh", body)).json()
    used = {"refresh_token": successor["refresh_token"]}
    latest = (await api.post("/auth/refresh", used)).json()
    clock.advance(seconds=11)

    reused = await api.post("/auth/refresh", body)

    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    again = {"refresh_token": latest["refresh_token"]}
    assert (await api.post("/auth/refresh", again)).status_code == 401
    assert (await api.get("/users/me", person)).status_code == 401
    assert "session.refresh_token_reused" in await api.trail(person.id)


async def test_a_session_ends_when_unused_and_in_any_case_after_its_time(
    api: Api, clock: FakeClock
) -> None:
    idle, busy = await api.person(), await api.person()
    for _ in range(8):
        clock.advance(days=13)
        body = {"refresh_token": busy.tokens["refresh_token"]}
        answer = await api.post("/auth/refresh", body)
        if answer.status_code != 200:
            break
        busy.tokens = answer.json()

    assert answer.json()["code"] == "invalid_refresh_token"
    body = {"refresh_token": idle.tokens["refresh_token"]}
    assert (await api.post("/auth/refresh", body)).status_code == 401


async def test_a_changed_password_ends_every_other_session(api: Api) -> None:
    here = await api.person()
    there = await api.signed_in(here)
    body = {"current_password": PASSWORD, "new_password": "another good password"}

    changed = await api.post("/auth/change-password", body, here)

    assert changed.status_code == 204, changed.text
    assert (await api.get("/users/me", here)).status_code == 200
    assert (await api.get("/users/me", there)).status_code == 401
    assert (await api.login(here.email)).status_code == 401
    assert (await api.login(here.email, "another good password")).status_code == 200


async def test_a_wrong_current_password_changes_nothing_and_is_remembered(
    api: Api,
) -> None:
    person = await api.person()
    body = {"current_password": "wrong", "new_password": "another good password"}

    answer = await api.post("/auth/change-password", body, person)

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert "password.change_failed" in await api.trail(person.id)
    assert (await api.login(person.email)).status_code == 200


async def test_a_forgotten_password_is_reset_by_the_link_once(api: Api) -> None:
    person = await api.person()

    asked = await api.post("/auth/forgot-password", {"email": person.email.upper()})
    mail = await api.mailed("reset_password")
    body = {"token": mail.token, "new_password": "a brand new password"}
    first = await api.post("/auth/reset-password", body)
    second = await api.post("/auth/reset-password", body)

    assert (asked.status_code, first.status_code) == (202, 204)
    assert (second.status_code, second.json()["code"]) == (400, "invalid_token")
    assert mail.to == person.email  # the stored address, not the typed one
    assert (await api.get("/users/me", person)).status_code == 401
    assert (await api.login(person.email, "a brand new password")).status_code == 200


async def test_asking_for_an_unknown_address_answers_the_same_and_mails_nobody(
    api: Api,
) -> None:
    answer = await api.post("/auth/forgot-password", {"email": "nobody@example.com"})

    assert answer.status_code == 202
    assert await api.mails() == []


async def test_an_expired_link_does_not_work(api: Api, clock: FakeClock) -> None:
    person = await api.person()
    await api.post("/auth/forgot-password", {"email": person.email})
    token = (await api.mailed("reset_password")).token
    clock.advance(hours=2)

    body = {"token": token, "new_password": "a brand new password"}
    expired = await api.post("/auth/reset-password", body)

    assert expired.status_code == 400
    assert (await api.login(person.email)).status_code == 200


async def test_an_address_is_verified_by_link_or_code(api: Api) -> None:
    for way in ("token", "code"):
        email = f"{way}@example.com"
        await api.post("/auth/register", {"email": email, "password": PASSWORD})
        mail = await api.mailed("verify_email")
        body = {"token": mail.token}
        if way == "code":
            body = {"email": email, "code": mail.code}

        answer = await api.post("/auth/verify-email", body)
        again = await api.post("/auth/verify-email", body)

        tokens = (await api.login(email)).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = await api.client.get("/api/v1/users/me", headers=headers)
        assert (answer.status_code, again.status_code) == (204, 400)
        assert me.json()["email_verified"] is True


async def test_five_wrong_codes_void_the_code(api: Api) -> None:
    await api.post("/auth/register", {"email": "ann@example.com", "password": PASSWORD})
    mail = await api.mailed("verify_email")
    wrong = f"{(int(mail.code) + 1) % 10**8:08d}"
    body = {"email": "ann@example.com", "code": wrong}

    answers = [await api.post("/auth/verify-email", body) for _ in range(5)]
    right = await api.post("/auth/verify-email", body | {"code": mail.code})

    assert {answer.status_code for answer in answers} == {400}
    assert (right.status_code, right.json()["code"]) == (400, "invalid_code")


async def test_a_mailed_code_signs_in_once(api: Api) -> None:
    user = await api.users()
    await api.post("/auth/email-code", {"email": user.email})
    mail = await api.mailed("email_code")
    body = {"email": user.email, "code": mail.code}

    first = await api.post("/auth/email-code/verify", body)
    second = await api.post("/auth/email-code/verify", body)

    assert (first.status_code, second.status_code) == (200, 400)
    assert first.json()["refresh_token"]


async def test_too_many_wrong_passwords_are_throttled_and_end_by_themselves(
    api: Api, clock: FakeClock
) -> None:
    user = await api.users.with_password(PASSWORD)
    answers = [await api.login(user.email, "wrong") for _ in range(11)]
    throttled = await api.login(user.email)

    clock.advance(minutes=2)
    later = await api.login(user.email)

    assert [a.status_code for a in answers] == [401] * 10 + [429]
    assert throttled.status_code == 429 and int(throttled.headers["Retry-After"]) > 0
    assert later.status_code == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("x" * 1025, "password_too_long"),
        ("password1234", "password_too_common"),
        ("ann@example.com", "password_contains_context"),
    ],
)
async def test_a_bad_password_is_refused_with_its_reason(
    api: Api, password: str, code: str
) -> None:
    body = {"email": "ann@example.com", "password": password}

    answer = await api.post("/auth/register", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code
    assert (await api.login("ann@example.com", password)).status_code == 401


async def test_a_repeated_registration_says_that_the_address_is_taken(api: Api) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}
    await api.post("/auth/register", body)

    twin = await api.post("/auth/register", body | {"email": "ANN@EXAMPLE.COM"})

    assert (twin.status_code, twin.json()["code"]) == (409, "email_taken")


async def test_an_idempotency_key_gives_the_first_answer_again(api: Api) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}
    headers = {"Idempotency-Key": "abc"}
    path = "/api/v1/auth/register"

    first = await api.client.post(path, json=body, headers=headers)
    again = await api.client.post(path, json=body, headers=headers)
    other = await api.client.post(path, json=body | {"name": "B"}, headers=headers)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_password_is_reset_with_the_code_after_wrong_tries_counted(
    api: Api,
) -> None:
    person = await api.person()
    await api.post("/auth/forgot-password", {"email": person.email})
    mail = await api.mailed("reset_password")
    body = {"email": person.email, "new_password": "a brand new password"}

    wrong = await api.post("/auth/reset-password", body | {"code": "0"})
    both = await api.post(
        "/auth/reset-password", body | {"code": mail.code, "token": mail.token}
    )
    right = await api.post("/auth/reset-password", body | {"code": mail.code})
    again = await api.post("/auth/reset-password", body | {"code": mail.code})

    assert (wrong.status_code, both.status_code) == (400, 422)
    assert (right.status_code, again.status_code) == (204, 400)
    assert (await api.login(person.email, "a brand new password")).status_code == 200


async def test_an_invitation_is_accepted_with_the_code(api: Api) -> None:
    admin = await api.admin()
    await api.post("/users", {"email": "new@example.com"}, admin)
    mail = await api.mailed("invitation")
    body = {"password": PASSWORD, "invitation": mail.code}

    other = await api.post("/auth/register", body | {"email": "x@example.com"})
    right = await api.post("/auth/register", body | {"email": "new@example.com"})

    assert (other.status_code, right.status_code) == (400, 201)
    assert right.json()["email_verified"] is True
