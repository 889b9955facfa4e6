"""The offline list: what it holds, where it comes from, what it costs."""

import tracemalloc

import pytest

from app.core import common_passwords
from app.core.common_passwords import is_common
from tools.make_common_passwords import TARGET, render


def test_the_list_is_what_its_generator_makes() -> None:
    lines = TARGET.read_bytes().splitlines()

    assert TARGET.read_bytes() == render()
    assert len(lines) == len(set(lines)) == 30_000
    assert "MIT" in TARGET.with_name("NOTICE").read_text()


@pytest.mark.parametrize("word", ["first", "last", "middle"])
def test_every_place_of_the_list_is_found(word: str) -> None:
    lines = TARGET.read_text().splitlines()
    chosen = lines[{"first": 0, "last": -1, "middle": 15_000}[word]]

    assert is_common(chosen)


@pytest.mark.parametrize(
    "password", ["password", "PassWord", "123456789", "qwertyuiop"]
)
def test_common_passwords_are_known_in_any_case(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "\n",
        "password\n",
        "correct horse battery staple",
        "p\u00e4ssword",
        "password\0",
        "\ud800",
        "x" * 1024,
    ],
)
def test_what_is_not_a_whole_line_is_not_common(password: str) -> None:
    assert not is_common(password)


def test_part_of_a_common_password_is_another_password() -> None:
    longest = max(TARGET.read_text().splitlines(), key=len)

    assert is_common(longest)
    assert not is_common(longest[1:])
    assert not is_common(longest[:-1])


def test_two_neighbouring_lines_are_not_a_password() -> None:
    first, second = TARGET.read_text().splitlines()[:2]

    assert not is_common(f"{first}\n{second}")


def test_the_list_is_read_once_and_stays_small() -> None:
    common_passwords._lines.cache_clear()
    tracemalloc.start()
    is_common("password")
    is_common("qwerty")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size < 1_000_000
    assert common_passwords._lines.cache_info().misses == 1
