"""Addresses and names as administrators give, search and people write them."""

import pytest
from httpx2 import AsyncClient

from tests.accounts.test_addresses import OTHER, user_of
from tests.support.api import Api


class TestAdministrators:
    """An address on an administrator's word."""

    @pytest.mark.parametrize("verified", [True, False])
    async def test_both_addresses_are_told_and_the_trail_says_who(
        self, api: Api, verified: bool
    ) -> None:
        admin, person = await api.admin(), await api.person(email="old@example.com")
        await api.post("/auth/forgot-password", {"email": "old@example.com"})
        link = await api.mailed("reset_password")

        change = {"email": " new@Faß.example", "email_verified": verified}
        answer = await api.patch(f"/users/{person.id}", change, admin)

        shown = answer.json()
        assert (answer.status_code, shown["email"]) == (200, "new@faß.example")
        assert shown["email_verified"] is verified
        told = {(m["template"], m["to"]) for m in (await api.mails())[-2:]}
        template = "email_set" if verified else "verify_email"
        assert told == {
            ("email_changed", "old@example.com"),
            (template, "new@faß.example"),
        }
        assert (await api.login("new@xn--fa-hia.example")).status_code == 200
        reset = {"token": link.token, "new_password": OTHER}
        assert (await api.post("/auth/reset-password", reset)).status_code == 400
        events = (await api.get(f"/audit-events?user_id={person.id}", admin)).json()
        changed = [e for e in events["items"] if e["name"] == "email.changed"]
        assert [e["actor_id"] for e in changed] == [str(admin.id)]

    async def test_a_proof_is_noted_and_a_taken_address_is_refused(
        self, api: Api
    ) -> None:
        admin = await api.admin()
        waiting = await api.users(email="w@example.com", email_verified=False)
        taken = await api.users(email="taken@example.com")

        path = f"/users/{waiting.id}"
        proven = await api.patch(path, {"email_verified": True}, admin)
        back = await api.patch(path, {"email_verified": False}, admin)
        refused = await api.patch(path, {"email": "TAKEN@example.com"}, admin)
        manager = await api.person()
        forbidden = await api.patch(path, {"email": "a@b.example"}, manager)

        assert proven.json()["email_verified"] is True
        assert "email.verified" in await api.trail(waiting.id)
        assert (back.status_code, refused.status_code) == (422, 409)
        assert forbidden.status_code == 403
        found = await user_of(api.runtime, "taken@example.com")
        assert found and found.id == taken.id

    @pytest.mark.parametrize(
        "query",
        [
            " ann ",
            "ann@faß.example",
            "ANN@XN--FA-HIA",
            "ann@faß。example",
            "\u200bann@fa",
            "li  sa",
            "Li Sa",
            "نامه ای".replace(" ", ""),
            "دوست",
        ],
    )
    async def test_search_finds_what_the_list_shows(
        self, api: Api, client: AsyncClient, query: str
    ) -> None:
        admin = await api.admin()
        await api.users(
            email="ann@faß.example",
            name="نامه\u200cای",
            given_name="Li Sa",
            family_name="دوست",
        )

        answer = await client.get(
            "/api/v1/users", params={"q": query}, headers=admin.headers
        )

        assert [u["email"] for u in answer.json()["items"]] == ["ann@faß.example"]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("نامه\u200cای", "نامه\u200cای"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("രാജന്\u200d", "രാജന്\u200d"),
        ("山田\u3000太郎", "山田 太郎"),
        (" \ufeffAnn\u200b ", "Ann"),
    ],
)
async def test_names_are_kept_as_people_write_them(
    api: Api, typed: str, stored: str | None
) -> None:
    person = await api.person()

    for field in ("name", "given_name", "family_name"):
        answer = await api.patch("/users/me", {field: typed}, person)
        assert answer.json()[field] == (stored or typed)


@pytest.mark.parametrize(
    "name", ["a\u202eb", "\u200fb", "a\u2067b", "a\x07b", "a\u2028b", "a\U000e0041"]
)
async def test_what_reorders_or_controls_is_no_name(api: Api, name: str) -> None:
    person = await api.person()

    answer = await api.patch("/users/me", {"name": name}, person)

    assert answer.status_code == 422
