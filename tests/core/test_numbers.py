"""Numbers by key, held against a dictionary."""

import random

from app.utils.numbers import Numbers


def test_it_holds_what_a_dictionary_would() -> None:
    chance = random.Random(7)
    numbers, expected = Numbers(), dict[int, int]()
    keys = [
        0,
        1,
        1_024,
        2_048,
        2**64 - 1,
        *(chance.getrandbits(64) for _ in range(5_000)),
    ]
    for key in keys * 2:
        value = chance.randrange(1, 2**32)
        numbers.set(key, value)
        expected[key] = value

    assert len(numbers) == len(expected) == len(keys)
    assert {key: numbers.get(key) for key in expected} == expected
    assert [numbers.get(key ^ 1 << 63) for key in keys[:3]] == [0, 0, 0]
