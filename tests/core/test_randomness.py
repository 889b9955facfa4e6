"""Identifiers: in order, and never the same, also in a process that was forked."""

import os
import warnings

from app.core.randomness import SystemRandomness
from tests.support.chance import FakeClock


def test_identifiers_differ_and_keep_their_order() -> None:
    randomness = SystemRandomness()

    made = [randomness.uuid7() for _ in range(2_000)]

    assert made == sorted(made)
    assert len({each.int & (1 << 62) - 1 for each in made}) == 2_000
    assert {(each.version, each.variant[:8]) for each in made} == {(7, "specifie")}


def test_a_clock_that_is_put_back_far_is_followed_and_one_that_trembles_is_not() -> (
    None
):
    clock = FakeClock()
    randomness = SystemRandomness(clock)
    first = randomness.uuid7()

    clock.advance(seconds=-5)
    second = randomness.uuid7()
    clock.advance(seconds=-3_600)
    third, fourth = randomness.uuid7(), randomness.uuid7()

    assert first < second
    assert third < fourth
    assert (first.int >> 80) - (third.int >> 80) == 3_605_000


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
