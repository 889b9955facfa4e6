"""The trail in the words of OCSF, judged by the framework's own schema."""

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any, get_args, get_type_hints
from uuid import UUID

import jsonschema_rs
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded

from app.events import EVENTS, Event
from app.models.audit_event import AuditEvent
from app.services.outgoing.ocsf import VERSION, as_ocsf
from app.services.outgoing.ocsf_class import MEANINGS

_ID = UUID("019aa000-0000-7000-8000-000000000001")
_NAMED = {
    3001: "account_change",
    3002: "authentication",
    3004: "entity_management",
    3005: "user_access",
    3006: "group_management",
}
_SAMPLES: dict[Any, Any] = {
    str: "word",
    int: 7,
    bool: True,
    UUID: _ID,
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    type(None): None,
}


def _sample(hint: Any) -> Any:
    if hint in _SAMPLES:
        return _SAMPLES[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    arguments = get_args(hint)
    assert arguments, hint
    if isinstance(arguments[0], str):  # of a Literal
        return arguments[0]
    inner = _sample(arguments[0])
    return (inner,) if Ellipsis in arguments else inner


def _row(kind: type[Event], *, of_somebody: bool) -> AuditEvent:
    hints = get_type_hints(kind)
    given = {
        field.name: _sample(hints[field.name])
        for field in fields(kind)
        if field.default is MISSING or field.name not in ("user_id", "actor_id")
    }
    event = kind(**given)
    return AuditEvent(
        id=_ID,
        name=kind.name,
        user_id=_ID if of_somebody else None,
        actor_id=_ID if of_somebody else None,
        correlation_id="abc",
        ip="192.0.2.1" if of_somebody else "",
        user_agent="curl/8" if of_somebody else "",
        data=json.loads(json.dumps(event.data(), default=str)),
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
    )


@cache
def _schema() -> OcsfJsonSchemaEmbedded:
    text = files("ocsf_json_schema").joinpath(f"ocsf/{VERSION}.json").read_text()
    return OcsfJsonSchemaEmbedded(json.loads(text))


@cache
def _judge(name: str) -> Any:
    return jsonschema_rs.validator_for(_schema().get_class_schema(name))


def test_no_event_lacks_a_class_and_no_class_an_event() -> None:
    assert {kind.name for kind in EVENTS} == set(MEANINGS)


@pytest.mark.parametrize("of_somebody", [True, False])
def test_each_event_is_one_of_the_framework(of_somebody: bool) -> None:
    wrong = {}
    for kind in EVENTS:
        told = as_ocsf(_row(kind, of_somebody=of_somebody))
        judge = _judge(_NAMED[told["class_uid"]])
        errors = [error.message for error in judge.iter_errors(told)]
        assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
        if errors:
            wrong[kind.name] = errors

    assert wrong == {}


def test_what_the_trail_says_is_all_there() -> None:
    [kind] = [each for each in EVENTS if each.name == "sign_in.failed"]
    row = _row(kind, of_somebody=True)

    told = as_ocsf(row)

    assert told["unmapped"] == row.data
    assert told["time"] == 1_767_323_045_678
    assert told["metadata"]["uid"] == str(_ID)
    assert told["metadata"]["correlation_uid"] == "abc"
    assert told["user"]["uid"] == told["actor"]["user"]["uid"] == str(_ID)
    assert told["src_endpoint"] == {"ip": "192.0.2.1"}
    assert (told["class_uid"], told["status_id"]) == (3002, 2)


def test_an_event_of_another_release_is_told_as_well() -> None:
    row = _row(EVENTS[0], of_somebody=False)
    row.name = "later.happened"

    told = as_ocsf(row)

    assert not list(_judge("entity_management").iter_errors(told))
    assert told["activity_name"] == told["metadata"]["event_code"] == "later.happened"
