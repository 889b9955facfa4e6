"""What it proves here that somebody signed in elsewhere, and what is asked for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.factors.base import MULTI_FACTOR
from app.oauth.acr import ONE_FACTOR, TWO_FACTORS, meets_any
from app.services.sign_in.start import Proven
from app.services.upstreams.directory import Way
from app.services.upstreams.journey import Going

if TYPE_CHECKING:
    from app.upstreams.protocol import Kept, UpstreamIdentity

METHOD, FEDERATED = "upstream", "fed"  # of sign-ins, and their ``amr``
# What others call two factors: ours, and REFEDS MFA.
_ASKED = (TWO_FACTORS, "https://refeds.org/profile/mfa")
_SKEW = 60  # seconds that clocks may differ by


def proven(policy: Mapping[str, Any], identity: "UpstreamIdentity") -> Proven:
    """Return what was proven: one factor, unless their word counts for two.

    What they call it is not handed on: a password there is none of this account.
    """
    says_two = MULTI_FACTOR in identity.amr or identity.acr in _ASKED
    counts = says_two and policy["trusts_factors"]
    amr = (FEDERATED, MULTI_FACTOR) if counts else (FEDERATED,)
    return Proven(METHOD, amr, at=identity.auth_time)


def two_factors(way: Way, going: Going) -> tuple[str, ...]:
    """Return what is asked of the other side for an application that wants two factors.

    Only where its word would count: elsewhere the second step is ours.
    """
    is_wanted = meets_any(TWO_FACTORS, going.acr_values) and not meets_any(
        ONE_FACTOR, going.acr_values
    )
    return _ASKED if is_wanted and way.policy["trusts_factors"] else ()


def long_ago(identity: "UpstreamIdentity", kept: "Kept") -> datetime | None:
    """Return when somebody proved themselves there, if it was before they left here.

    Who came by a session that they have there has not just signed in.
    """
    at = identity.auth_time
    is_new = at is None or at.timestamp() >= kept.started_at - _SKEW
    return None if is_new else at
