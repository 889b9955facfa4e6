"""What each of several workers may take, by its environment."""

import os
from unittest.mock import patch

import pytest

from app.cli.workers.shares import share_out
from app.config import Settings, load_settings
from tests.conftest import SECRET


def share(count: int) -> tuple[Settings, Settings]:
    chosen = {
        "AUTH_SERVE_SECRET_KEY": SECRET,
        "AUTH_SERVE_SMTP__URL": "smtp://127.0.0.1:9",
        "auth_serve_max_streams": "20",  # names are read in any case
    }
    with patch.dict(os.environ, chosen):
        alone = load_settings()
        return alone, share_out(alone, count, None)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_together_they_take_no_more_than_one_process(count: int) -> None:
    alone, each = share(count)

    for name in ("max_connections", "max_streams"):
        assert 1 <= getattr(each, name) == getattr(alone, name) // count
    kept = alone.retention.refused_requests_per_minute
    assert each.retention.refused_requests_per_minute == kept // count
    assert each.retention.answered_requests_per_minute == 0


def test_nobody_has_none() -> None:
    _, each = share(500)

    assert (each.max_streams, each.max_connections) == (1, 1)
    assert each.retention.refused_requests_per_minute == 1
