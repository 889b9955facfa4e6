"""Signing in at our own page by real directories: what they say of a password."""

import pytest
from fastapi import FastAPI

from tests.directories.test_sign_in import sign_in
from tests.federation.servers.directory import PASSWORD, Directory
from tests.federation.test_directory_sync import connect_with
from tests.support.api import Api
from tests.support.browser import Visitor

TOLD = "/signin/expiring"


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


async def test_of_a_password_that_ends_soon_its_owner_is_told_behind_the_sign_in(
    api: Api, app: FastAPI, directory: Directory
) -> None:
    """Where the directory says it by itself, which Active Directory does not."""
    await connect_with(api, directory, directory.reader)
    told = {}
    for person in directory.people.values():
        if person.login not in ("ann", "bea", "wes"):
            continue  # the others cannot, or not often, or with another password
        visitor = Visitor(app)
        answer = await sign_in(visitor, person.login, PASSWORD)
        assert answer.status_code == 303, (person.login, answer.text)
        assert await visitor.who() == person.mail
        if answer.headers["location"] == TOLD:
            told[person.login] = (await visitor.get(TOLD)).text

    assert list(told) == [each for each in ("wes",) if each in directory.people]
    assert all("Your password of Firm expires on" in page for page in told.values())
