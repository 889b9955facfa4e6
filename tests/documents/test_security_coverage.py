"""docs/security.md says what is true today."""

import pytest

from tools.found_in_use import FOUND
from tools.security_coverage import CLASSES, ROOT, TARGET, TRAPS, render
from tools.security_coverage import tests as known_tests


def test_the_list_of_security_tests_is_fresh() -> None:
    hint = "run: python -m tools.security_coverage"

    assert TARGET.read_text() == render(), hint


def test_the_classes_stand_in_order() -> None:
    assert list(CLASSES) == sorted(CLASSES)
    assert list(TRAPS) == list(range(1, 27))


@pytest.mark.parametrize("number", FOUND)
def test_what_was_found_in_use_has_the_tests_that_the_table_names(number: int) -> None:
    known = {f"{path}::{name}" for path, name in known_tests()}
    for test in FOUND[number].tests:
        path = f"tests/{test}"
        assert path in known if "::" in test else (ROOT / path).is_file(), test
