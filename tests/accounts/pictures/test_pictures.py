"""Pictures of people, from the file to whoever sees it."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from app.core.pictures.flaw import MAX_BYTES
from app.models import UserPicture
from app.services.server.runtime import Runtime
from tests.security.test_access_control import manager
from tests.support.api import Api, Person
from tests.support.authorization import rows
from tests.support.oauth import Protocol

FILES = Path(__file__).parent / "files"
PHONE = (FILES / "phone.jpg").read_bytes()
SCREEN = (FILES / "screen.png").read_bytes()
ISSUER = "http://localhost:8000"


async def put(
    api: Api,
    content: bytes,
    person: Person,
    whose: UUID | str = "me",
    kind: str = "image/png",
) -> Response:
    """Upload a picture: one's own, or somebody's."""
    headers = person.headers | {"Content-Type": kind}
    path = f"/api/v1/users/{whose}/picture"
    return await api.client.put(path, content=content, headers=headers)


async def picture_of(api: Api, person: Person) -> str | None:
    """Return what the account says of its picture."""
    found: str | None = (await api.get("/users/me", person)).json()["picture"]
    return found


async def seen(api: Api, address: str | None) -> Response:
    """Look at a picture, as a stranger's browser does."""
    assert address is not None and address.startswith(f"{ISSUER}/pictures/")
    return await api.client.get(address.removeprefix(ISSUER))


async def test_a_picture_is_uploaded_seen_by_anybody_and_told_to_applications(
    api: Api, protocol: Protocol
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps(), "openid profile")
    person = await api.person()

    answer = await put(api, PHONE, person, kind="image/jpeg")
    shown = await seen(api, answer.json()["picture"])

    assert answer.status_code == 200, answer.text
    assert answer.json()["picture"] == await picture_of(api, person)
    assert shown.status_code == 200
    assert shown.content.startswith(b"\xff\xd8\xff") and b"GPS" not in shown.content
    admin = await api.admin()
    await put(api, SCREEN, admin, whose=signed_in.user.id)
    claims = (await protocol.userinfo(signed_in.access)).json()
    assert (await seen(api, claims["picture"])).headers["content-type"] == "image/png"


