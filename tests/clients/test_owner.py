"""Service accounts: programs that somebody answers for (ADR-0089)."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.services.server.runtime import Runtime
from tests.support.api import Api, Person
from tests.support.client import events, fields

BACKUP: dict[str, Any] = {
    "client_id": "backup",
    "client_name": "Backup",
    "grant_types": ["client_credentials"],
    "response_types": [],
    "redirect_uris": [],
    "scope": "orders:read",
}


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"scopes": {"orders:read": "See your orders"}}}


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


async def token_for(api: Api, secret: str) -> int:
    answer = await api.client.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("backup", secret),
    )
    return answer.status_code


async def owned(api: Api, admin: Person, owner_id: UUID) -> dict[str, Any]:
    """Make a program that an account answers for; return the answer."""
    body = BACKUP | {"owner_id": str(owner_id)}
    answer = await api.post("/clients", body, admin)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_owner_is_named_shown_found_changed_and_taken_away(
    api: Api, admin: Person, runtime: Runtime
) -> None:
    ann, bob = await api.person(), await api.person()
    made = await owned(api, admin, ann.id)
    await api.post("/clients", BACKUP | {"client_id": "other"}, admin)

    read = (await api.get("/clients/backup", admin)).json()
    of_ann = (await api.get(f"/clients?owner_id={ann.id}", admin)).json()["items"]
    change = {"owner_id": str(bob.id)}
    changed = await api.patch("/clients/backup", change, admin)
    left = (await api.get(f"/clients?owner_id={ann.id}", admin)).json()["items"]
    taken = await api.patch("/clients/backup", {"owner_id": None}, admin)

    assert made["owner_id"] == read["owner_id"] == str(ann.id)
    assert [each["client_id"] for each in of_ann] == ["backup"]
    assert changed.json()["owner_id"] == str(bob.id) and left == []
    assert taken.json()["owner_id"] is None
    updates = await events(runtime, "oauth_client.updated")
    assert [each.data["fields"] for each in updates] == [["owner_id"]] * 2


async def test_a_copy_of_an_account_names_what_it_answers_for(
    api: Api, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.accounts.export.BATCH", 2)
    ann, bob = await api.person(), await api.person()
    names = [f"job-{number}" for number in range(5)]
    for name in names:
        body = BACKUP | {"client_id": name, "owner_id": str(ann.id)}
        assert (await api.post("/clients", body, admin)).status_code == 201

    copies = [await api.get("/users/me/export", each) for each in (ann, bob)]

    [of_ann, of_bob] = [each.json()["owned_clients"] for each in copies]
    assert [each["client_id"] for each in of_ann] == names and of_bob == []
    assert of_ann[0]["status"] == "active" and of_ann[0]["client_name"] == "Backup"
    # How it is set up is the operator's, not the owner's.
    assert {"document", "token_exchange", "claim_mappings"}.isdisjoint(of_ann[0])


@pytest.mark.parametrize("kind", ["unknown", "disabled"])
async def test_nobody_who_cannot_answer_becomes_an_owner(
    api: Api, admin: Person, kind: str
) -> None:
    ann = await api.person()
    await owned(api, admin, ann.id)
    nobody = uuid4()
    if kind == "disabled":
        nobody = (await api.users(status="disabled")).id

    made = BACKUP | {"client_id": "new", "owner_id": str(nobody)}
    refused = await api.post("/clients", made, admin)
    change = {"owner_id": str(nobody), "client_name": "Changed"}
    unchanged = await api.patch("/clients/backup", change, admin)

    assert fields(refused) == fields(unchanged) == ["owner_id"]
    assert "active account" in refused.text
    assert (await api.get("/clients/new", admin)).status_code == 404
    read = (await api.get("/clients/backup", admin)).json()
    assert (read["owner_id"], read["client_name"]) == (str(ann.id), "Backup")


@pytest.mark.parametrize("end", ["disabled", "deleted"])
async def test_a_program_runs_on_when_its_owner_is_gone_and_keeps_the_name(
    api: Api, admin: Person, end: str
) -> None:
    ann = await api.person()
    secret = (await owned(api, admin, ann.id))["client_secret"]
    if end == "disabled":
        answer = await api.patch(f"/users/{ann.id}", {"status": "disabled"}, admin)
    else:
        answer = await api.delete(f"/users/{ann.id}", admin)
    assert answer.is_success, answer.text

    renamed = {"client_name": "Nightly backup", "owner_id": str(ann.id)}
    changed = await api.patch("/clients/backup", renamed, admin)

    assert await token_for(api, secret) == 200
    assert changed.status_code == 200, changed.text  # the owner is not new
    assert changed.json()["owner_id"] == str(ann.id)


async def test_owning_a_program_opens_nothing(api: Api, admin: Person) -> None:
    ann = await api.person()
    await owned(api, admin, ann.id)

    answers = [
        await api.get("/clients/backup", ann),
        await api.patch("/clients/backup", {"client_name": "Mine"}, ann),
        await api.post("/clients/backup/secrets", {}, ann),
    ]

    assert {each.status_code for each in answers} == {403}
