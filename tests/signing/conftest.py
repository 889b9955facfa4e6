"""A token for each test, and none where SoftHSM is not installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signing.softhsm import SoftHsm, lent


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    """Return a token that is plugged in and empty."""
    with lent(tmp_path) as token:
        yield token
