"""What every server of the tests owes: nothing of it is left behind."""

import threading
from collections.abc import Iterator

import psutil
import pytest


@pytest.fixture(autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    threads = set(threading.enumerate())
    yield
    after = {child.pid for child in me.children(recursive=True)}
    assert after <= before
    # asyncio's own pool of threads outlives a call by design
    ours = [t for t in set(threading.enumerate()) - threads if "asyncio" not in t.name]
    assert ours == []
