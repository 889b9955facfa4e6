"""Guessing costs, whatever it is called and however it is spelled."""

import asyncio
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock


def from_address(api: Api, address: str) -> AsyncClient:
    """Return a client at another network address."""
    transport: Any = api.client._transport
    assert isinstance(transport, ASGITransport)
    return AsyncClient(
        transport=ASGITransport(app=transport.app, client=(address, 1)),
        base_url="http://test",
    )


async def guess(client: AsyncClient, email: str, password: str = "wrong") -> int:
    """Try a password; return the status."""
    body = {"email": email, "password": password}
    return (await client.post("/api/v1/auth/login", json=body)).status_code


# Where the code of each purpose is typed, with which fields, and the right answer.
TYPED: dict[Purpose, tuple[str, dict[str, str], int]] = {
    Purpose.EMAIL_CODE: ("/auth/email-code/verify", {"email": "", "code": ""}, 200),
    Purpose.VERIFY_EMAIL: ("/auth/verify-email", {"email": "", "code": ""}, 204),
    Purpose.RESET_PASSWORD: (
        "/auth/reset-password",
        {"email": "", "code": "", "new_password": PASSWORD},
        204,
    ),
    Purpose.INVITATION: (
        "/auth/register",
        {"email": "", "invitation": "", "password": PASSWORD},
        201,
    ),
    Purpose.CHANGE_EMAIL: ("/users/me/email/confirm", {"code": ""}, 204),
}


async def issue(api: Api, purpose: Purpose, owner: Person) -> str:
    """Replace the owner's code of a purpose, without a mail; return the new one."""
    is_change = purpose is Purpose.CHANGE_EMAIL
    async with api.runtime.unit_of_work() as uow:
        token = await OneTimeTokenService(uow, api.runtime).issue(
            purpose,
            subject=str(owner.id) if is_change else owner.email,
            ttl=600,
            user_id=owner.id,
            data={"email": f"new-{owner.email}", "from": owner.email},
        )
    return api.runtime.secret_key.one_time_code(purpose, token.id)


async def type_code(api: Api, purpose: Purpose, owner: Person, code: str) -> int:
    """Type a code where its purpose wants it; return the status."""
    path, fields, _ = TYPED[purpose]
    known = {"email": owner.email, "code": code, "invitation": code}
    body = {name: known.get(name, text) for name, text in fields.items()}
    return (await api.post(path, body, owner)).status_code


def wrong(code: str, offset: int) -> str:
    """Return another code of the same form."""
    return f"{(int(code) + offset) % 10**8:08d}"


async def after_wrong_codes(api: Api, count: int) -> dict[Purpose, list[int]]:
    """Type so many wrong codes and then the right one, for each purpose."""
    statuses = {}
    for purpose in TYPED:
        owner = await api.person()
        code = await issue(api, purpose, owner)
        tries = [*(wrong(code, n) for n in range(1, count + 1)), code]
        statuses[purpose] = [
            await type_code(api, purpose, owner, each) for each in tries
        ]
    return statuses


async def test_t091_five_wrong_codes_void_a_code_of_any_purpose(api: Api) -> None:
    statuses = await after_wrong_codes(api, 5)  # the limiter would allow ten

    assert statuses == dict.fromkeys(TYPED, [400] * 6)


async def test_t091_four_wrong_codes_leave_a_code_of_any_purpose(api: Api) -> None:
    statuses = await after_wrong_codes(api, 4)

    right = {purpose: [400] * 4 + [success] for purpose, (*_, success) in TYPED.items()}
    assert statuses == right


async def test_t091_guesses_are_throttled_although_every_code_is_a_fresh_one(
    api: Api,
) -> None:
    statuses = {}
    for purpose in TYPED:
        owner, tried = await api.person(), []
        for _ in range(5):  # two guesses each: no code is void
            code = await issue(api, purpose, owner)
            for offset in (1, 2):
                other = wrong(code, offset)
                tried.append(await type_code(api, purpose, owner, other))
        tried.append(await type_code(api, purpose, owner, code))
        statuses[purpose] = tried

    assert statuses == dict.fromkeys(TYPED, [400] * 10 + [429])


