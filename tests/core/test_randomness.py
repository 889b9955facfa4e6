"""Identifiers: in order, and never the same, also in a process that was forked."""

import os
import warnings

from app.core.randomness import SystemRandomness


def test_identifiers_differ_and_keep_their_order() -> None:
    randomness = SystemRandomness()

    made = [randomness.uuid7() for _ in range(2_000)]

    assert made == sorted(made)
    assert len({each.int & (1 << 62) - 1 for each in made}) == 2_000
    assert {(each.version, each.variant[:8]) for each in made} == {(7, "specifie")}


def test_a_forked_process_takes_chance_of_its_own() -> None:
    randomness = SystemRandomness()
    randomness.uuid7()  # now there is a stock
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which the child does not need
        child = os.fork()
    if not child:
        os.write(writing, randomness.uuid7().bytes[8:])
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 8) != randomness.uuid7().bytes[8:]
    os.close(reading)
    os.close(writing)
