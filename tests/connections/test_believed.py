"""What is believed of whoever comes: who was invited, and what is so by now."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.services.upstreams.sign_in import UpstreamSignInService
from tests.connections.provider import Provider
from tests.connections.support import (
    ANN,
    IS_ANN,
    OPEN,
    account,
    come,
    connect,
    groups_of,
    leave,
    refusal,
)
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page


@pytest.mark.parametrize(
    ("rule", "is_pending", "is_let_in"),
    [
        ("closed", True, False),
        ("closed", False, False),
        ("invited", True, True),
        ("invited", False, False),
        ("anybody", False, True),
    ],
)
async def test_an_invitation_that_lapsed_is_none(
    api: Api,
    visitor: Visitor,
    provider: Provider,
    clock: FakeClock,
    rule: str,
    is_pending: bool,
    is_let_in: bool,
) -> None:
    await connect(api, provider, **OPEN | {"account_rule": rule})
    body = {"email": ANN}
    assert (await api.post("/users", body, await api.admin())).status_code == 201
    if not is_pending:
        clock.advance(days=60)

    answer = await come(visitor, provider, **IS_ANN)

    assert answer.status_code == (303 if is_let_in else 403)
    assert (await account(api)).email_verified is is_let_in
    if not is_let_in:
        assert (await refusal(api))["reason"] == "account_rule"


async def test_t079_an_account_that_is_off_is_emptied_with_the_link(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """Mallory's account of Ann's address was disabled; it is enabled again later."""
    await api.post("/auth/register", {"email": ANN, "password": PASSWORD})
    user, root = await account(api), await api.admin()
    await api.patch(f"/users/{user.id}", {"status": "disabled"}, root)
    await connect(api, provider, **OPEN)

    came = await come(visitor, provider, **IS_ANN)
    await api.patch(f"/users/{user.id}", {"status": "active"}, root)

    assert came.status_code == 403 and await visitor.who() == ""
    assert "upstream.linked" in await api.trail(user.id)
    assert (await api.login(ANN)).status_code == 401
    assert (await account(api)).password_hash is None


async def test_what_is_believed_is_what_is_believed_once_they_are_back(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """An administrator takes it back while the provider is being asked."""
    root = await api.admin()
    await api.post("/groups", {"name": "staff"}, root)
    follow = {"groups": {"claim": "groups", "groups": {"S": "staff"}}}
    made = await connect(
        api, provider, **OPEN, trusts_factors=True, follow={"profile": {}, **follow}
    )
    await come(visitor, provider, **IS_ANN)
    user = await account(api)
    await FactorFactory(api.runtime).totp(user.id)
    url = await leave(visitor)
    provider.person = IS_ANN | {"amr": ["mfa"], "groups": ["S"]}
    change = {"trusts_factors": False, "follow": {"profile": {}, "groups": {}}}
    served = UpstreamSignInService._is_known  # noqa: SLF001 - the provider answered

    async def late(self: UpstreamSignInService, *given: Any) -> Any:
        answer = await api.patch(f"/connections/{made}", change, root)
        assert answer.status_code == 200, answer.text
        return await served(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UpstreamSignInService, "_is_known", late)
        back = await visitor.get(provider.back(url))

    assert back.headers["location"] == "/signin/verify"
    assert await groups_of(api, user.id) == []


async def test_t085_an_address_of_two_people_there_is_no_account_of_both(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    """Ann left, and another Ann has her address; or both read one mailbox."""
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    user, other = await account(api), Visitor(app)

    led = await come(other, provider, sub="another-ann", **IS_ANN)
    page = await other.get(led.headers["location"])
    again = Visitor(app)
    await come(again, provider, **IS_ANN)

    assert led.headers["location"] == "/signin" and await other.who() == ""
    assert "To connect Elsewhere" in page.text
    assert (await api.trail(user.id)).count("upstream.linked") == 1
    assert await again.who() == ANN


async def test_t085_who_has_another_name_there_by_now_proves_the_account(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await connect(api, provider, **OPEN)
    await come(Visitor(app), provider, **IS_ANN)
    user = await account(api)

    await come(visitor, provider, sub="ann-anew", **IS_ANN)
    sent = await visitor.submit("/signin/code", {"email": ANN})
    code = (await api.mailed("email_code")).code
    fields = Page(sent.text).hidden() | {"email": ANN, "code": code}
    proven = await visitor.post("/signin/code", fields)
    await visitor.submit("/signin/connect", {"connect": "yes"})
    again = Visitor(app)
    await come(again, provider, sub="ann-anew", **IS_ANN)

    assert proven.headers["location"] == "/signin/connect"
    assert (await api.trail(user.id)).count("upstream.linked") == 2
    assert await again.who() == ANN
