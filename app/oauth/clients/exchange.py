"""RFC 8693 §1.1 and §5: what a client may exchange; an administrator says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ExchangePolicy:
    """Whose tokens a client may exchange, and whether the new ones name it.

    To which resources, and for which scopes, its assigned resources say.

    Attributes:
        clients: Those whose tokens it may exchange.
        impersonation: Whether tokens may leave out that it acts (§1.1).
    """

    clients: tuple[str, ...]
    impersonation: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a token that was exchanged for another has of that.

    Attributes:
        act: Who acts, and for whom they act in turn (§4.1); None if nobody is named.
        lives: Seconds at most: the other one's.
        client_id: Whom the other one was issued to.
        token_id: Its ``jti``.
    """

    act: Mapping[str, Any] | None
    lives: int
    client_id: str
    token_id: str


def read_policy(stored: Mapping[str, Any] | None) -> ExchangePolicy | None:
    """Return the policy of a client as it is stored; None exchanges nothing."""
    if stored is None:
        return None
    return ExchangePolicy(tuple(stored["clients"]), stored.get("impersonation", False))