async def test_what_is_served_is_a_picture_and_nothing_else(api: Api) -> None:
    """A stranger's bytes at our origin, which pages of other sites show."""
    address = (await put(api, SCREEN, await api.person())).json()["picture"]

    fields = (await seen(api, address)).headers

    assert fields["content-type"] == "image/png"
    assert fields["x-content-type-options"] == "nosniff"
    assert "sandbox" in fields["content-security-policy"]
    assert "default-src 'none'" in fields["content-security-policy"]
    assert fields["cache-control"] == "public, max-age=31536000, immutable"
    assert fields["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in fields


async def test_another_picture_has_another_address_and_the_first_is_gone(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    first = (await put(api, SCREEN, person)).json()["picture"]
    second = (await put(api, PHONE, person)).json()["picture"]

    assert first != second
    assert (await seen(api, first)).status_code == 404
    assert (await seen(api, second)).status_code == 200
    assert len(await rows(runtime, UserPicture)) == 1
    assert (await api.trail(person.id)).count("user.updated") == 2

    removed = await api.delete("/users/me/picture", person)

    assert removed.status_code == 204
    assert await picture_of(api, person) is None
    assert (await seen(api, second)).status_code == 404
    assert (await api.trail(person.id)).count("user.updated") == 3
    assert (await api.delete("/users/me/picture", person)).status_code == 204
    assert (await api.trail(person.id)).count("user.updated") == 3  # nothing changed


async def test_an_address_given_instead_ends_the_upload(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    upload = (await put(api, SCREEN, person)).json()["picture"]

    await api.patch("/users/me", {"name": "Ann"}, person)
    assert (await seen(api, upload)).status_code == 200
    elsewhere = "https://pictures.example/ann.png"
    await api.patch("/users/me", {"picture": elsewhere}, person)

    assert await picture_of(api, person) == elsewhere
    assert (await seen(api, upload)).status_code == 404
    assert await rows(runtime, UserPicture) == []


async def test_a_picture_goes_with_its_account_and_is_in_its_copy(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    address = (await put(api, SCREEN, person)).json()["picture"]
    [kept] = (await api.get("/users/me/export", person)).json()["pictures"]

    deleted = await api.delete("/users/me", person)

    assert kept["media_type"] == "image/png" and kept["content"].startswith("iVBOR")
    assert deleted.status_code == 204
    assert (await seen(api, address)).status_code == 404
    assert await rows(runtime, UserPicture) == []


async def test_administrators_change_pictures_of_whom_they_may_change(api: Api) -> None:
    person, admin = await api.person(), await api.admin()
    helper = await manager(api, "users:read", "users:write")

    given = await put(api, SCREEN, helper, whose=person.id)
    refused = await put(api, SCREEN, helper, whose=admin.id)
    nobody = await put(api, SCREEN, helper, whose=uuid4())
    stranger = await put(api, SCREEN, person, whose=admin.id)
    address = await picture_of(api, person)
    removed = await api.delete(f"/users/{person.id}/picture", helper)

    assert given.json()["picture"] == address
    assert [refused.status_code, nobody.status_code] == [403, 404]
    assert stranger.status_code == 403
    assert removed.status_code == 204 and await picture_of(api, person) is None
    assert (await api.delete(f"/users/{admin.id}/picture", helper)).status_code == 403
    assert await picture_of(api, admin) is None


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "image/png", 422, "missing"),
        (b"hello", "image/png", 422, "not_a_picture"),
        (SCREEN[:-9], "image/png", 422, "broken_picture"),
        (SCREEN, "text/html", 415, None),
        (SCREEN, "application/json", 415, None),
        (SCREEN + bytes(MAX_BYTES), "image/png", 413, None),
        (SCREEN + bytes(MAX_BYTES + 20_000), "image/png", 413, None),
    ],
)
async def test_what_is_not_taken_changes_nothing(
    api: Api, runtime: Runtime, content: bytes, kind: str, status: int, code: str | None
) -> None:
    person = await api.person()

    answer = await put(api, content, person, kind=kind)

    errors = answer.json().get("errors") or [{}]
    assert (answer.status_code, errors[0].get("code")) == (status, code), answer.text
    assert await picture_of(api, person) is None
    assert await rows(runtime, UserPicture) == []


async def test_whoever_is_not_signed_in_uploads_nothing(
    api: Api, runtime: Runtime
) -> None:
    fields = {"Content-Type": "image/png"}
    path = "/api/v1/users/me/picture"

    answer = await api.client.put(path, content=SCREEN, headers=fields)

    assert answer.status_code == 401
    assert await rows(runtime, UserPicture) == []


async def test_what_the_header_says_counts_for_nothing(api: Api) -> None:
    answer = await put(api, SCREEN, await api.person(), kind="image/jpeg")

    shown = await seen(api, answer.json()["picture"])

    assert shown.headers["content-type"] == "image/png"


@pytest.mark.parametrize("name", ["x", "0" * 32, str(UUID(int=7)), "A" * 32, "..%2fx"])
async def test_a_name_that_no_picture_has_is_not_found(api: Api, name: str) -> None:
    answer = await api.client.get(f"/pictures/{name}")

    assert answer.status_code == 404


async def test_whoever_changes_a_profile_too_often_waits(api: Api) -> None:
    person = await api.person()
    for _ in range(api.runtime.limits.profile_account.burst):
        await api.delete("/users/me/picture", person)

    answer = await put(api, SCREEN, person)

    assert answer.status_code == 429
    assert await picture_of(api, person) is None


async def test_files_that_are_refused_count_too(api: Api) -> None:
    """To judge a quarter of a megabyte is work that anybody could ask for."""
    person = await api.person()
    for _ in range(api.runtime.limits.profile_account.burst):
        assert (await put(api, SCREEN[:-9], person)).status_code == 422

    assert (await put(api, SCREEN[:-9], person)).status_code == 429
