"""What the environment may say; what does not count, or cannot be meant, is refused."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from app.env_file import EnvironmentRefused, read_env_file
from app.service_links import service_links

FILE = "_FILE"  # behind the name of a secret: where it stands
_MAX_SECRET = 65_536  # bytes; nothing that is a secret is longer
_LEFT = re.compile(r"\$\((\w+)\)|\$\{(\w+)[^}]*\}")  # what nobody replaced


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a setting before its value is judged.

    Attributes:
        is_secret: It may come from a file, and is never guessed about.
        is_free: Any text may be meant.
        choices: The words that may stand there, if there are only some.
    """

    is_secret: bool = False
    is_free: bool = False
    choices: tuple[str, ...] = ()


def read_environment(
    environment: Mapping[str, str],
    env_file: Path | None,
    prefix: str,
    known: Mapping[str, Known],
) -> dict[str, str]:
    """Return the values of our settings as they were meant, by name.

    Args:
        environment: What the process was started with; it wins.
        env_file: Read for what that does not say.
        prefix: What our names begin with.
        known: All of our settings, in upper case.

    Raises:
        EnvironmentRefused: A name of ours is unknown, a line of the file is not
            understood, or a value cannot be meant as it stands.
    """
    links = service_links(environment, prefix)
    ours = {name for name in environment if name.upper().startswith(prefix)} - links
    given = _given({name: environment[name] for name in sorted(ours)})
    written = read_env_file(env_file, prefix, environment) if env_file else {}
    from_file = _given(written)
    files = {f"{name}{FILE}" for name, kind in known.items() if kind.is_secret}
    _refuse_unknown({*ours, *written}, {*known, *files}, prefix)
    # Elsewhere empty is unset; here that would make production a development server.
    decisive = f"{prefix}ENVIRONMENT"
    for source in (given, from_file):
        if not source.get(decisive, "x").strip(" \t\r\n'\""):
            raise EnvironmentRefused(f"{decisive} is empty; set it or leave it out")
    told = {name: value for name, value in given.items() if value.strip()}
    merged = {**from_file, **told}
    values = {
        name: _meant(name, merged[name], known.get(name, Known()))
        for name in merged
        if merged[name].strip()
    }
    values = {name: value for name, value in values.items() if value}
    secrets = {name for name, kind in known.items() if kind.is_secret}
    return _with_folder(_with_files(values, files), prefix, secrets)


def _given(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what is ours, in upper case; some systems know only one case."""
    given: dict[str, str] = {}
    for name, value in ours.items():
        if given.setdefault(name.upper(), value) != value:
            raise EnvironmentRefused(f"{name.upper()} is set twice, in two spellings")
    return given


def _refuse_unknown(names: Iterable[str], known: set[str], prefix: str) -> None:
    unknown = sorted(name for name in names if name.upper() not in known)
    if unknown:
        named = ", ".join(_with_nearest(name, known) for name in unknown)
        raise EnvironmentRefused(
            f"unknown settings: {named}; docs/configuration.md lists all of them; what "
            f"is meant for another program must not begin with {prefix}"
        )


def _with_nearest(name: str, known: set[str]) -> str:
    from difflib import get_close_matches  # only a mistake needs it

    nearest = get_close_matches(name.upper(), known, n=1)
    return f"{name} (did you mean {nearest[0]}?)" if nearest else name


def _meant(name: str, value: str, kind: Known) -> str:
    """Return a value without what was put around it on its way here.

    Docker's ``--env-file`` passes quotation marks on, files of Windows carriage
    returns, secrets made with ``echo`` a line feed.
    """
    value = value.rstrip("\r\n") if kind.is_free else value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if is_quoted and kind.is_free:
        raise EnvironmentRefused(
            f"{name} stands in quotation marks that whoever set it passed on; remove "
            f"them, or if they belong to it, use {name}{FILE}"
        )
    value = value[1:-1].strip() if is_quoted else value
    left = None if kind.is_free else _LEFT.search(value)
    if left is not None:
        what = left[1] or left[2]
        raise EnvironmentRefused(
            f"{name} holds a reference to {what} that nobody replaced; is it set where "
            f"the process is started? A $ that is meant so is written as %24 in a URL"
        )
    return _choice(value, kind.choices)


def _choice(value: str, choices: Iterable[str]) -> str:
    """Return the word that is meant, whatever its case; the value if there is none."""
    return next((word for word in choices if word.lower() == value.lower()), value)


def _with_files(values: dict[str, str], files: set[str]) -> dict[str, str]:
    """Put secrets in the place of the names of their files."""
    for where in sorted(files & values.keys()):
        name = where.removesuffix(FILE)
        if name in values:
            raise EnvironmentRefused(f"{name} and {where} are both set; leave one out")
        values[name] = _secret(where, Path(values.pop(where)))
    return values


def _with_folder(
    values: dict[str, str], prefix: str, secrets: set[str]
) -> dict[str, str]:
    """Add the secrets that stand in a folder, each in a file of its name.

    Files that are not called as ours are somebody else's; one that is, and is no
    secret of ours, is a mistake and refused.
    """
    where = f"{prefix}SECRETS_DIR"
    if where not in values:
        return values
    try:
        found = sorted(Path(values[where]).iterdir())
    except OSError as error:
        raise EnvironmentRefused(f"{where} cannot be read: {error.strerror}") from None
    for path in found:
        name = path.name.upper()
        if not name.startswith(prefix):
            continue
        if name not in secrets:
            nearest = _with_nearest(name, secrets)
            raise EnvironmentRefused(f"{where}: {nearest} is no secret of ours")
        if name in values:
            raise EnvironmentRefused(
                f"{name} is set, and in {where} too; leave one out"
            )
        values[name] = _secret(name, path)
    return values


def _secret(where: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_SECRET + 1)
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except ValueError:
        reason = "is not text in UTF-8"
    else:
        reason = "is empty" if not text.strip() else ""
        if len(raw) > _MAX_SECRET or "\0" in text:
            reason = "holds no secret: it is too long, or no text"
    if reason:  # without the path: somebody may have put the secret there
        raise EnvironmentRefused(f"{where}: the file {reason}")
    return text


def explain(error: ValidationError, prefix: str) -> str:
    """Say which settings are wrong and why; a value may be a secret and is left out."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        parts = (part for part in problem["loc"] if not isinstance(part, int))
        name = "__".join(map(str, parts)).upper()
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{prefix}{name}: {message}" if name else message)
    return "\n".join(lines)


def known_settings(model: type[BaseModel], prefix: str) -> dict[str, Known]:
    """Return what is known of every setting, by its environment variable."""
    known: dict[str, Known] = {}
    for name, field in model.model_fields.items():
        full, kind = f"{prefix}{name}".upper(), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            known |= known_settings(kind, f"{full}__")
            continue
        parts = [kind, *get_args(kind)]
        words = [get_args(part) for part in parts if get_origin(part) is Literal]
        is_secret = any(
            part is SecretStr or SecretStr in get_args(part) for part in parts
        )
        is_free = is_secret and not full.endswith("_URL")
        known[full] = Known(is_secret, is_free, words[0] if words else ())
    return known


def nested(values: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Return values by group, as the model has them."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = name.removeprefix(prefix).lower().split("__")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested
