"""Lines for people: the same facts as in JSON, and nothing that a stranger forges."""

import io
import logging
from collections.abc import Iterator

import pytest

from app.config import Settings
from app.core.logging import configure_logging
from tests.conftest import SECRET


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go."""
    text = io.StringIO()
    running = configure_logging("INFO", text, human=True)
    yield text
    running.close()


def _lines(stream: io.StringIO) -> list[str]:
    configure_logging("INFO", human=True).flush()
    return stream.getvalue().splitlines()


def test_a_line_reads_time_level_message_facts_and_source(stream: io.StringIO) -> None:
    logging.getLogger("auth_serve.x").warning("it is %s", "late", extra={"by": "2 s"})

    [line] = _lines(stream)
    assert line[2] == line[5] == ":" and line[8] == "."
    assert line[13:] == 'WARNING it is late  by="2 s"  [auth_serve.x]'


def test_no_stranger_makes_a_line_or_moves_the_terminal(stream: io.StringIO) -> None:
    logging.getLogger("auth_serve.x").info("a\nb\x1b[2J", extra={"n": "c\r\nd\u202e"})

    [line] = _lines(stream)
    assert "a\\nb\\u001b[2J" in line and "c\\r\\nd\\u202e" in line


def test_secrets_are_taken_out_here_too(stream: io.StringIO) -> None:
    logging.getLogger("auth_serve.x").info("x", extra={"password": "hunter2"})

    assert "hunter2" not in stream.getvalue() + "".join(_lines(stream))


def test_an_error_has_its_stack_below_it(stream: io.StringIO) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("auth_serve.x").exception("broken")

    first, *stack = _lines(stream)
    assert "ERROR   broken" in first and stack[-1] == "    ValueError: no"


@pytest.mark.parametrize(
    ("environment", "chosen", "expected"),
    [
        ("development", None, True),
        ("production", None, False),
        ("development", "json", False),
        ("production", "human", True),
    ],
)
def test_json_is_the_rule_and_text_what_development_shows(
    environment: str, chosen: str | None, expected: bool
) -> None:
    given = {
        "environment": environment,
        "secret_key": SECRET,
        "public_url": "https://auth.example.com",
        "smtp": {"url": "smtp://127.0.0.1:9", "sender": "auth@example.com"},
        "log_format": chosen,
    }

    assert Settings.model_validate(given).logs_for_people is expected
