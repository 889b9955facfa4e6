"""Strangers cannot spend an owner's tries or links, nor learn who is known."""

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.core.rate_limit import Limit
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.one_time.token import Purpose
from app.services.server.runtime import Runtime
from tests.security.test_recovery import ASK, VICTIM
from tests.security.test_throttling import TYPED, from_address, guess
from tests.support.api import PASSWORD, Api
from tests.support.page import BROWSER

HOME, AWAY, STRANGE = "198.51.100.1", "198.51.100.2", "203.0.113.9"
NEW = "another long password"
KINDS = [Purpose.RESET_PASSWORD, Purpose.VERIFY_EMAIL, Purpose.EMAIL_CODE]


async def ask(client: AsyncClient, kind: Purpose) -> None:
    """Ask for the victim's mail."""
    await client.post(f"/api/v1{ASK[kind]}", json={"email": VICTIM})


async def type_code(client: AsyncClient, kind: Purpose, code: str) -> Any:
    """Type a code of the victim's; return the answer."""
    path, fields, _ = TYPED[kind]
    values = {"email": VICTIM, "code": code, "invitation": code}
    body = {name: values.get(name, text) for name, text in fields.items()}
    return await client.post(f"/api/v1{path}", json=body)


def success(kind: Purpose) -> int:
    """Return the status of the right code."""
    return TYPED[kind][-1]


