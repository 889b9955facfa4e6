"""Which release a schema is of: an upgrade goes from one release to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from app import __version__
from app.repositories.schema import SCHEMA_REVISION


@dataclass(frozen=True, slots=True)
class Release:
    """A release, and the newest schema that it was made with."""

    version: str
    revision: str


# Of CHANGELOG.md, the oldest first: whoever closes its section adds a line.
RELEASED: tuple[Release, ...] = ()
THIS = Release(__version__, SCHEMA_REVISION)


def release_of(
    revision: str, released: Sequence[Release] = RELEASED, this: Release = THIS
) -> str:
    """Return which release has a schema, in words.

    A schema between two releases is of a build of the time in between, and what runs
    on it is no release: then both are named.
    """
    known = [each for each in released if each.version != this.version] + [this]
    same = [each.version for each in known if each.revision == revision]
    if same:
        return " or ".join(same)
    older = [each.version for each in known if each.revision < revision]
    newer = [each.version for each in known if each.revision > revision]
    if not newer:
        return f"newer than {older[-1]}"
    return f"between {older[-1]} and {newer[0]}" if older else f"before {newer[0]}"
