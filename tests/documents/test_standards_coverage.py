"""docs/standards.md: made of what tests cite."""

import re
from pathlib import Path

import pytest

from tools.standards_coverage import TESTS, Rule, docstrings, read_rules, standards


@pytest.mark.parametrize(
    ("docstring", "cited"),
    [
        ("RFC 6749 §4.1.2.1: it is so.", [("RFC 6749", "§4.1.2.1")]),
        (
            "RFC 6749 §3.1, §3.1.2, RFC 9700 §4.1.3: it is so.",
            [("RFC 6749", "§3.1"), ("RFC 6749", "§3.1.2"), ("RFC 9700", "§4.1.3")],
        ),
        ("RFC 7636 appendix B: it is so.", [("RFC 7636", "appendix B")]),
        (
            "OIDC Core §2, OIDC RP-Initiated\n    Logout §2: it\n    is so.\n\nMore.",
            [("OIDC Core", "§2"), ("OIDC RP-Initiated Logout", "§2")],
        ),
        (
            "RFC 7521 §4.2 and §5.2: it is so.",
            [("RFC 7521", "§4.2"), ("RFC 7521", "§5.2")],
        ),
        ("A test without a source.", []),
        ("", []),
    ],
)
def test_docstrings_are_read(docstring: str, cited: list[tuple[str, str]]) -> None:
    rules = list(read_rules(docstring, "test_x.py::test_x"))

    assert [(rule.standard, rule.section) for rule in rules] == cited
    assert all(rule.text == "it is so" for rule in rules)


def test_no_citation_is_misspelt() -> None:
    begun = re.compile(r"(RFC|OIDC|OAuth|OpenID) ")

    lost = [
        test
        for test, words in docstrings()
        if begun.match(words) and not list(read_rules(words, test))
    ]

    assert lost == []


def test_the_page_is_in_order() -> None:
    page = standards()

    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    rfcs = [int(title[4:]) for title in titles if title.startswith("RFC ")]
    assert rfcs == sorted(rfcs)
    assert titles[len(rfcs) :] == sorted(titles[len(rfcs) :])
    assert "OIDC Core" in titles


def test_every_test_of_the_page_exists() -> None:
    names = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", standards()))

    assert names
    for path, name in names:
        assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8")


def test_a_new_test_is_found(tmp_path: Path) -> None:
    text = 'def test_x() -> None:\n    """RFC 1 §2: a | b."""\n'
    (tmp_path / "test_new.py").write_text(text)

    found = dict(docstrings(tmp_path))

    rules = list(read_rules(found["test_new.py::test_x"], "test_new.py::test_x"))
    assert rules == [Rule("RFC 1", "§2", "a | b", "test_new.py::test_x")]
