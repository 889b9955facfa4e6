"""When tests of what ended begin."""

import pytest

from app.oauth.resources.revoked import REVOKED_TTL
from tests.support.chance import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that begins where lists are signed anew, and has long until the next.

    That is news to whoever waits, and would come in the middle of a test by chance.
    """
    clock, half = FakeClock(), REVOKED_TTL // 2
    clock.advance(seconds=half - int(clock.now().timestamp()) % half)
    return clock
