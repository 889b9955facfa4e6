"""Who uses the pages, and an application that they come from."""

import pytest
from fastapi import FastAPI

from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.browser import Visitor


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A browser that keeps its cookies, and its person."""
    return Visitor(app)


@pytest.fixture
async def shop(runtime: Runtime) -> Application:
    """An application of the house, which asks for no consent."""
    return await ApplicationFactory(runtime)(columns={"is_first_party": True})
