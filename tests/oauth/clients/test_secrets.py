"""Secrets of clients."""

import hashlib
from datetime import datetime, timedelta

import pytest

from app.core.redaction import redact
from app.oauth.clients.client import ClientSecret
from app.oauth.clients.secrets import (
    client_secret,
    find_secret,
    is_live,
    rotate,
    secret_digest,
)
from tests.oauth.token_support import NOW

HOUR = timedelta(hours=1)


def _stored(byte: int, expires_at: datetime | None = None) -> ClientSecret:
    secret = client_secret(bytes([byte]) * 32)
    return ClientSecret(secret_digest(secret), expires_at)


def test_a_secret_has_256_bits_and_a_prefix() -> None:
    """RFC 6749 §10.10: it cannot be guessed; 2^-160 is what is asked for."""
    assert client_secret(bytes(32)) == "as_cs_" + "A" * 43
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError):
            client_secret(wrong)


def test_a_secret_in_a_log_line_is_hidden() -> None:
    """RFC 6749 §10.3: credentials are kept confidential."""
    assert "as_cs_" not in str(redact(f"posted {client_secret(bytes(32))}"))


def test_what_is_stored_is_the_digest() -> None:
    """RFC 6819 §5.1.4.1.3: no credentials in clear."""
    assert secret_digest("secret") == hashlib.sha256(b"secret").digest()


def test_trap_05_any_text_can_be_compared_with_a_secret() -> None:
    """RFC 6749 §2.3.1: a wrong secret is refused, whatever is in it."""
    known = [_stored(1)]

    for wrong in ("", "é", "\U0001f600", "\ud800", "as_cs_", "x" * 10_000):
        assert find_secret(wrong, known) is None


def test_each_of_two_secrets_works() -> None:
    """RFC 7592 §2.1: secrets may be exchanged, and both live for a time."""
    known = [_stored(1), _stored(2, expires_at=NOW)]

    assert find_secret(client_secret(b"\1" * 32), known) is known[0]
    assert find_secret(client_secret(b"\2" * 32), known) is known[1]
    assert find_secret(client_secret(b"\3" * 32), known) is None


def test_a_secret_ends_at_its_second() -> None:
    """RFC 7591 §3.2.1: client_secret_expires_at."""
    secret = _stored(1, expires_at=NOW)

    assert is_live(secret, NOW - timedelta(seconds=1))
    assert not is_live(secret, NOW)
    assert is_live(_stored(1), NOW)


def test_a_new_secret_leaves_the_old_one_some_time() -> None:
    """RFC 7592 §2.1: a client can change over without a gap."""
    old = _stored(1)

    new, kept = rotate([old], b"new", now=NOW, ends_at=NOW + HOUR)

    assert new == ClientSecret(b"new")
    assert kept == ClientSecret(old.digest, NOW + HOUR)


def test_no_more_than_two_secrets_live() -> None:
    """RFC 6749 §10.1: fewer secrets, fewer ways in."""
    soon = _stored(2, expires_at=NOW + HOUR / 2)
    known = [_stored(1), soon, _stored(3, expires_at=NOW)]

    later = rotate(known, b"new", now=NOW, ends_at=NOW + HOUR)
    only_soon = rotate([soon], b"new", now=NOW, ends_at=NOW + HOUR)
    at_once = rotate(known, b"new", now=NOW, ends_at=NOW)

    assert [one.digest for one in later] == [b"new", known[0].digest]
    assert only_soon[1] == soon  # nothing lives longer because of a rotation
    assert at_once == (ClientSecret(b"new"),)
