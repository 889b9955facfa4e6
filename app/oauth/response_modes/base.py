"""OAuth Multiple Response Types §2.1: what a way of answering has to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

# The client reads these names as our words, so the registered URI must not bring them.
RESERVED = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "id_token",
        "iss",
        "response",
        "scope",
        "session_state",
        "state",
        "token_type",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser is told to do.

    Attributes:
        kind: ``redirect`` (303, RFC 9700 §4.12), or ``form``: a page that posts itself.
        url: Where to go, or the action of the form.
        fields: Hidden fields of the form; rendering escapes them.
    """

    kind: Literal["redirect", "form"]
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


class ResponseMode(Protocol):
    """A way to hand the response parameters to the client."""

    name: str

    def fits(self, redirect_uri: str) -> bool:
        """Tell whether a client behind this URI can receive it."""
        ...

    def answer(self, redirect_uri: str, parameters: Mapping[str, str]) -> Answer:
        """Return what brings the parameters to the client, each of them once."""
        ...
