"""What is in force, and where each value comes from; secrets are never told."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr

from app.config import PREFIX, Settings

Source = Literal["default", "environment", ".env", "file"]
_HIDDEN = "(set)"
_ENV_FILE = Path(".env")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as operators see it."""

    name: str
    value: Any
    source: Source


def public(group: BaseModel) -> dict[str, Any]:
    """Return a group of settings as JSON has it; of secrets only that they are set."""
    return {name: _shown(getattr(group, name)) for name in type(group).model_fields}


def listed(settings: Settings, env_file: Path = _ENV_FILE) -> list[Setting]:
    """Return every setting by the name that it has in the environment.

    Args:
        settings: What was read.
        env_file: Where it was read from besides the environment.
    """
    given = {name.upper(): value for name, value in os.environ.items()}
    kept = {}
    if env_file.is_file():
        kept = {n.upper(): v for n, v in dotenv_values(env_file).items()}
    files = _files_in(settings.secrets_dir)
    return [
        Setting(name, value, _source(name, given, kept, files))
        for name, value in _flat(settings, PREFIX)
    ]


def _files_in(folder: Path | None) -> frozenset[str]:
    """Return how the files of the folder of secrets are called, in upper case."""
    try:
        found = folder.iterdir() if folder else ()
        return frozenset(path.name.upper() for path in found)
    except OSError:  # it was there at the start
        return frozenset()


def _source(
    name: str,
    given: dict[str, str],
    kept: dict[str, str | None],
    files: frozenset[str],
) -> Source:
    """Say who decided: the environment does before the file beside the start."""
    if given.get(name):
        return "environment"
    if given.get(f"{name}_FILE") or kept.get(f"{name}_FILE") or name in files:
        return "file"
    return ".env" if kept.get(name) else "default"


def _flat(group: BaseModel, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in type(group).model_fields:
        value, full = getattr(group, name), f"{prefix}{name}".upper()
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{full}__")
        else:
            yield full, _shown(value)


def _shown(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return public(value)
    if isinstance(value, SecretStr):
        return _HIDDEN
    is_plain = isinstance(value, bool | int | float | list | dict | None)
    return value if is_plain else str(value)
