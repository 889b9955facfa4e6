"""Settings of how long finished things are kept."""

from pydantic import Field

from app.setting_groups import DAY, HOUR, Group
from app.setting_types import CENTURY


class RetentionSettings(Group):
    """How long finished things are kept."""

    audit_ttl: int = Field(365 * DAY, ge=DAY, le=CENTURY, description="Audit events.")
    session_ttl: int = Field(
        30 * DAY, ge=DAY, le=CENTURY, description="Ended sessions."
    )
    unverified_ttl: int = Field(
        30 * DAY,
        ge=DAY,
        le=CENTURY,
        description="Accounts that somebody registered and never confirmed, "
        "since they were used last.",
    )
    outbox_ttl: int = Field(
        7 * DAY, ge=HOUR, le=CENTURY, description="Delivered messages."
    )
    refused_request_ttl: int = Field(
        7 * DAY,
        ge=HOUR,
        le=90 * DAY,
        description="Why sign-ins and requests for tokens were refused (docs/why.md).",
    )
    refused_requests_per_minute: int = Field(
        120,
        ge=1,
        le=10_000,
        description="How many of them a process keeps; of one address a quarter.",
    )
    answered_request_ttl: int = Field(
        DAY,
        ge=HOUR,
        le=90 * DAY,
        description="Why requests were allowed, where that is kept (docs/why.md).",
    )
    answered_requests_per_minute: int = Field(
        0,
        ge=0,
        le=10_000,
        description="How many of those a process keeps; 0 is none.",
    )
