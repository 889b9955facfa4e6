"""One of several processes that accept from the same sockets."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import Server as UvicornServer

from app.cli.http.server import Server
from app.cli.serve import announce, server_config
from app.cli.workers import heartbeats
from app.cli.workers.pipes import Pipes
from app.core.logging import configure_logging
from app.core.stopping import Stopping

if TYPE_CHECKING:
    from app.cli.workers.nursery import Batch
    from app.config import Settings

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_REST = 1.0  # seconds without accepting, where there is no room for a connection


def work(batch: "Batch", settings: "Settings", *, is_first: bool) -> None:
    """Serve until told to end.

    Args:
        batch: Sockets and pipes.
        settings: Of one worker.
        is_first: Of all; it says what people have to know once.
    """
    batch.pipes.report("born")
    configure_logging(settings.log_level, human=settings.logs_for_people)
    application = import_module("app.main").app
    application.state.tells_link = is_first

    def ready() -> None:
        if is_first:
            announce(settings, batch.listening)
        batch.pipes.report("ready", settings.accepts_while_stopping)

    stopping = application.state.runtime.stopping
    config = server_config(settings)
    WorkerServer(config, batch.listening, ready, batch.pipes, stopping).run()


class WorkerServer(Server):
    """Accepts one connection at a time, so that who has less to do accepts more.

    Where everybody inherits the socket, no connection is lost with a worker that dies:
    the queue is everybody's. It outlives each of them until all of them end.
    """

    def __init__(
        self,
        config: Config,
        listening: Sequence[socket.socket],
        announce: Callable[[], None],
        pipes: Pipes,
        stopping: Stopping,
    ) -> None:
        """Prepare.

        Args:
            config: Of uvicorn.
            listening: Bound sockets that others have as well.
            announce: Called when requests are taken.
            pipes: They tell when everybody ends.
            stopping: Of the application.
        """
        super().__init__(config, listening, announce)
        self._pipes = pipes
        self._stopping = stopping
        self._accepting: set[asyncio.Task[None]] = set()
        self._beat_at = 0.0

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; uvicorn is given no socket."""
        UvicornServer.run(self, [])

    def leave(self) -> None:
        """End alone, at once: others serve whoever comes."""
        self._stopping.is_begun = True
        self._accept_no_more()
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Tell the supervisor now and then that the event loop turns."""
        now = asyncio.get_running_loop().time()
        if now >= self._beat_at:
            self._beat_at = now + heartbeats.BEAT
            self._pipes.beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; empty the queues only if nobody else will."""
        self._pipes.report("ending")
        self._accept_no_more()
        asyncio.get_running_loop().remove_reader(self._pipes.end)
        if self._pipes.is_ending():
            await super().shutdown(sockets)
            return
        for each in self.listening:
            each.close()
        await UvicornServer.shutdown(self, sockets)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pipes.end, self._end)
        loop.add_signal_handler(signal.SIGHUP, self.leave)
        for each in self.listening:
            each.listen(self.config.backlog)
            self._accept_from(each)

    def _accept_from(self, listening: socket.socket) -> None:
        accept = partial(self._accept, listening)
        asyncio.get_running_loop().add_reader(listening, accept)

    def _accept_no_more(self) -> None:
        for each in self.listening:
            asyncio.get_running_loop().remove_reader(each)

    def _accept(self, listening: socket.socket) -> None:
        try:
            made, _ = listening.accept()
        except OSError as error:  # somebody else was faster, or the client has gone
            if error.errno in _NO_ROOM:
                loop = asyncio.get_running_loop()
                loop.remove_reader(listening)
                loop.call_later(_REST, self._accept_again, listening)
            return
        made.setblocking(False)
        task = asyncio.ensure_future(self._take_in(made))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    def _accept_again(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0 and not self.should_exit:
            self._accept_from(listening)

    def _end(self) -> None:
        """End with all the others, as if each had been sent the signal."""
        asyncio.get_running_loop().remove_reader(self._pipes.end)
        if not self._stopping.is_begun:
            signal.raise_signal(signal.SIGTERM)
