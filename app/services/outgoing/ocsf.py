"""Events of the audit trail as the Open Cybersecurity Schema Framework has them.

Version 1.7.0. What the framework has no member for is in ``unmapped``, as it stands in
the trail; nothing is left out, and nothing is added that the trail does not say.
"""

from collections.abc import Mapping
from typing import Any

from app import __version__
from app.models.audit_event import AuditEvent
from app.services.outgoing.ocsf_class import (
    MEANINGS,
    OTHER,
    UNKNOWN,
    Kind,
    Meaning,
    Severity,
)

VERSION = "1.7.0"
PRODUCT = "Auth Serve"
_CATEGORY = 3  # Identity & Access Management
_SUCCESS, _FAILURE = 1, 2
_USER, _SERVICE, _NOBODY_KNOWN = 1, 4, 0
_LISTS = ("scope", "scopes", "added", "removed", "roles", "permissions")
_SERVICES = ("client_id", "host", "resource")


def as_ocsf(event: AuditEvent) -> dict[str, Any]:
    """Return an event of the trail as one of the framework."""
    meaning = MEANINGS.get(event.name, UNKNOWN)
    told: dict[str, Any] = {
        "activity_id": meaning.activity,
        "category_uid": _CATEGORY,
        "class_uid": int(meaning.kind),
        "metadata": _metadata(event),
        "severity": Severity(meaning.severity).name.capitalize(),
        "severity_id": int(meaning.severity),
        "status_id": _SUCCESS if meaning.succeeded else _FAILURE,
        "time": int(event.created_at.timestamp() * 1_000),
        "type_uid": int(meaning.kind) * 100 + meaning.activity,
    }
    if meaning.activity == OTHER:
        told["activity_name"] = event.name
    if event.actor_id is not None:
        told["actor"] = {"user": {"uid": str(event.actor_id), "type_id": _USER}}
    if event.ip:
        told["src_endpoint"] = {"ip": event.ip}
    if event.user_agent:
        told["http_request"] = {"user_agent": event.user_agent}
    told |= _of_class(event, meaning)
    if event.data:
        told["unmapped"] = event.data
    return told


def _metadata(event: AuditEvent) -> dict[str, Any]:
    return {
        "correlation_uid": event.correlation_id,
        "event_code": event.name,
        "log_name": "audit",
        "product": {"name": PRODUCT, "version": __version__},
        "uid": str(event.id),
        "version": VERSION,
    }


def _of_class(event: AuditEvent, meaning: Meaning) -> dict[str, Any]:
    """Return what the class demands besides."""
    match meaning.kind:
        case Kind.ACCOUNT_CHANGE:
            return {"user": _user(event)}
        case Kind.AUTHENTICATION:
            return {"user": _user(event), "service": _service(event.data)} | _session(
                event.data
            )
        case Kind.USER_ACCESS:
            return {"user": _user(event), "privileges": _privileges(event.data)}
        case Kind.GROUP_MANAGEMENT:
            group = {
                "name": event.data.get("group", ""),
                "uid": event.data.get("group_id", ""),
            }
            member = {} if event.user_id is None else {"user": _user(event)}
            return {"group": group} | member
        case Kind.ENTITY_MANAGEMENT:
            return {"entity": _entity(event, meaning.entity)}


def _user(event: AuditEvent) -> dict[str, Any]:
    """Return whom it is about: a person, else the application, else nobody known."""
    if event.user_id is not None:
        return {"uid": str(event.user_id), "type_id": _USER}
    client_id = event.data.get("client_id")
    if client_id:
        return {"uid": str(client_id), "type_id": _SERVICE}
    return {"name": "Unknown", "type_id": _NOBODY_KNOWN}


def _service(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what was signed in to: an application, or this service itself."""
    named = next((data[name] for name in _SERVICES if data.get(name)), None)
    return {"name": PRODUCT} if named is None else {"uid": str(named)}


def _session(data: Mapping[str, Any]) -> dict[str, Any]:
    session = data.get("session_id")
    return {} if session is None else {"session": {"uid": str(session)}}


def _privileges(data: Mapping[str, Any]) -> list[str]:
    """Return what somebody may do from now on, or no more."""
    found: list[str] = []
    for name in _LISTS:
        value = data.get(name) or ()
        found += value.split() if isinstance(value, str) else map(str, value)
    return found


def _entity(event: AuditEvent, member: str) -> dict[str, str]:
    """Return the thing; what has no name of its own is called by its kind."""
    named = event.data.get(member)
    kind = event.name.partition(".")[0]
    return {"type": kind, "name": member if named is None else str(named)}
