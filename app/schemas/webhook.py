"""Bodies of ``/api/v1/webhooks``."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, model_validator

from app.schemas.base import GivenInstant, Input, Instant, Output, ShownText

MAX_OVERLAP = 7 * 86_400
Url = Annotated[str, Field(min_length=1, max_length=1_024)]
Pattern = Annotated[str, Field(min_length=1, max_length=64)]
Patterns = Annotated[list[Pattern], Field(min_length=1, max_length=100)]
State = Literal["pending", "delivered", "dead"]


class WebhookChange(Input):
    """What changes; an absent field stays.

    ``events``: names of events, ``user.*`` for all that begin so, ``*`` for all.
    ``asymmetric``: a key signs besides the secret (``v1a``); each time another one.
    """

    url: Url | None = None
    description: ShownText | None = None
    events: Patterns | None = None
    enabled: StrictBool | None = None
    asymmetric: StrictBool | None = None


class WebhookCreate(Input):
    """A new endpoint; it is told of what happens from now on."""

    url: Url
    description: ShownText = ""
    events: Patterns = ["*"]
    asymmetric: StrictBool = False


class WebhookRotate(Input):
    """How many seconds the secret before signs beside the new one."""

    overlap: Annotated[StrictInt, Field(ge=0, le=MAX_OVERLAP)] = 86_400


class WebhookReplay(Input):
    """What to send once more: one delivery, or the events of a span."""

    delivery_id: UUID | None = None
    since: GivenInstant | None = None
    until: GivenInstant | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.delivery_id is None) == (self.since is None):
            raise ValueError("either delivery_id or since is required")
        if self.delivery_id is not None and self.until is not None:
            raise ValueError("until belongs to since")
        return self


class Webhook(Output):
    """An endpoint that is told of events.

    ``disabled_reason``: ``administrator``, ``failing`` for five days, or ``gone`` as
    it answered itself. ``secret_overlaps_until``: when the secret before ends, and the
    key before. ``public_keys``: those that check ``v1a`` signatures now, the newest
    first; they are no secrets.
    """

    id: UUID
    url: str
    description: str
    events: list[str]
    enabled: bool
    disabled_reason: Literal["administrator", "failing", "gone"] | None
    failing_since: Instant | None
    paused_until: Instant | None
    secret_overlaps_until: Instant | None
    asymmetric: bool
    public_keys: list[str]
    created_at: Instant
    updated_at: Instant


class WebhookWithSecret(Webhook):
    """The same with its secret, which is shown this once."""

    secret: str


class WebhookDelivery(Output):
    """One event for one endpoint; of answers the status is kept, and no more."""

    id: UUID
    event_id: UUID
    event: str
    state: State
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: Instant
    next_attempt_at: Instant | None
    finished_at: Instant | None


class WebhookReplayed(Output):
    """How many events are sent once more."""

    count: int
