"""When workers die at once: waits, who goes on, and the end; without an application."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.workers.deaths import LIFE, LONGEST, MOST, Deaths

_PROGRAM = """
import os, sys, time
from app.cli.workers import deaths
from app.cli.workers.children import adopts, fork
from app.cli.workers.pipes import Pipes
from app.cli.workers.supervisor import Supervisor

deaths.LONGEST = 0.01
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
    select.select([pipes.end], [], [])

def nurse(orders):
    while os.read(orders, 1):
        os.waitpid(fork(lambda: fork(work)), 0)

print("ended", Supervisor(int(sys.argv[2]), [], pipes, nurse).run(), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> "subprocess.Popen[str]":
    (tmp_path / "what").write_text("serves")
    return begun(tmp_path)


def begun(folder: Path, workers: int = 2) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder), str(workers)],
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

    said, _ = begun(tmp_path).communicate(timeout=30)

    assert said == "ended 7\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_when_all_of_them_die_again_and_again_it_gives_up(
    tmp_path: Path, workers: int
) -> None:
    (tmp_path / "what").write_text("dies")

    said, told = begun(tmp_path, workers).communicate(timeout=30)

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
    said, _ = program.communicate(timeout=30)

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
    said, _ = program.communicate(timeout=30)

    assert "the reload ends, and those from before go on" in told
    assert not before & after
    assert said == "ended -2\n"


def test_waits_double_until_one_has_lived() -> None:
    deaths = Deaths()

    pauses = [deaths.add(100.0, 0.0) for _ in range(MOST)]

    assert pauses[:5] == [0, 0.5, 1, 2, 4] and pauses[-1] == LONGEST
    assert deaths.is_hopeless and deaths.next_at == 100 + LONGEST
    assert deaths.add(500.0, LIFE) == 0 and not deaths.is_hopeless
