"""Who uses the pages."""

import pytest
from fastapi import FastAPI

from tests.support.api import Api, Person
from tests.support.browser import Visitor


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A browser that keeps its cookies, and its person."""
    return Visitor(app)


@pytest.fixture
async def person(api: Api, visitor: Visitor) -> Person:
    """Somebody who signed in at the visitor's browser just now."""
    person = await api.person(name="Ada")
    assert (await visitor.sign_in(person.email)).status_code == 303
    return person
