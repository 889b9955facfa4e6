"""Service accounts that somebody answers for, among their applications."""

from html import unescape

from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor

PATH = "/applications"


async def test_who_answers_for_programs_sees_them_and_nobody_else_does(
    api: Api, visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    make, other = ApplicationFactory(runtime), await api.person()
    mine, off, theirs, nobodys = [(await make()).client_id for _ in range(4)]
    before = (await visitor.get(PATH)).text
    async with runtime.unit_of_work() as uow:
        for client_id, owner in ((mine, person), (off, person), (theirs, other)):
            row = await uow.oauth_clients.by_client_id(client_id)
            assert row is not None
            row.owner_id, row.client_name = owner.id, f"<b>{client_id}</b>"
            row.status = "disabled" if client_id == off else "active"

    page = (await visitor.get(PATH)).text
    text = unescape(page)

    assert "Service accounts" not in before and "Service accounts" in text
    assert mine in text and off in text and "Turned off" in text
    assert theirs not in text and nobodys not in text
    assert f"<b>{mine}" not in page
