"""When workers die at once: waits, who goes on, and the end; without an application."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.cli.workers.deaths import LIFE, LONGEST, MOST, Deaths
from app.cli.workers.heartbeats import BEAT, LATE, SILENCE, Heartbeats

_PROGRAM = """
import os, sys, time
from app.cli.workers import deaths, heartbeats, supervisor
from app.cli.workers.children import adopts, fork
from app.cli.workers.pipes import Pipes
from app.cli.workers.supervisor import Supervisor

deaths.LONGEST = 0.01
heartbeats.SILENCE, heartbeats.BEAT, heartbeats.LATE = map(float, sys.argv[3:])
folder = sys.argv[1]
pipes = Pipes()
assert adopts()

def work():
    pipes.report("born")
    what = open(folder + "/what").read()
    if what == "dies young":
        os._exit(7)
    pipes.report("ready")
    os.write(1, f"ready {os.getpid()}\\n".encode())
    if what == "dies":
        os._exit(9)
    import select
    while not select.select([pipes.end], [], [], heartbeats.BEAT)[0]:
        pipes.beat()

def nurse(orders):
    while os.read(orders, 1):
        os.waitpid(fork(lambda: fork(work)), 0)

"""

_FREEZES_ONCE = """
reap = Supervisor._reap

def reap_and_freeze(self):
    found = reap(self)
    if os.path.exists(folder + "/freeze"):
        os.unlink(folder + "/freeze")
        time.sleep(4)
        print("thawed", flush=True)
    return found

Supervisor._reap = reap_and_freeze
"""

_RUN = """
print("ended", Supervisor(int(sys.argv[2]), [], pipes, nurse).run(), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> "subprocess.Popen[str]":
    (tmp_path / "what").write_text("serves")
    return begun(tmp_path)


def begun(
    folder: Path,
    workers: int = 2,
    times: Sequence[str] = ("30", "5", "2"),
    more: str = "",
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            _PROGRAM + more + _RUN,
            str(folder),
            str(workers),
            *times,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def next_pid(program: "subprocess.Popen[str]") -> int:
    assert program.stdout is not None
    word, number = program.stdout.readline().split()
    assert word == "ready"
    return int(number)


def test_a_worker_that_never_starts_ends_a_service_that_never_served(
    tmp_path: Path,
) -> None:
    (tmp_path / "what").write_text("dies young")

    said, _ = begun(tmp_path).communicate(timeout=60)

    assert said == "ended 7\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_when_all_of_them_die_again_and_again_it_gives_up(
    tmp_path: Path, workers: int
) -> None:
    (tmp_path / "what").write_text("dies")

    said, told = begun(tmp_path, workers).communicate(timeout=60)

    assert said.splitlines()[-1] == "ended 1"
    found = re.search(r"(\d+) workers ended one after the other; giving up", told)
    assert found and int(found[1]) == told.count("; another in ")
    # Of two, one may be serving while the tenth dies: it goes on until nobody does.
    assert int(found[1]) == MOST if workers == 1 else int(found[1]) >= MOST


def test_while_somebody_serves_it_never_gives_up(
    program: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    first, _ = next_pid(program), next_pid(program)
    (tmp_path / "what").write_text("dies young")
    assert program.stderr is not None
    os.kill(first, signal.SIGKILL)
    told = [program.stderr.readline() for _ in range(MOST + 5)]
    (tmp_path / "what").write_text("serves")
    next_pid(program)
    program.terminate()
    said, _ = program.communicate(timeout=60)

    assert "trying again" in told[-1]
    assert said == "ended -15\n"


def test_a_reload_whose_worker_does_not_start_leaves_those_who_serve(
    program: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    before = {next_pid(program), next_pid(program)}
    (tmp_path / "what").write_text("dies young")
    assert program.stderr is not None
    program.send_signal(signal.SIGHUP)
    told = program.stderr.readline()
    (tmp_path / "what").write_text("serves")
    for pid in before:
        os.kill(pid, 0)  # it is there
    program.send_signal(signal.SIGHUP)
    after = {next_pid(program), next_pid(program)}
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=60)

    assert "the reload ends, and those from before go on" in told
    assert not before & after
    assert said == "ended -2\n"


def test_one_that_hangs_is_killed_replaced_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "what").write_text("serves")
    program = begun(tmp_path, times=("3", "0.1", "2"))
    hung, other = next_pid(program), next_pid(program)
    os.kill(hung, signal.SIGSTOP)
    assert program.stderr is not None
    told = program.stderr.readline()
    next_pid(program)
    os.kill(other, 0)  # it is there
    program.terminate()
    said, more = program.communicate(timeout=60)

    assert f"worker {hung} did nothing for " in told and "another in 0 s" in told
    assert (said, more) == ("ended -15\n", "")


def test_who_stood_still_together_with_the_supervisor_is_let_be(
    tmp_path: Path,
) -> None:
    """A laptop that slept, or docker pause; who listens may wake up first."""
    (tmp_path / "what").write_text("serves")
    program = begun(tmp_path, times=("4", "0.1", "0.2"))
    here = [program.pid, next_pid(program), next_pid(program)]
    for pid in here:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)  # longer than anybody may be silent
    for pid in here:
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.3)
    program.terminate()
    said, told = program.communicate(timeout=60)

    assert (said, told) == ("ended -15\n", "")


def test_a_supervisor_that_stood_still_between_two_waits_kills_nobody(
    tmp_path: Path,
) -> None:
    """What the workers said meanwhile lies unread; it is read before it is judged."""
    (tmp_path / "what").write_text("serves")
    program = begun(tmp_path, times=("3", "0.1", "0.2"), more=_FREEZES_ONCE)
    served_by = {next_pid(program), next_pid(program)}
    assert program.stdout is not None
    (tmp_path / "freeze").touch()
    thawed = program.stdout.readline()
    time.sleep(1)
    for pid in served_by:
        os.kill(pid, 0)  # it is there
    program.terminate()
    said, told = program.communicate(timeout=60)

    assert thawed == "thawed\n"
    assert (said, told) == ("ended -15\n", "")


def test_who_is_busy_for_seconds_is_not_taken_for_hung() -> None:
    heartbeats = Heartbeats()
    heartbeats.heard(1, 100.0)
    heartbeats.heard(2, 100.0)
    heartbeats.heard(3, 100.0, patience=SILENCE + 10)
    heartbeats.heard(2, 100.0 + SILENCE - 1)  # after it was busy for so long

    assert heartbeats.silent(100.0 + SILENCE - 1) == []
    assert heartbeats.silent(100.0 + SILENCE) == [1]
    assert heartbeats.silent(100.0 + SILENCE) == []
    heartbeats.spare(100.0 + SILENCE + 20)
    assert heartbeats.silent(100.0 + 2 * SILENCE + 19) == []
    assert heartbeats.silent(100.0 + 2 * SILENCE + 20) == [2, 3]


def test_a_freeze_too_short_to_be_noticed_kills_nobody() -> None:
    """Nobody beats in it, nor in the beat before; the supervisor may sleep a beat."""
    assert BEAT + (BEAT + LATE) < SILENCE


def test_waits_double_until_one_has_lived() -> None:
    deaths = Deaths()

    pauses = [deaths.add(100.0, 0.0) for _ in range(MOST)]

    assert pauses[:5] == [0, 0.5, 1, 2, 4] and pauses[-1] == LONGEST
    assert deaths.is_hopeless and deaths.next_at == 100 + LONGEST
    assert deaths.add(500.0, LIFE) == 0 and not deaths.is_hopeless
