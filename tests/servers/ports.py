"""Where test servers listen."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a loopback port that nobody listens on, and that nobody is offered soon.

    A process takes seconds to start, and meanwhile others ask for a port. One where a
    connection ended, closed first by who had accepted it, stays in TIME_WAIT: for a
    minute Linux gives it to nobody who wants any, and to whoever names it, with
    SO_REUSEADDR, as all servers do. Elsewhere somebody may be faster.
    """
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            probe.accept()[0].close()
    return port