async def test_t092_a_new_code_does_not_buy_new_guesses(api: Api) -> None:
    user = await api.users()
    statuses = []

    for _ in range(5):
        await api.post("/auth/email-code", {"email": user.email})
        for number in range(4):
            body = {"email": user.email, "code": f"{number:08d}"}
            answer = await api.post("/auth/email-code/verify", body)
            statuses.append(answer.status_code)

    assert statuses == [400] * 10 + [429] * 10


@pytest.mark.parametrize("blank", [" {}", "{} ", "\t{}", "wide"])
async def test_t095_other_spellings_of_a_code_are_the_code_and_no_second_one(
    api: Api, blank: str
) -> None:
    user = await api.users()
    await api.post("/auth/email-code", {"email": user.email})
    code = (await api.mailed("email_code")).code
    wide = "".join(chr(0xFF10 + int(digit)) for digit in code)
    spelled = wide if blank == "wide" else blank.format(code)

    statuses = [
        (
            await api.post(
                "/auth/email-code/verify", {"email": user.email, "code": spelled}
            )
        ).status_code
        for _ in range(5)
    ]
    right = await api.post(
        "/auth/email-code/verify", {"email": user.email, "code": code}
    )

    assert statuses == [200] + [400] * 4
    assert right.status_code == 400


async def test_t094_changing_the_password_counts_guesses_too(api: Api) -> None:
    person = await api.person()
    body = {"current_password": "wrong", "new_password": "a brand new password"}

    statuses = [
        (await api.post("/auth/change-password", body, person)).status_code
        for _ in range(11)
    ]
    right = body | {"current_password": PASSWORD}

    assert statuses == [403] * 10 + [429]
    answer = await api.post("/auth/change-password", right, person)
    assert answer.status_code == 429


async def test_t083_twins_of_an_address_share_a_counter(api: Api) -> None:
    user = await api.users.with_password(PASSWORD, email="anna@example.com")
    twins = ("ANNA@example.com", " anna@example.com", "anna@EXAMPLE.com", user.email)

    statuses = [(await api.login(twins[n % 4], "wrong")).status_code for n in range(12)]

    assert statuses == [401] * 10 + [429] * 2


async def test_t172_a_whole_ipv6_network_is_one_guesser(api: Api) -> None:
    statuses = []
    for number in range(62):
        async with from_address(api, f"2001:db8::{number:x}:1") as client:
            email = f"user{number}@example.com"
            statuses.append(await guess(client, email))

    async with from_address(api, "2001:db8:0:1::1") as elsewhere:
        other = await guess(elsewhere, "x@example.com")

    assert statuses == [401] * 60 + [429] * 2
    assert other == 401


async def test_t172_forwarded_addresses_of_strangers_do_not_count(api: Api) -> None:
    user = await api.users.with_password(PASSWORD)
    body = {"email": user.email, "password": "wrong"}

    statuses = [
        (
            await api.client.post(
                "/api/v1/auth/login",
                json=body,
                headers={
                    "X-Forwarded-For": f"198.51.100.{number}",
                    "Forwarded": f"for=198.51.100.{number}",
                    "X-Real-IP": f"198.51.100.{number}",
                },
            )
        ).status_code
        for number in range(11)
    ]

    assert statuses == [401] * 10 + [429]


