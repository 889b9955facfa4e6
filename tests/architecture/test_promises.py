"""What every model and every event has to promise; each that does not is named."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from sqlalchemy import ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column, registry

from app.config import PREFIX, Settings
from app.environment import known_settings
from app.events import EVENTS, Event, MailedEvent
from app.jobs.janitor import JanitorJob
from app.models import Base
from app.pages.console.event_texts import SAID
from app.schemas.user import Export
from app.services.mails.kind import KINDS
from tests.architecture.source import ROOT, modules

_MAILS = ROOT / "app/services/mails/templates"
# Said to be deleted by somebody, or with something: no sweep has to.
_OWNED = re.compile(r"until the \w+ is deleted|as long as |.*\bwith its ")
_SETTING = re.compile(r"AUTH_SERVE_\w+")
_SECRET_FIELDS = {"password", "secret", "token", "code", "link", "hash"}


def flaws_of_model(model: Any) -> Iterator[str]:
    """Yield what a model does not say, or says wrongly."""
    retention = getattr(model, "retention", "")
    exported = getattr(model, "exported", "")
    unknown = set(_SETTING.findall(retention)) - known_settings(Settings, PREFIX).keys()
    if not retention:
        yield "declares no retention"
    if unknown:
        yield f"names a setting that does not exist: {unknown.pop()}"
    member = re.match(r"as `(\w+)`", exported)
    if not member and not re.match(r"no: \w.{9,}", exported):
        yield "says neither how it is exported nor why not"
    if member and member[1] not in Export.model_fields:
        yield f"is exported as {member[1]}, which the export does not have"
    if not member and _is_about_somebody(model.__table__):
        yield "has rows about a person and is not exported"


def _is_about_somebody(table: Any) -> bool:
    return any(
        key.column.table.name == "users"
        for c in table.columns
        for key in c.foreign_keys
    )


def flaws_of_event(kind: type[Event]) -> Iterator[str]:
    """Yield what an event lacks."""
    if kind not in EVENTS:
        yield "is not in app/events/__init__.py, and so in no document"
    if not kind.__doc__ or kind.__doc__.startswith(f"{kind.__name__}("):
        yield "says nothing about itself"
    if not re.fullmatch(r"[a-z_]+\.[a-z_]+", getattr(kind, "name", "")):
        yield "has no name of the form thing.happened"
    if not _is_recorded(kind.__name__):
        yield "is recorded nowhere"
    fields = set(getattr(kind, "__dataclass_fields__", ())) & _SECRET_FIELDS
    if fields:
        yield f"keeps a secret: {fields.pop()}"
    if issubclass(kind, MailedEvent):
        template = getattr(kind, "template", "")
        if template not in KINDS or not (_MAILS / f"{template}.jinja").is_file():
            yield "has no mail of its template"


@cache
def _code() -> str:
    paths = (p for p in modules() if not p.startswith("app/events/"))
    code = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in paths)
    return re.sub(r"(?m)^from .*$|^    \w+,$", "", code)


def _is_recorded(name: str) -> bool:
    """Tell whether code makes the event, or hands its class to who does."""
    uses = re.findall(rf"\b{name}\b", _code())
    return bool(uses)


def _kinds(kind: type[Event] = Event) -> Iterator[type[Event]]:
    for child in kind.__subclasses__():
        # A dataclass with slots replaces the class that was written; that one stays.
        module = sys.modules.get(child.__module__)
        if child is not MailedEvent and getattr(module, child.__name__, None) is child:
            yield child
        yield from _kinds(child)


def test_every_model_keeps_its_promises() -> None:
    models = [mapper.class_ for mapper in Base.registry.mappers]

    flaws = [f"{m.__name__} {flaw}" for m in models for flaw in flaws_of_model(m)]

    assert len(models) > 10
    assert flaws == []


def test_every_event_keeps_its_promises() -> None:
    kinds = {*_kinds()}

    flaws = [f"{k.__name__} {flaw}" for k in kinds for flaw in flaws_of_event(k)]

    assert kinds >= set(EVENTS) and len(EVENTS) > 40
    assert flaws == []


def test_every_event_has_a_sentence_in_the_console() -> None:
    assert {kind.name for kind in EVENTS} ^ set(SAID) == set()
    assert len(set(SAID.values())) == len(SAID)


def test_every_event_is_documented() -> None:
    written = Path(ROOT / "docs/events.md").read_text(encoding="utf-8")

    assert [k.name for k in EVENTS if f"\n## {k.name}\n" not in written] == []
    assert len({kind.name for kind in EVENTS}) == len(EVENTS)


def _planted(**promises: str) -> Any:
    """Return a model about a person, in a registry of its own."""

    class Planted:
        __tablename__ = "planted"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[Any] = mapped_column(Uuid, ForeignKey("users.id"))

    for name, text in promises.items():
        setattr(Planted, name, text)
    apart = registry()
    Base.metadata.tables["users"].to_metadata(apart.metadata)
    return apart.mapped(Planted)


@pytest.mark.parametrize(
    ("promises", "flaw"),
    [
        ({}, "declares no retention"),
        ({}, "says neither how it is exported nor why not"),
        ({"retention": "AUTH_SERVE_RETENTION__NONE"}, "does not exist"),
        ({"retention": "one day", "exported": "as `diaries`"}, "does not have"),
        (
            {"retention": "one day", "exported": "no: it would be work"},
            "is not exported",
        ),
    ],
)
def test_a_planted_model_is_named_with_what_it_lacks(
    promises: dict[str, str], flaw: str
) -> None:
    assert any(flaw in found for found in flaws_of_model(_planted(**promises)))


def test_a_planted_event_is_named_with_what_it_lacks() -> None:
    class PlantedHappened(MailedEvent):
        name: ClassVar[str] = "planted"
        template: ClassVar[str] = "planted"

    found = " ".join(flaws_of_event(PlantedHappened))

    for flaw in ("in no document", "about itself", "no name", "nowhere", "no mail"):
        assert flaw in found


class _Runtime:
    """As much of a runtime as the janitor's list needs."""

    settings = Settings()


def test_what_is_kept_for_a_time_is_swept() -> None:
    """A retention that nothing enforces is a wish."""
    job = cast(Any, object.__new__(JanitorJob))
    job._batch, job._runtime = 1, _Runtime()

    swept = {
        *job._sweeps(datetime(2026, 1, 1, tzinfo=UTC)),
        "rate_limits",
        "signing_keys",
    }

    kept = [
        m.class_ for m in Base.registry.mappers if not _OWNED.match(m.class_.retention)
    ]
    assert [m.__tablename__ for m in kept if m.__tablename__ not in swept] == []
