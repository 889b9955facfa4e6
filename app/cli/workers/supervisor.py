"""Keeps workers going behind one port; imports nothing that is large (ADR-0096)."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from app.cli.workers import heartbeats
from app.cli.workers.children import HANDLED, Nursery, Worker, fork
from app.cli.workers.deaths import Deaths
from app.cli.workers.pipes import Pipes

_SLACK = 40.0  # seconds past the delay of a stop, for requests and jobs under way
_ECHO = 0.2  # seconds in which one wish to stop may arrive twice, as from timeout(1)
_SILENT = f"did nothing for {heartbeats.SILENCE:g} s and was killed"


class Supervisor:
    """Has as many workers as it was told, until a signal or their end ends it.

    All that it does follows from who lives: `_step` is asked again after each event.
    """

    def __init__(
        self,
        count: int,
        listening: Sequence[socket.socket],
        pipes: Pipes,
        nurse: Callable[[int], object],
    ) -> None:
        """Prepare.

        Args:
            count: Workers.
            listening: Bound sockets, which every worker inherits.
            pipes: To talk with them.
            nurse: What a nursery does, with the pipe that it reads its orders from.
        """
        self._count = count
        self._listening = listening
        self._pipes = pipes
        self._nurse = nurse
        self._workers: dict[int, Worker] = {}
        self._nursery: Nursery | None = None
        self._deaths = Deaths()
        self._heartbeats = heartbeats.Heartbeats()
        self._generation = 0
        self._reload = False
        self._has_served = False
        self._delay = 0.0
        self._outcome: int | None = None  # exit code; below zero, minus the signal
        self._ended_at = 0.0
        self._now = time.monotonic
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Supervise; return the exit code, or the signal as a number below zero."""
        woken, waking = socket.socketpair()
        for end in (woken, waking):
            end.setblocking(False)
        signal.set_wakeup_fd(waking.fileno())
        for number in HANDLED:
            signal.signal(number, lambda *_: None)
        self._selector.register(woken, selectors.EVENT_READ)
        self._selector.register(self._pipes.reports, selectors.EVENT_READ)
        turned_at = self._now()
        while True:
            self._step(turned_at)
            patience = self._patience()
            self._selector.select(patience)
            before, turned_at = turned_at, self._now()
            if turned_at - before > patience + heartbeats.LATE:
                self._heartbeats.spare(turned_at)
            try:
                for caught in woken.recv(4_096):
                    self._take_signal(caught)
            except BlockingIOError:
                pass
            if not self._reap() and self._outcome is not None:
                return self._outcome

    def _step(self, turned_at: float) -> None:
        """Do what is next, if anything is.

        Silence is counted to the turn, not to now: whoever stood still since then has
        not been told apart from whoever was frozen together with us.
        """
        now = self._now()
        if self._outcome is not None:
            if now >= self._ended_at + self._delay + _SLACK:
                self._signal_all(signal.SIGKILL)
            return
        for pid in self._heartbeats.silent(turned_at):
            self._workers[pid].is_hung = True
            os.kill(pid, signal.SIGKILL)
        if self._nursery is None:
            if self._reload:
                self._reload = False
                self._generation += 1
            if self._needs_one() and now >= self._deaths.next_at:
                self._nursery = self._opened()
        if self._nursery is not None:
            self._go_on(self._nursery)

    def _patience(self) -> float:
        """Return how long nothing can happen unless somebody says so.

        Never for long: who sleeps for a minute cannot tell that it was frozen in it.
        """
        now = self._now()
        if self._outcome is not None:
            return max(0.1, self._ended_at + self._delay + _SLACK - now)
        if self._nursery is None and self._needs_one():
            return max(0.0, min(self._deaths.next_at - now, heartbeats.BEAT))
        return heartbeats.BEAT

    def _missing(self) -> int:
        now = [each for each in self._workers.values() if not each.is_leaving]
        return self._count - sum(each.generation == self._generation for each in now)

    def _needs_one(self) -> bool:
        """Tell whether another may begin: one at a time, and never two too many."""
        here = self._workers.values()
        is_busy = any(each.ready_at is None for each in here)
        return bool(self._missing()) and not is_busy and len(here) <= self._count

    def _go_on(self, nursery: Nursery) -> None:
        """Order one worker after the other, while there is one missing."""
        if nursery.is_awaited or nursery.is_closed:
            return
        if self._needs_one():
            nursery.order(is_first=not self._has_served)
        elif not self._missing():
            nursery.close()

    def _opened(self) -> Nursery:
        read, write = os.pipe()

        def work() -> None:
            os.close(write)
            # Ctrl-C is for us, who pass it on; each process of a terminal would get it.
            os.setpgid(0, 0)
            self._pipes.become_child()
            self._nurse(read)

        nursery = Nursery(fork(work), write)
        os.close(read)
        return nursery

    def _take_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self._outcome is None:
                self._end(-number)
            elif self._now() - self._ended_at >= _ECHO:
                self._signal_all(signal.SIGTERM)

    def _listen(self) -> None:
        """Take in what workers report."""
        for word, pid, number in self._pipes.heard():
            if word == "born":
                self._workers[pid] = Worker(pid, self._generation)
                self._ordered(pid)
            elif pid in self._workers:
                is_ending = word == "ending"
                self._heartbeats.heard(pid, self._now(), _SLACK if is_ending else None)
                if word == "ready":
                    self._workers[pid].ready_at = self._now()
                    self._has_served, self._delay = True, number
                    self._relieve()

    def _ordered(self, pid: int) -> None:
        """Note that a nursery has done it; the worker may be itself."""
        nursery = self._nursery
        if nursery is not None:
            nursery.is_awaited = False
            if nursery.pid == pid:  # where nobody can be adopted
                nursery.close()
                self._nursery = None

    def _relieve(self) -> None:
        """Let one of an older generation go: somebody is in its place now."""
        here = [each for each in self._workers.values() if not each.is_leaving]
        old = [each for each in here if each.generation != self._generation]
        if old and len(here) > self._count:
            old[0].is_leaving = True
            os.kill(old[0].pid, signal.SIGHUP)

    def _reap(self) -> bool:
        """Learn who has ended, and of what; tell whether anybody is left."""
        while True:
            self._listen()
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self._listen()  # all that it ever reported has arrived
            self._buried(pid, os.waitstatus_to_exitcode(status))

    def _buried(self, pid: int, code: int) -> None:
        nursery, worker = self._nursery, self._workers.pop(pid, None)
        self._heartbeats.forget(pid)
        if nursery is not None and pid == nursery.pid:
            self._nursery = None
            nursery.close()
            if code or nursery.is_awaited:
                self._miscarried(code)
        elif worker is None:  # killed before it could report
            if nursery is not None:
                nursery.is_awaited = False
            self._miscarried(code)
        else:
            self._lost(worker, code)

    def _lost(self, worker: Worker, code: int) -> None:
        """Have a worker replaced that was not asked to end."""
        if self._outcome is not None:
            return
        if worker.is_leaving:
            if worker.is_hung:
                _tell(f"worker {worker.pid} {_SILENT}")
            return
        if worker.ready_at is None:
            self._miscarried(code)
            return
        now = self._now()
        pause = self._deaths.add(now, now - worker.ready_at)
        what = _SILENT if worker.is_hung else f"ended ({_cause(code)})"
        _tell(f"worker {worker.pid} {what}; another in {pause:g} s")
        self._despair()

    def _miscarried(self, code: int) -> None:
        """Go on after a worker that never took a request."""
        if self._outcome is not None:
            return
        if self._nursery is not None:
            self._nursery.close()
        if not self._has_served:
            self._end(code if code > 0 else 1)
            return
        pause = self._deaths.add(self._now(), 0.0)
        old = [
            each
            for each in self._workers.values()
            if each.generation != self._generation and not each.is_leaving
        ]
        for each in old:
            each.generation = self._generation
        what = "the reload ends, and those from before go on" if old else "trying again"
        _tell(f"a worker did not start ({_cause(code)}); {what} in {pause:g} s")
        self._despair()

    def _despair(self) -> None:
        """End when nobody serves and nobody will."""
        serving = any(each.ready_at is not None for each in self._workers.values())
        if self._deaths.is_hopeless and not serving:
            _tell(f"{self._deaths.count} workers ended one after the other; giving up")
            self._end(1)

    def _end(self, outcome: int) -> None:
        """Let everybody finish what is under way; accept nothing for them any more."""
        self._outcome, self._ended_at = outcome, self._now()
        self._pipes.end_all()
        for each in self._listening:
            each.close()
        if self._nursery is not None:
            self._nursery.close()
            os.kill(self._nursery.pid, signal.SIGKILL)
        for worker in self._workers.values():
            if worker.ready_at is None:  # it does not look yet
                os.kill(worker.pid, signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, number)


def _cause(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _tell(what: str) -> None:
    print(f"auth-serve: {what}", file=sys.stderr, flush=True)


def die_of(number: int) -> NoReturn:
    """End of a signal, as one process alone does."""
    signal.set_wakeup_fd(-1)
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    raise SystemExit(128 + number)  # where it was blocked