async def test_t175_parallel_guesses_do_not_outrun_the_counter(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await api.users.with_password(PASSWORD)
    evaluated: list[str] = []
    real = runtime.hasher.verify

    def verify(password: str, hashed: str | None) -> Any:
        evaluated.append(password)
        return real(password, hashed)

    monkeypatch.setattr(runtime.hasher, "verify", verify)

    answers = await asyncio.gather(*(api.login(user.email, "no") for _ in range(100)))

    statuses = [answer.status_code for answer in answers]
    assert len(evaluated) <= 10
    assert set(statuses) <= {401, 429, 503} and 429 in statuses


async def test_t176_own_sign_ins_do_not_clear_what_guesses_cost(api: Api) -> None:
    own = await api.users.with_password(PASSWORD)
    victim = await api.users.with_password(PASSWORD)
    statuses = []

    for _ in range(12):
        assert (await api.login(own.email)).status_code == 200
        statuses.append((await api.login(victim.email, "wrong")).status_code)

    assert statuses == [401] * 10 + [429] * 2


async def test_t178_guesses_from_elsewhere_do_not_lock_the_owner_out(
    api: Api, clock: FakeClock
) -> None:
    owner = await api.person()  # signed in from here before
    statuses = []
    for number in range(40):
        async with from_address(api, f"203.0.113.{number}") as client:
            statuses.append(await guess(client, owner.email))

    here = await api.login(owner.email)
    async with from_address(api, "198.51.100.1") as new_place:
        locked = await guess(new_place, owner.email, PASSWORD)
        clock.advance(minutes=2)
        later = await guess(new_place, owner.email, PASSWORD)

    assert statuses == [401] * 10 + [429] * 30  # the total is bounded
    assert here.status_code == 200
    assert (locked, later) == (429, 200)  # and the lock ends by itself


async def test_t134_a_giant_password_is_refused_before_any_hash(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await api.person()
    hashed: list[str] = []
    for name in ("hash", "verify"):
        monkeypatch.setattr(runtime.hasher, name, lambda *a: hashed.append(str(a)))
    tries: list[tuple[str, dict[str, Any]]] = [
        ("/auth/login", {"email": person.email}),
        ("/auth/register", {"email": "new@example.com"}),
        ("/auth/change-password", {"current_password": "x", "new_password": "y"}),
        ("/auth/reset-password", {"token": "x", "new_password": "y"}),
    ]

    statuses = set()
    for size in (5_000, 60_000, 1_000_000):
        for path, body in tries:
            giant = {key: "x" * size for key in ("password", "new_password")}
            sent = body | {k: v for k, v in giant.items() if k in body or "n" not in k}
            answer = await api.post(path, sent, person)
            statuses.add(answer.status_code)

    assert statuses <= {413, 422}
    assert hashed == []


@pytest.mark.parametrize(
    "password",
    ["x1 " * 24 + "y", "aB3 " * 50, "aB3 " * 250, "🙂🙃" * 20, "é" * 600, "ß ä" * 300],
    ids=["73 bytes", "200", "1000", "emoji", "1200", "long"],
)
async def test_t133_a_long_password_works_whole_or_is_refused(
    api: Api, password: str
) -> None:
    body = {"email": "new@example.com", "password": password}

    made = await api.post("/auth/register", body)
    whole = await api.login("new@example.com", password)
    cut = await api.login("new@example.com", password[:-1])

    expected = (201, 200) if len(password) <= 1_024 else (422, 401)
    assert (made.status_code, whole.status_code) == expected
    assert cut.status_code == 401


async def test_an_administrator_cannot_flood_an_account_with_reset_mails(
    api: Api,
) -> None:
    admin, person, other = await api.admin(), await api.users(), await api.users()
    path = f"/users/{person.id}/password-reset"

    answers = [await api.post(path, None, admin) for _ in range(12)]
    someone_else = await api.post(f"/users/{other.id}/password-reset", None, admin)

    assert [a.status_code for a in answers] == [202] * 5 + [429] * 7
    assert answers[-1].json()["code"] == "too_many_attempts"
    assert int(answers[-1].headers["retry-after"]) > 0
    assert [m["to"] for m in await api.mails()] == [person.email] * 5 + [other.email]
    assert someone_else.status_code == 202


async def test_who_may_not_send_a_reset_mail_uses_none_up(api: Api) -> None:
    admin, person = await api.admin(), await api.admin()
    role = {"name": "manager", "permissions": ["users:read", "users:write"]}
    await api.post("/roles", role, admin)
    manager = await api.person("manager")
    path = f"/users/{person.id}/password-reset"

    refused = [await api.post(path, None, manager) for _ in range(8)]
    await api.post("/auth/forgot-password", {"email": person.email})
    sent = await api.post(path, None, admin)

    assert {answer.status_code for answer in refused} == {403}
    assert sent.status_code == 202


async def test_a_disabled_account_is_sent_no_link_that_cannot_work(api: Api) -> None:
    admin, person = await api.admin(), await api.users(status="disabled")

    answer = await api.post(f"/users/{person.id}/password-reset", None, admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "user_disabled")
    assert await api.mails() == []
