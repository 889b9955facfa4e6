"""docs/security.md says what is true today."""

from tools.security_coverage import CLASSES, TARGET, TRAPS, render


def test_the_list_of_security_tests_is_fresh() -> None:
    hint = "run: python -m tools.security_coverage"

    assert TARGET.read_text() == render(), hint


def test_the_classes_stand_in_order() -> None:
    assert list(CLASSES) == sorted(CLASSES)
    assert list(TRAPS) == list(range(1, 27))
