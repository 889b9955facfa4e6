"""The document of what was revoked: what stands in it, and how large it is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from app.core import jose
from app.oauth.resources.revoked import (
    DIGEST_LENGTH,
    client_entry,
    entry_digest,
    entry_of_past,
    past_entry,
    revoked_claims,
)
from tests.oauth.token_support import KEYS

_ISSUER = "https://as.example.com"
_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_entries_are_sorted_digests_that_name_nobody() -> None:
    entries = [uuid4() for _ in range(3)]
    digests = {entry_digest(each) for each in entries}

    claims = revoked_claims(
        issuer=_ISSUER, digests=digests, not_before=None, clients={}, now=_NOW
    )

    raw = urlsafe_b64decode(claims["revoked"] + "=" * (-len(claims["revoked"]) % 4))
    told = [raw[at : at + DIGEST_LENGTH] for at in range(0, len(raw), DIGEST_LENGTH)]
    expected = sorted(sha256(str(each).encode()).digest()[:5] for each in entries)
    assert told == expected
    assert claims["digest_length"] == DIGEST_LENGTH
    issued = int(_NOW.timestamp())
    assert (claims["iss"], claims["iat"], claims["exp"]) == (
        _ISSUER,
        issued,
        issued + 1_200,
    )
    assert "tokens_not_before" not in claims
    assert not {"sub", "aud", "client_id", "jti", "scope", "events"} & claims.keys()


def test_ten_thousand_take_less_than_100_kb() -> None:
    """Each reader has all of it with each change, signed as it is sent."""
    digests = {entry_digest(UUID(int=number)) for number in range(10_000)}
    claims = revoked_claims(
        issuer=_ISSUER, digests=digests, not_before=None, clients={}, now=_NOW
    )

    key = KEYS["RS256"]
    sent = jose.sign(
        claims, key.key, kid=key.kid, algorithm="RS256", typ="revoked-tokens+jwt"
    )

    assert len(digests) == 10_000
    assert len(sent) < 100_000


def test_the_instant_that_all_is_over_until_is_rounded_up() -> None:
    """``iat`` has whole seconds: of the second itself nothing may be left."""
    late = _NOW + timedelta(milliseconds=1)

    claims = revoked_claims(
        issuer=_ISSUER, digests=(), not_before=late, clients={}, now=_NOW
    )

    assert claims["tokens_not_before"] == int(_NOW.timestamp()) + 1
    assert claims["revoked"] == ""


def test_the_past_of_clients_is_told_by_their_entries() -> None:
    """RFC 7519 §2: since when, in whole seconds."""
    digest = entry_digest(client_entry("shop"))

    claims = revoked_claims(
        issuer=_ISSUER, digests=(), not_before=None, clients={digest: _NOW}, now=_NOW
    )

    named = urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert claims["clients_not_before"] == {named: int(_NOW.timestamp())}


def test_a_client_is_called_by_a_uuid_of_its_name() -> None:
    """RFC 9562 §5.5: the same name gives the same UUID, another one another."""
    assert client_entry("shop") == UUID("7c8bc9db-cbfb-506e-8250-93aab80bdcba")
    assert client_entry("shop") != client_entry("Shop")


def test_the_past_of_a_client_is_found_by_its_entry_and_nothing_else_is() -> None:
    """RFC 9562 §5.8: version 8, which no id of ours has."""
    assert past_entry("shop").version == 8
    assert entry_of_past(past_entry("shop")) == client_entry("shop")
    assert entry_of_past(client_entry("shop")) is None
    assert entry_of_past(uuid4()) is None
