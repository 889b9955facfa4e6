"""Work passes limits at sign-in, and has limits of its own (ADR-0053)."""

from typing import Any

import pytest

from tests.sign_in.test_under_attack import (
    AWAY,
    EMAIL,
    HOME,
    NEXT_DOOR,
    QUICK,
    flood,
    login,
    owner,
)
from tests.support.api import PASSWORD, Api
from tests.support.work import proof_of


async def tried(api: Api, email: str, at: str, password: str) -> Any:
    """Try a password, with work if that is what it takes."""
    answer = await login(api, at, email, password=password)
    if answer.status_code != 429:
        return answer
    proof = proof_of(answer.json()["challenge"])
    return await login(api, at, email, password=password, proof=proof)


class TestSpraying:
    """One password at many accounts, from one network that works for it."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"limits": QUICK | {"sign_in_address": "2/300"}}

    @pytest.mark.parametrize("at", [AWAY, "2001:db8:7:1::1"], ids=["IPv4", "IPv6"])
    async def test_one_password_at_many_accounts_is_bounded_by_network(
        self, api: Api, at: str
    ) -> None:
        emails = [f"somebody{number}@example.com" for number in range(24)]

        answers = [await tried(api, each, at, "wrong") for each in emails]
        elsewhere = await tried(api, emails[-1], "198.51.100.77", "wrong")

        statuses = [each.status_code for each in answers]
        assert statuses == [401] * (2 + 2 * 8) + [429] * 6
        assert elsewhere.status_code == 401


class TestShareOfWork:
    """What work buys at one account is a thing of many networks."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"limits": QUICK | {"sign_in_proven": "20/86400"}}

    @pytest.mark.parametrize(
        "places",
        [(AWAY, NEXT_DOOR), ("2001:db8:7:1::1", "2001:db8:8:1::1")],
        ids=["IPv4", "IPv6"],
    )
    async def test_one_network_cannot_use_up_what_work_buys_at_an_account(
        self, api: Api, places: tuple[str, str]
    ) -> None:
        await owner(api)
        await flood(api)
        guesser, own = places

        wrong = [await tried(api, EMAIL, guesser, "wrong") for _ in range(10)]
        inside = await tried(api, EMAIL, own, PASSWORD)

        assert [each.status_code for each in wrong] == [401] * 2 + [429] * 8
        assert inside.status_code == 200

    async def test_a_site_has_no_more_than_a_network_of_what_work_buys(
        self, api: Api
    ) -> None:
        await flood(api)

        answers = [
            await tried(api, EMAIL, f"2001:db8:7:{number}::1", "wrong")
            for number in range(6)
        ]

        assert [each.status_code for each in answers] == [401] * 2 + [429] * 4

    async def test_who_works_at_home_has_no_less_than_who_does_not(
        self, api: Api
    ) -> None:
        """All that work buys may be used up, by a neighbour or by a botnet."""
        await owner(api)
        assert (await login(api, HOME)).status_code == 200
        await flood(api)
        refused = await login(api, HOME, password="wrong")
        for _ in range(2):
            spent = await login(
                api,
                HOME,
                password="wrong",
                proof=proof_of(refused.json()["challenge"]),
            )
            refused = await login(api, HOME, password="wrong")
        proof = proof_of(refused.json()["challenge"])

        inside = await login(api, HOME, proof=proof)

        assert spent.status_code == 401
        assert inside.status_code == 200
