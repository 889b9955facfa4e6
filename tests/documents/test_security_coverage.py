"""docs/security.md says what is true today."""

import re
from functools import cache

import pytest

from tools.authentication_requirements import AUTHENTICATION, Requirement
from tools.found_in_use import FOUND
from tools.security_coverage import CLASSES, STANDARDS, TARGET, TRAPS, render
from tools.security_coverage import tests as known_tests
from tools.session_requirements import SESSIONS

REQUIREMENTS = [
    pytest.param(each, id=f"{title.split()[0]} {number}")
    for title, requirements in STANDARDS.items()
    for number, each in requirements.items()
]
# How many items each section of ASVS 5.0 has.
SECTIONS = {"6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2}
SECTIONS |= {"6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2}


def test_the_list_of_security_tests_is_fresh() -> None:
    hint = "run: python -m tools.security_coverage"

    assert TARGET.read_text() == render(), hint


def test_the_classes_stand_in_order() -> None:
    assert list(CLASSES) == sorted(CLASSES)
    assert list(TRAPS) == list(range(1, 27))


@pytest.mark.parametrize("number", FOUND)
def test_what_was_found_in_use_has_the_tests_that_the_table_names(number: int) -> None:
    assert missing(FOUND[number].tests) == []


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_requirement_has_the_tests_and_pages_that_the_table_names(
    requirement: Requirement,
) -> None:
    pages = re.findall(r"\]\(([\w/-]+\.md)", requirement.remark)

    assert requirement.tests or requirement.remark
    assert all("::" in test for test in requirement.tests)
    assert missing(requirement.tests) == []
    assert [page for page in pages if not (TARGET.parent / page).is_file()] == []


def test_no_item_of_the_two_chapters_is_left_out() -> None:
    items = [f"{each}.{n + 1}" for each, most in SECTIONS.items() for n in range(most)]

    assert [*AUTHENTICATION, *SESSIONS] == items


@cache
def places() -> frozenset[str]:
    """Return every test and every module of tests."""
    return frozenset(
        place for path, name in known_tests() for place in (path, f"{path}::{name}")
    )


def missing(named: tuple[str, ...]) -> list[str]:
    """Return the tests, or modules of tests, that are not there."""
    return [test for test in named if f"tests/{test}" not in places()]
