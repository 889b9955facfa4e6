"""An installation that allows personal access tokens."""

import pytest

from tests.personal_tokens.maker import Tokens
from tests.support.api import Api


@pytest.fixture
def options() -> dict[str, object]:
    """Allowed, and few."""
    return {"personal_tokens": {"enabled": True, "max_per_user": 3}}


@pytest.fixture
def tokens(api: Api) -> Tokens:
    """Makes tokens by the API, and uses them."""
    return Tokens(api)
