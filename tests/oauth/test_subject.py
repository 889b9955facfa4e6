"""Under which name a client knows a person."""

from uuid import UUID

import pytest

from app.oauth.clients.client import Client
from app.oauth.subject import pairwise_subject, session_for, subject_for
from tests.oauth.token_support import USER, client

KEY = bytes(range(32))


def _pairwise(sector: str | None) -> Client:
    return client(subject_type="pairwise", sector=sector)


def test_a_public_subject_is_the_same_everywhere() -> None:
    """OIDC Core §8: public gives the same sub to all clients."""
    subjects = {subject_for(USER, client(client_id=name), key=KEY) for name in "ab"}

    assert subjects == {str(USER)}


def test_a_pairwise_subject_is_the_sectors() -> None:
    """OIDC Core §8.1: the same within a sector, and never in two."""
    first = subject_for(USER, _pairwise("a.example"), key=KEY)

    assert subject_for(USER, _pairwise("a.example"), key=KEY) == first
    assert subject_for(USER, _pairwise("A.Example"), key=KEY) == first
    for sector in ("b.example", "a.example.", "xa.example", "a.exampl"):
        assert subject_for(USER, _pairwise(sector), key=KEY) != first


def test_no_two_people_share_a_subject() -> None:
    """OIDC Core §8.1: distinct subject values for distinct people."""
    people = [UUID(int=number) for number in range(500)]
    names = {pairwise_subject(p, s, KEY) for p in people for s in ("a", "b")}

    assert len(names) == 1_000


def test_sector_and_person_do_not_run_together() -> None:
    """OIDC Core §8.1: another sector never gives a subject that was given."""
    person = UUID(bytes=b"b" + bytes(15))

    assert pairwise_subject(person, "a", KEY) != pairwise_subject(
        UUID(bytes=bytes(16)), "ab", KEY
    )


def test_a_pairwise_subject_cannot_be_turned_back() -> None:
    """OIDC Core §8.1: not reversible by anybody but the provider."""
    subject = pairwise_subject(USER, "a.example", KEY)

    assert subject != pairwise_subject(USER, "a.example", bytes(32))
    assert len(subject) == 43
    assert str(USER) not in subject
    assert USER.hex not in subject


def test_a_subject_is_short_and_ascii() -> None:
    """OIDC Core §2: sub MUST NOT exceed 255 ASCII characters."""
    for one in (client(), _pairwise("ä.example")):
        subject = subject_for(USER, one, key=KEY)
        assert subject.isascii()
        assert len(subject) <= 255


@pytest.mark.parametrize("sector", [None, ""])
def test_a_pairwise_client_has_a_sector(sector: str | None) -> None:
    """OIDC Core §8.1: without a sector nothing can be computed."""
    with pytest.raises(ValueError):
        subject_for(USER, _pairwise(sector), key=KEY)


def test_a_weak_key_is_refused() -> None:
    """OIDC Core §8.1: a key that can be guessed would turn subjects back."""
    for weak in (b"", bytes(31)):
        with pytest.raises(ValueError):
            pairwise_subject(USER, "a.example", weak)


def test_a_session_is_named_like_its_person() -> None:
    """OIDC Core §8.1: one name in a sector, another in each other, never a subject."""
    first = session_for(USER, _pairwise("a.example"), key=KEY)

    assert session_for(USER, client(), key=KEY) == str(USER)
    assert session_for(USER, _pairwise("A.example"), key=KEY) == first
    assert session_for(USER, _pairwise("b.example"), key=KEY) != first
    assert subject_for(USER, _pairwise("a.example"), key=KEY) != first
    assert str(USER) not in first
    with pytest.raises(ValueError, match="without a sector"):
        session_for(USER, _pairwise(None), key=KEY)