async def victim(api: Api, kind: Purpose) -> None:
    """Make the account that waits for a mail of this kind."""
    await api.users.with_password(
        PASSWORD, email=VICTIM, email_verified=kind is not Purpose.VERIFY_EMAIL
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_strangers_request_leaves_the_owners_code_alive(
    api: Api, kind: Purpose
) -> None:
    await victim(api, kind)
    async with from_address(api, HOME) as owner:
        await ask(owner, kind)
        code = (await api.mailed(kind)).code
        async with from_address(api, STRANGE) as stranger:
            for _ in range(7):  # two of them more than are mailed
                await ask(stranger, kind)

        answer = await type_code(owner, kind, code)

    assert answer.status_code == success(kind)


@pytest.mark.parametrize(
    ("kind", "path", "extra"),
    [
        (Purpose.RESET_PASSWORD, "/auth/reset-password", {"new_password": NEW}),
        (Purpose.VERIFY_EMAIL, "/auth/verify-email", {}),
    ],
)
async def test_a_strangers_request_leaves_the_owners_link_alive(
    api: Api, kind: Purpose, path: str, extra: dict[str, str]
) -> None:
    await victim(api, kind)
    await api.post(ASK[kind], {"email": VICTIM})
    first = await api.mailed(kind)
    async with from_address(api, STRANGE) as stranger:
        await ask(stranger, kind)
    second = await api.mailed(kind)

    used = await api.post(path, {"token": first.token} | extra)
    again = await api.post(path, {"token": first.token} | extra)
    other = await api.post(path, {"token": second.token} | extra)

    assert second.token != first.token
    assert used.status_code == 204
    # What was mailed for the same end ended with it: a stranger may hold it.
    assert {again.status_code, other.status_code} <= {204, 400}
    if kind is Purpose.RESET_PASSWORD:
        assert [again.status_code, other.status_code] == [400, 400]


async def test_registering_an_invited_address_leaves_its_invitation_alive(
    api: Api, runtime: Runtime
) -> None:
    user = await api.users(email=VICTIM, email_verified=False)
    async with runtime.unit_of_work() as uow:
        invitations = InvitationService(uow, runtime, PasswordService(runtime))
        await invitations.send(user)
    first = await api.mailed("invitation")
    async with runtime.unit_of_work() as uow:  # as mode ``verified`` does it
        invitations = InvitationService(uow, runtime, PasswordService(runtime))
        await invitations.send(user)

    body = {"email": VICTIM, "password": PASSWORD, "invitation": first.token}
    answer = await api.post("/auth/register", body)

    assert answer.status_code == 201


@pytest.mark.parametrize("kind", KINDS)
async def test_wrong_codes_from_elsewhere_do_not_void_the_owners_code(
    api: Api, kind: Purpose
) -> None:
    await victim(api, kind)
    async with from_address(api, HOME) as owner:
        await ask(owner, kind)
        code = (await api.mailed(kind)).code
        for last in range(1, 5):
            async with from_address(api, f"203.0.113.{last}") as stranger:
                tried = [
                    (await type_code(stranger, kind, f"0000000{n}")).status_code
                    for n in range(6)
                ]

        answer = await type_code(owner, kind, code)

    assert tried[-1] == 429  # all strangers together had enough
    assert answer.status_code == success(kind)


async def test_the_browser_that_asked_keeps_its_tries_wherever_it_goes(
    api: Api,
) -> None:
    await victim(api, Purpose.RESET_PASSWORD)
    async with from_address(api, HOME) as owner:
        await owner.get("/signin", headers=BROWSER)
        form = {"email": VICTIM}
        await owner.post("/forgot-password", data=form, headers=BROWSER)
        cookies = dict(owner.cookies)
    code = (await api.mailed("reset_password")).code
    for last in (1, 2, 3):
        async with from_address(api, f"203.0.113.{last}") as stranger:
            for number in range(5):
                await type_code(stranger, Purpose.RESET_PASSWORD, f"0000000{number}")
    async with from_address(api, AWAY) as elsewhere:
        refused = await type_code(elsewhere, Purpose.RESET_PASSWORD, code)
        elsewhere.cookies.update(cookies)
        form = {"email": VICTIM, "code": code, "password": NEW}
        await elsewhere.post("/reset-password", data=form, headers=BROWSER)

    assert refused.status_code == 429
    assert (await api.login(VICTIM, NEW)).status_code == 200


async def test_t091_all_networks_together_have_a_bounded_number_of_tries(
    api: Api, runtime: Runtime
) -> None:
    """A code holds by itself, whatever the limits are set to."""
    kind = Purpose.EMAIL_CODE
    wide = Limit("wide", 9_999, 1)
    limits = replace(runtime.limits, code_account=wide, code_address=wide)
    object.__setattr__(runtime, "limits", limits)
    await victim(api, kind)
    async with from_address(api, HOME) as owner:
        await ask(owner, kind)
        code = (await api.mailed(kind)).code
        for last in range(1, 7):
            async with from_address(api, f"203.0.113.{last}") as stranger:
                for number in range(5):
                    await type_code(stranger, kind, f"0000000{number}")
        async with from_address(api, "203.0.113.77") as stranger:
            late = await type_code(stranger, kind, code)

        answer = await type_code(owner, kind, code)

    assert late.status_code == 400
    assert answer.status_code == 200


async def exhaust(api: Api, email: str) -> None:
    """Use up what strangers may try at an account."""
    async with from_address(api, STRANGE) as stranger:
        for _ in range(10):
            await guess(stranger, email)


async def test_a_neighbour_cannot_tell_whether_the_network_is_known(api: Api) -> None:
    """The owner signed in from HOME; whoever else is there learns nothing of it."""
    await victim(api, Purpose.EMAIL_CODE)
    seen = {}
    async with from_address(api, HOME) as home:
        assert await guess(home, VICTIM, PASSWORD) == 200
        for email in (VICTIM, "nobody@example.com"):
            await exhaust(api, email)
            answers = [
                await home.post(
                    "/api/v1/auth/login", json={"email": email, "password": "wrong"}
                )
                for _ in range(12)
            ]
            seen[email] = [
                (answer.status_code, answer.json()["code"], answer.headers["ratelimit"])
                for answer in answers
            ]

    known, unknown = seen.values()
    assert known == unknown
    assert {status for status, *_ in known} == {429}


async def test_the_owner_at_a_known_network_gets_in_when_strangers_had_enough(
    api: Api,
) -> None:
    await victim(api, Purpose.EMAIL_CODE)
    async with from_address(api, HOME) as home:
        await guess(home, VICTIM, PASSWORD)
        await exhaust(api, VICTIM)

        inside = await guess(home, VICTIM, PASSWORD)
    async with from_address(api, AWAY) as away:
        outside = await guess(away, VICTIM, PASSWORD)

    assert (inside, outside) == (200, 429)


async def test_t178_a_name_that_is_made_up_spends_none_of_the_owners_tries(
    api: Api,
) -> None:
    """What is typed as an address may look like an owner's share of the limit."""
    await victim(api, Purpose.EMAIL_CODE)
    async with from_address(api, HOME) as home:
        await guess(home, VICTIM, PASSWORD)
        await exhaust(api, VICTIM)
        await exhaust(api, f"{VICTIM} {HOME}")

        assert await guess(home, VICTIM, PASSWORD) == 200


async def test_a_neighbours_guesses_at_a_known_network_count_for_everybody(
    api: Api,
) -> None:
    """Or what is left for strangers would tell that the network is known."""
    await victim(api, Purpose.EMAIL_CODE)
    left = {}
    async with from_address(api, HOME) as home:
        await guess(home, VICTIM, PASSWORD)
        for email in (VICTIM, "nobody@example.com"):
            for _ in range(4):
                await guess(home, email)
            async with from_address(api, AWAY) as away:
                left[email] = [await guess(away, email) for _ in range(8)]

    assert left[VICTIM] == left["nobody@example.com"] == [401] * 6 + [429] * 2


async def test_t172_a_whole_ipv6_site_is_bounded(api: Api, runtime: Runtime) -> None:
    """A new /64 for each request is no new client for ever."""
    two = Limit("mail_address", 2, 3_600)
    object.__setattr__(runtime, "limits", replace(runtime.limits, mail_address=two))

    async def asking_from(address: str) -> int:
        async with from_address(api, address) as client:
            answer = await client.post(
                f"/api/v1{ASK[Purpose.RESET_PASSWORD]}", json={"email": VICTIM}
            )
        return answer.status_code

    networks = [f"2001:db8:7:{number:x}::1" for number in range(18)]
    statuses = [await asking_from(network) for network in networks]

    assert statuses == [202] * 16 + [429] * 2
    assert await asking_from("2001:db8:8::1") == 202
