"""Who comes from elsewhere, and where from."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.connections.provider import Provider
from tests.support.browser import Visitor
from tests.support.chance import FakeClock


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}, "registration": "verified"}


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A browser that keeps its cookies."""
    return Visitor(app)


@pytest.fixture
async def provider(clock: FakeClock) -> AsyncIterator[Provider]:
    """A provider of identity over real HTTP."""
    with Provider(clock) as server:
        yield server
