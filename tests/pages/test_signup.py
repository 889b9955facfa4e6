"""Making an account with a browser, in each mode of registration."""

import pytest

from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor, flow_at
from tests.support.page import Page

NEW = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}


async def test_an_account_is_made_and_signed_in(api: Api, visitor: Visitor) -> None:
    flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())
    page = Page((await visitor.get(f"/signup?flow={flow}")).text)

    made = await visitor.submit(f"/signup?flow={flow}", NEW)

    found = {name: tag.get("autocomplete") for name, tag in page.inputs.items()}
    assert found == {
        "csrf": None,
        "flow": None,
        "email": "username webauthn",
        "name": "name",
        "password": "new-password",
    }
    assert (made.status_code, made.headers["location"]) == (
        303,
        f"/oauth2/resume?flow={flow}",
    )
    assert await visitor.who() == NEW["email"]
    assert [mail["template"] for mail in await api.mails()] == ["verify_email"]
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(NEW["email"])
    assert user is not None and user.name == "Ada"
    assert await api.trail(user.id) == [
        "user.registered",
        "email.verification_requested",
        "sign_in.succeeded",
    ]
    assert (await api.login(NEW["email"])).status_code == 200


async def test_an_address_with_an_account_is_refused_and_signs_nobody_in(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)

    refused = await visitor.submit("/signup", NEW | {"email": user.email})

    page = Page(refused.text)
    assert refused.status_code == 409
    assert page.inputs["email"]["value"] == user.email
    assert page.inputs["name"]["value"] == "Ada"
    assert "value" not in page.inputs["password"]
    assert await visitor.who() == ""


async def test_a_bad_password_makes_nothing(api: Api, visitor: Visitor) -> None:
    refused = await visitor.submit("/signup", NEW | {"password": "password"})

    assert refused.status_code == 422
    assert Page(refused.text).inputs["password"]["aria-invalid"] == "true"
    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert await uow.users.by_email(NEW["email"]) is None
    more = await visitor.submit("/signup", NEW | {"invitation": "x", "roles": "admin"})
    assert more.status_code == 422


async def test_a_form_without_its_token_makes_nothing(
    api: Api, visitor: Visitor
) -> None:
    refused = await visitor.post("/signup", NEW)

    assert refused.status_code == 403
    assert await api.mails() == []


class TestVerified:
    """Where an address has to be confirmed first."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"registration": "verified"}

    async def test_t089_everybody_is_led_to_the_mailbox(
        self, api: Api, visitor: Visitor
    ) -> None:
        known = await api.users.with_password(PASSWORD)
        flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())

        answers = [
            await visitor.submit(f"/signup?flow={flow}", NEW | {"email": email})
            for email in (known.email, "new@example.com")
        ]
        done = await visitor.get(answers[0].headers["location"])

        for answer in answers:
            assert answer.headers["location"] == f"/done/registered?flow={flow}"
            assert (answer.status_code, answer.content) == (303, b"")
            assert "set-cookie" not in answer.headers
        links = [tag["href"] for tag in Page(done.text).all("a")]
        assert links == [f"/verify-email?flow={flow}", f"/signin?flow={flow}"]
        assert await visitor.who() == ""

    async def test_whoever_confirmed_the_address_signs_in(
        self, api: Api, visitor: Visitor
    ) -> None:
        await visitor.submit("/signup", NEW)
        early = await visitor.sign_in(NEW["email"])
        token = (await api.mailed("verify_email")).token
        await visitor.post("/verify-email", {"token": token})

        entered = await visitor.sign_in(NEW["email"])

        assert (early.status_code, entered.status_code) == (403, 303)
        assert await visitor.who() == NEW["email"]


@pytest.mark.parametrize("mode", ["invite", "closed"])
class TestWithoutRegistration:
    """Where nobody makes an account for themselves."""

    @pytest.fixture
    def options(self, mode: str) -> dict[str, object]:
        return {"registration": mode}

    async def test_the_page_explains_and_refuses(
        self, api: Api, visitor: Visitor, mode: str
    ) -> None:
        shown = await visitor.get("/signup")
        # A form that was opened before the operator closed the door.
        csrf = (await visitor.hidden("/signin"))["csrf"]
        refused = await visitor.post("/signup", NEW | {"csrf": csrf})
        signin = Page((await visitor.get("/signin")).text)

        assert (shown.status_code, refused.status_code) == (200, 403)
        for answer in (shown, refused):
            page = Page(answer.text)
            assert page.inputs == {} and page.all("button") == []
            assert ("invitation" in answer.text) == (mode == "invite")
        assert "/signup" not in [tag["href"] for tag in signin.all("a")]
        async with api.runtime.unit_of_work(read_only=True) as uow:
            assert await uow.users.by_email(NEW["email"]) is None
