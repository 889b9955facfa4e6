"""Who lost them."""

import pytest

from tests.sign_in.lost.recovery import loser
from tests.support.api import Api, Person


@pytest.fixture
async def person(api: Api) -> Person:
    """Somebody with an app, a passkey and recovery codes, all of them lost."""
    return await loser(api)
