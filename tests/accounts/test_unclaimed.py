"""An account that somebody made of an address that they never proved."""

from typing import Any

import pytest

from tests.support.api import PASSWORD, Api, Person

SQUATTED = "a squatter's good passphrase"
EMAIL = "victim@example.com"


@pytest.mark.parametrize("way", ["link", "code", "verification"])
async def test_its_maker_ends_no_link_of_the_mailbox_s_owner(
    api: Api, way: str
) -> None:
    body = {"email": EMAIL, "password": SQUATTED}
    made = await api.post("/auth/register", body)
    await api.post("/auth/forgot-password", {"email": EMAIL})
    await api.post("/auth/email-code", {"email": EMAIL})
    person = Person(made.json()["id"], EMAIL)
    person = await api.signed_in(person, SQUATTED)

    change = {"current_password": SQUATTED, "new_password": f"{SQUATTED} 2"}
    changed = await api.post("/auth/change-password", change, person)
    await api.post("/users/me/email", {"email": "squatter@example.com"}, person)

    assert changed.status_code == 204
    path, proof = await _proof(api, way)
    assert (await api.post(path, proof)).is_success
    if way != "verification":  # that click says: I made this account
        assert (await api.get("/users/me", person)).status_code == 401
        assert (await api.login(EMAIL, f"{SQUATTED} 2")).status_code == 401


async def _proof(api: Api, way: str) -> tuple[str, dict[str, Any]]:
    """Return what the owner of the mailbox does."""
    if way == "code":
        code = (await api.mailed("email_code")).code
        return "/auth/email-code/verify", {"email": EMAIL, "code": code}
    if way == "link":
        token = (await api.mailed("reset_password")).token
        return "/auth/reset-password", {"token": token, "new_password": PASSWORD}
    return "/auth/verify-email", {"token": (await api.mailed("verify_email")).token}


async def test_who_proved_the_address_ends_links_with_the_password(api: Api) -> None:
    person = await api.person(email=EMAIL)
    await api.post("/auth/forgot-password", {"email": EMAIL})
    link = await api.mailed("reset_password")

    change = {"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    await api.post("/auth/change-password", change, person)

    reset = {"token": link.token, "new_password": PASSWORD}
    assert (await api.post("/auth/reset-password", reset)).status_code == 400
