"""Who gets an account by coming, and whose address is believed (ADR-0101)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.core.exceptions import Unprocessable
from app.services.accounts.unverified import accept_address
from app.services.process.process import Process
from app.services.upstreams.errors import UpstreamSignInRefused
from app.typed_text import canonical_email, read_email

if TYPE_CHECKING:
    from app.upstreams.protocol import UpstreamIdentity


def address_of(identity: "UpstreamIdentity") -> str | None:
    """Return the address that the other side tells, if it is one that we take."""
    try:
        return read_email(identity.email) if identity.email else None
    except ValueError:
        return None


def is_vouched(
    policy: Mapping[str, Any], identity: "UpstreamIdentity", email: str
) -> bool:
    """Tell whether the other side is believed that an address is somebody's."""
    domain = canonical_email(email).rpartition("@")[2]
    return identity.email_verified and domain in policy["trusted_domains"]


def demand_rule(
    process: Process,
    policy: Mapping[str, Any],
    identity: "UpstreamIdentity",
    email: str,
) -> None:
    """Refuse whom a connection's rule gives no account.

    Raises:
        UpstreamSignInRefused: They get none.
    """
    rule, domains = policy["account_rule"], policy["account_domains"]
    domain = canonical_email(email).rpartition("@")[2]
    if rule in ("closed", "invited"):
        raise UpstreamSignInRefused("account_rule", rule)
    if rule == "domain" and not (identity.email_verified and domain in domains):
        raise UpstreamSignInRefused("account_rule", "another domain")
    try:
        accept_address(process, email)
    except Unprocessable as refusal:
        raise UpstreamSignInRefused("address_refused", refusal.hint) from refusal
