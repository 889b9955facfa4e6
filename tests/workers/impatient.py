"""Workers that are soon taken for hung, and hang at SIGUSR1 as a loop does for ever."""

import signal
import time

from app.cli.__main__ import main
from app.cli.workers import heartbeats


def hang(*_: object) -> None:
    """Keep the thread of the event loop; all others go on."""
    while True:
        time.sleep(1)


heartbeats.SILENCE, heartbeats.BEAT = 5.0, 0.5
signal.signal(signal.SIGUSR1, hang)
main()
