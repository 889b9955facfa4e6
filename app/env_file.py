"""``.env``: read strictly where it speaks of us, and not at all where it does not.

Such a file is often shared: with compose, with a shell, with other programs. The
library skips what it does not understand, and so ``REGISTRATION: closed`` would leave
registration open.
"""

from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables


class EnvironmentRefused(Exception):
    """The environment cannot be taken at its word; the text names no value."""


def read_env_file(
    path: Path, prefix: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return what the file sets under our prefix, with ``${NAME}`` replaced.

    Args:
        path: The file.
        prefix: What our names begin with.
        environment: Where names are looked up first.

    Raises:
        EnvironmentRefused: A line about us is not of the form NAME=value, contradicts
            another, or speaks of a name that is nowhere.
    """
    known = {**environment}
    ours: dict[str, str] = {}
    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(_text(path))):
        where = f"{path}, line {_line(binding)}"
        if not _is_ours(binding, prefix):
            if binding.key is not None:
                known.setdefault(binding.key, binding.value or "")
            continue
        is_pair = binding.key is not None and binding.value is not None
        if not is_pair or not str(binding.key).upper().startswith(prefix):
            raise EnvironmentRefused(f"{where}: not of the form NAME=value")
        name = str(binding.key)
        value = _replaced(binding.value or "", known, where)
        if found.setdefault(name.upper(), value) != value:
            raise EnvironmentRefused(f"{where}: {name.upper()} stands there twice")
        ours[name] = value
        known.setdefault(name, value)
    return ours


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise EnvironmentRefused(f"{path} is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise EnvironmentRefused(f"{path} cannot be read: {error.strerror}") from error


def _is_ours(binding: Binding, prefix: str) -> bool:
    """Tell whether a line is about us; of one that cannot be read, whether it may be.

    Also of what another line swallowed: a quotation mark that is left open takes every
    line up to the next one.
    """
    if binding.key is not None and not binding.error:
        swallowed = f"\n{prefix}" in binding.original.string.upper().lstrip()
        return binding.key.upper().startswith(prefix) or swallowed
    text = binding.original.string.partition("#")[0]
    return prefix in text.upper()


def _replaced(value: str, known: Mapping[str, str], where: str) -> str:
    parts: Iterator[object] = iter(parse_variables(value))
    text = ""
    for part in parts:
        if isinstance(part, Variable) and part.default is None:
            if part.name not in known:
                raise EnvironmentRefused(f"{where}: ${{{part.name}}} is set nowhere")
        text += part.resolve(known)  # type: ignore[attr-defined]
    return text


def _line(binding: Binding) -> int:
    """Return where it stands; the library counts from the blank lines before it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + blank.count("\n")
