"""A picture of oneself at ``/account/picture``, without any script."""

import re
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from app.core.pictures.flaw import MAX_BYTES
from app.models import UserPicture
from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.support.api import Api, Person
from tests.support.authorization import query_of, rows
from tests.support.browser import Visitor
from tests.support.page import Page

FILES = Path(__file__).parents[1] / "accounts/pictures/files"
PHONE = (FILES / "phone.jpg").read_bytes()
ELSEWHERE = "https://pictures.example/ann.png"


async def send(
    visitor: Visitor, content: bytes | None, fields: Any = None, **headers: str
) -> Response:
    """Send the form of the page, as a browser does: the file is the last part."""
    values = {"csrf": (await visitor.hidden("/account/profile"))["csrf"]} | (
        fields or {}
    )
    name = "" if content is None else "IMG_1.JPG"
    own = {"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"} | headers
    files = {"picture": (name, content or b"", "application/octet-stream")}
    return await visitor.http.post(
        "/account/picture", data=values, files=files, headers=own
    )


async def shown(visitor: Visitor) -> list[str | None]:
    """Return the addresses of the pictures on the page."""
    page = Page((await visitor.get("/account/profile")).text)
    return list(dict.fromkeys(each["src"] for each in page.all("img")))


async def test_a_picture_is_chosen_shown_and_removed(
    visitor: Visitor, person: Person
) -> None:
    assert await shown(visitor) == []

    saved = await send(visitor, PHONE)
    said = await visitor.get(saved.headers["location"])
    [address] = await shown(visitor)

    assert (saved.status_code, saved.headers["location"]) == (
        303,
        "/account/profile?done=picture",
    )
    assert "Your picture is saved." in said.text
    assert address is not None and address.startswith("/pictures/")  # our own origin
    picture = await visitor.get(address)
    assert picture.headers["content-type"] == "image/jpeg"
    assert b"GPS" in PHONE and b"GPS" not in picture.content

    removed = await send(visitor, None, {"remove": "yes"})

    assert (
        "Your picture is removed."
        in (await visitor.get(removed.headers["location"])).text
    )
    assert await shown(visitor) == []
    assert (await visitor.get(address)).status_code == 404


async def test_a_picture_elsewhere_is_never_loaded_and_can_be_removed(
    api: Api, visitor: Visitor, person: Person
) -> None:
    """It would tell a stranger who looks at the page, and from where."""
    await api.patch("/users/me", {"picture": ELSEWHERE}, person)

    page = (await visitor.get("/account/profile")).text
    await send(visitor, None, {"remove": "yes"})

    assert ELSEWHERE not in page and "Remove picture" in page
    assert (await api.get("/users/me", person)).json()["picture"] is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Choose a picture."),
        (b"%PDF-1.7", "Choose a PNG, JPEG or WebP picture."),
        (PHONE[:-9], "This picture is damaged"),
        (PHONE + bytes(MAX_BYTES), "A picture may have 256 KB at most."),
    ],
)
async def test_what_is_no_picture_is_said_beside_the_field(
    visitor: Visitor,
    person: Person,
    runtime: Runtime,
    content: bytes | None,
    sentence: str,
) -> None:
    answer = await send(visitor, content)

    field = Page(answer.text).inputs["picture"]
    assert answer.status_code == 422
    assert field["aria-invalid"] == "true"
    assert sentence in answer.text.partition('id="picture-error">')[2][:80]
    assert 'value="Ada"' in answer.text  # the rest of the profile is as it was
    assert await rows(runtime, UserPicture) == []


async def test_a_file_of_megabytes_is_refused_with_a_page_that_says_why(
    visitor: Visitor, person: Person
) -> None:
    answer = await send(visitor, PHONE + bytes(1024 * 1024))

    assert answer.status_code == 413
    assert "A picture may have 256 KB at most" in answer.text


async def test_a_form_of_elsewhere_changes_nothing(
    visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    foreign = await send(visitor, PHONE, {"csrf": "x"})
    cross = await send(visitor, PHONE, **{"Sec-Fetch-Site": "cross-site"})
    plain = await visitor.submit("/account/picture", {"picture": "x"})
    parts = [("csrf", (None, "x")), ("csrf", (None, "y"))]
    own = {"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"}
    twice = await visitor.http.post("/account/picture", files=parts, headers=own)
    broken = await visitor.http.post(
        "/account/picture",
        content=b"--b\r\nnonsense",
        headers=own | {"Content-Type": "multipart/form-data"},
    )

    assert [foreign.status_code, cross.status_code, plain.status_code] == [
        403,
        403,
        415,
    ]
    assert [twice.status_code, broken.status_code] == [400, 400]
    assert await rows(runtime, UserPicture) == []


async def test_nobody_uploads_without_signing_in(
    visitor: Visitor, runtime: Runtime
) -> None:
    own = {"Origin": visitor.origin, "Sec-Fetch-Site": "same-origin"}
    files = {"picture": ("a.jpg", PHONE, "image/jpeg")}

    answer = await visitor.http.post("/account/picture", files=files, headers=own)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/signin")
    assert await rows(runtime, UserPicture) == []


async def test_accounts_of_a_browser_are_seen_by_their_pictures(
    api: Api,
    visitor: Visitor,
    person: Person,
    applications: ApplicationFactory,
) -> None:
    """At the front door, the choice and consent; never from somebody's address."""
    await send(visitor, PHONE)
    [address] = await shown(visitor)
    other = await api.person(name="Eve")
    await api.patch("/users/me", {"picture": ELSEWHERE}, other)
    await visitor.sign_in(other.email)
    shop = await applications()

    home = (await visitor.get("/")).text
    asked = await visitor.http.get("/oauth2/authorize", params=query_of(shop))
    flow = asked.headers["location"].partition("?flow=")[2]
    choice = (await visitor.get(f"/select-account?flow={flow}")).text
    [button] = re.findall(r'<button[^>]*value="(\w+)">.{,9}<img', choice)
    csrf = Page(choice).inputs["csrf"]["value"]
    fields = {"csrf": csrf, "flow": flow, "account": button}
    await visitor.post("/select-account", fields)
    consent = (await visitor.get(f"/consent?flow={flow}")).text

    for page in (home, choice, consent):
        found = [each["src"] for each in Page(page).all("img")]
        assert found == [address], page
        assert ELSEWHERE not in page


async def test_the_way_to_the_console_is_for_who_may_enter(
    api: Api, visitor: Visitor, person: Person
) -> None:
    before = (await visitor.get("/account")).text
    admin = await api.admin()
    await visitor.sign_in(admin.email)
    after = (await visitor.get("/account")).text

    assert 'href="/admin"' not in before
    assert after.count('href="/admin"') == 1 and "Open the console" in after
