"""What the environment and ``.env`` may say; a line that does not count is refused."""

import difflib
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError


class EnvironmentRefused(Exception):
    """The environment cannot be taken at its word; the text names no value."""


def check_environment(
    environment: Mapping[str, str],
    env_file: Path | None,
    prefix: str,
    known: set[str],
) -> None:
    """Refuse what would otherwise be ignored without a word.

    Args:
        environment: What the process was started with.
        env_file: Read for what that does not say.
        prefix: What our names begin with.
        known: All of our names, in upper case.

    Raises:
        EnvironmentRefused: A name of ours is unknown, or a line of the file is not
            understood, or the name of the environment is empty.
    """
    pairs = [*environment.items(), *(_read(env_file) if env_file else ())]
    ours = [(name, value) for name, value in pairs if name.upper().startswith(prefix)]
    unknown = sorted({name for name, _ in ours if name.upper() not in known})
    if unknown:
        named = ", ".join(_with_nearest(name, known) for name in unknown)
        raise EnvironmentRefused(
            f"unknown settings: {named}; docs/configuration.md lists all of them"
        )
    # Elsewhere empty is unset; here that would make production a development server.
    decisive = f"{prefix}ENVIRONMENT"
    if any(name.upper() == decisive and not value for name, value in ours):
        raise EnvironmentRefused(f"{decisive} is empty; set it or leave it out")


def _with_nearest(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name.upper(), known, n=1)
    return f"{name} (did you mean {nearest[0]}?)" if nearest else name


def _read(path: Path) -> Iterable[tuple[str, str]]:
    """Yield what the file sets.

    The library skips what it does not understand, and so ``REGISTRATION: closed``
    would leave registration open.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise EnvironmentRefused(f"{path} is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise EnvironmentRefused(f"{path} cannot be read: {error.strerror}") from error
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            where = f"{path}, line {_line(binding)}"
            raise EnvironmentRefused(f"{where}: not of the form NAME=value")
        if binding.key is not None:
            yield binding.key, binding.value or ""


def _line(binding: Binding) -> int:
    """Return where it stands; the library counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + blank.count("\n")


def explain(error: ValidationError, prefix: str) -> str:
    """Say which settings are wrong and why; a value may be a secret and is left out."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = "__".join(str(part) for part in problem["loc"]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{prefix}{name}: {message}" if name else message)
    return "\n".join(lines)
