"""Signing in with passkeys: WebAuthn Level 3, 7.2, broken one at a time."""

import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from app.factors.base import Enrolled, FactorRefused, Proof
from app.factors.passkey import (
    PasskeyFactor,
    read_challenge,
    read_credential_id,
    request_options,
    verify_alone,
    verify_creation,
)
from tests.factories.authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    CLOUD,
    DEVICE,
    USER_PRESENT,
    USER_VERIFIED,
    Authenticator,
    encode,
)
from tests.support.passkey import CEREMONY, ORIGIN, creation, registered

FACTOR = PasskeyFactor()
_JUNK: list[Any] = [None, True, 7, 1.5, "", "text", [], [[]], {}, {"id": {}}]


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
@pytest.mark.parametrize(
    ("flags", "amr"), [(DEVICE, ("hwk", "user")), (CLOUD, ("swk", "user"))]
)
def test_a_passkey_that_verifies_its_user_is_two_factors(
    algorithm: int, flags: int, amr: tuple[str, ...]
) -> None:
    authenticator, had = registered(flags, algorithm)

    proof = verify_alone([had], authenticator.get(request_options(CEREMONY)), CEREMONY)

    assert proof == Proof(
        id=had.id,
        state=1,
        amr=amr,
        is_multi_factor=True,
        data={
            "is_backup_eligible": flags == CLOUD,
            "is_backed_up": flags == CLOUD,
        },
    )


def test_one_that_does_not_is_one_factor() -> None:
    authenticator, had = registered()
    options = FACTOR.begin([had], CEREMONY)
    assert options and options["userVerification"] == "preferred"

    answer = authenticator.get(options, flags=USER_PRESENT)
    proof = FACTOR.verify([had], answer, CEREMONY)

    assert (proof.amr, proof.is_multi_factor) == (("hwk",), False)
    with pytest.raises(FactorRefused):
        verify_alone([had], answer, CEREMONY)


def test_a_key_that_got_its_pin_later_stays_one_factor() -> None:
    """Who finds a key without a PIN may set one (section 7.2, ``uvInitialized``)."""
    authenticator, had = registered(USER_PRESENT)
    answer = authenticator.get(request_options(CEREMONY), flags=DEVICE)

    assert not FACTOR.verify([had], answer, CEREMONY).is_multi_factor
    with pytest.raises(FactorRefused):
        verify_alone([had], answer, CEREMONY)


def test_one_asked_alone_must_be_discoverable_and_verify() -> None:
    options = request_options(CEREMONY)

    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    assert options["rpId"] == "example.com"


def test_who_has_none_is_asked_nothing() -> None:
    assert FACTOR.begin([], CEREMONY) is None


def test_hints_follow_what_the_account_has() -> None:
    _, had = registered(transports=("usb", "nfc"))

    options = FACTOR.begin([had], CEREMONY)

    assert options and options["hints"] == ["security-key"]


_BROKEN_ASSERTION: dict[str, Mapping[str, Any]] = {
    "type": {"client_data": {"type": "webauthn.create"}},
    "type of payment": {"client_data": {"type": "payment.get"}},
    "challenge": {"client_data": {"challenge": encode(b"another, and as long as it")}},
    "challenge padded": {"client_data": {"challenge": "YQ=="}},
    "no origin": {"client_data": {"origin": None}},
    "origin by suffix": {"origin": "https://badexample.com"},
    "origin by port": {"origin": "https://id.example.com:444"},
    "origin by http": {"origin": "http://id.example.com"},
    "null origin": {"origin": "null"},
    "within another page": {"client_data": {"crossOrigin": True}},
    "crossOrigin of junk": {"client_data": {"crossOrigin": 0}},
    "top origin": {"client_data": {"topOrigin": "https://evil.example"}},
    "rp id": {"rp_id": "evil.example"},
    "user not present": {"flags": USER_VERIFIED},
    "became eligible": {"flags": DEVICE | BACKUP_ELIGIBLE},
    "backed up but not eligible": {"flags": DEVICE | BACKED_UP},
    "counter the same": {"sign_count": 5},
    "counter back": {"sign_count": 4},
    "counter back to nothing": {"sign_count": 0},
    "foreign credential": {"credential_id": b"another credential"},
    "somebody else's handle": {"response": {"userHandle": encode(b"mallory")}},
    "handle of junk": {"response": {"userHandle": 7}},
    "signature": {"response": {"signature": encode(b"\0" * 70)}},
    "no signature": {"response": {"signature": ""}},
    "signature of junk": {"response": {"signature": None}},
    "data cut off": {"response": {"authenticatorData": encode(b"\0" * 36)}},
    "data of junk": {"response": {"authenticatorData": ["AA"]}},
    "client data of junk": {"response": {"clientDataJSON": encode(b"7")}},
}


@pytest.mark.parametrize("broken", _BROKEN_ASSERTION)
def test_t107_an_assertion_with_one_thing_wrong_is_refused(broken: str) -> None:
    authenticator, had = registered()
    had = Enrolled(id=had.id, secret=had.secret, state=5, data=had.data)
    authenticator.passkeys[0].sign_count = 5
    options = request_options(CEREMONY)
    assert verify_alone([had], authenticator.get(options), CEREMONY).state == 6

    answer = authenticator.get(options, **_BROKEN_ASSERTION[broken])

    for judge in (verify_alone, FACTOR.verify):
        with pytest.raises(FactorRefused):
            judge([had], answer, CEREMONY)


def test_a_synced_one_may_stay_at_zero() -> None:
    authenticator, had = registered(CLOUD, step=0)

    for _ in range(2):
        answer = authenticator.get(request_options(CEREMONY))
        assert verify_alone([had], answer, CEREMONY).state == 0


def test_eligibility_never_goes_either() -> None:
    authenticator, had = registered(CLOUD)

    answer = authenticator.get(request_options(CEREMONY), flags=DEVICE)

    with pytest.raises(FactorRefused):
        verify_alone([had], answer, CEREMONY)


def test_what_is_backed_up_is_told_anew() -> None:
    authenticator, had = registered(DEVICE | BACKUP_ELIGIBLE)

    answer = authenticator.get(request_options(CEREMONY), flags=CLOUD)

    assert verify_alone([had], answer, CEREMONY).data["is_backed_up"]


def test_an_imported_one_says_at_its_first_use_whether_it_is_eligible() -> None:
    authenticator, had = registered(CLOUD, is_backup_eligible=None)

    proof = verify_alone([had], authenticator.get(request_options(CEREMONY)), CEREMONY)

    assert proof.data["is_backup_eligible"]


@pytest.mark.parametrize("handle", [None, ""])
def test_only_a_second_step_does_without_a_user_handle(handle: str | None) -> None:
    authenticator, had = registered()
    told = {"userHandle": handle}
    answer = authenticator.get(request_options(CEREMONY), response=told)

    assert FACTOR.verify([had], answer, CEREMONY).id == had.id
    with pytest.raises(FactorRefused):
        verify_alone([had], answer, CEREMONY)


def test_another_passkey_s_key_does_not_do() -> None:
    authenticator, _ = registered()
    _, other = registered()
    claimed = authenticator.passkeys[0].credential_id
    mixed = {**other.data, "credential_id": claimed}
    victim = Enrolled(id=other.id, secret=other.secret, state=0, data=mixed)

    with pytest.raises(FactorRefused):
        verify_alone([victim], authenticator.get(request_options(CEREMONY)), CEREMONY)


@pytest.mark.parametrize("junk", _JUNK)
def test_junk_of_any_type_is_refused(junk: Any) -> None:
    _, had = registered()

    for judge in (
        lambda: verify_creation(junk, CEREMONY),
        lambda: verify_alone([had], junk, CEREMONY),
        lambda: FACTOR.verify([had], junk, CEREMONY),
        lambda: read_challenge(junk),
        lambda: read_credential_id(junk),
    ):
        with pytest.raises(FactorRefused):
            judge()


@pytest.mark.parametrize("member", ["id", "rawId", "type", "response"])
@pytest.mark.parametrize("junk", _JUNK)
def test_junk_in_a_member_is_refused(member: str, junk: Any) -> None:
    authenticator, had = registered()
    options = request_options(CEREMONY)
    made = Authenticator(ORIGIN).create(creation())

    with pytest.raises(FactorRefused):
        verify_alone([had], {**authenticator.get(options), member: junk}, CEREMONY)
    with pytest.raises(FactorRefused):
        verify_creation({**made, member: junk}, CEREMONY)


def test_another_spelling_of_an_id_is_refused() -> None:
    """Bits that base64 leaves over would make one credential look like four."""
    authenticator, had = registered()
    answer = authenticator.get(request_options(CEREMONY))
    padded = urlsafe_b64encode(had.data["credential_id"]).decode()

    with pytest.raises(FactorRefused):
        verify_alone([had], {**answer, "id": padded, "rawId": padded}, CEREMONY)


def test_a_challenge_and_an_id_are_read_before_anything_is_proven() -> None:
    authenticator, had = registered()
    answer = authenticator.get(request_options(CEREMONY))

    assert read_challenge(answer) == CEREMONY.challenge
    assert read_credential_id(answer) == had.data["credential_id"]


def test_the_reason_is_short_and_shows_nothing_of_the_key() -> None:
    _, had = registered()

    with pytest.raises(FactorRefused) as refused:
        FACTOR.verify([had], {"id": "A" * 99_999}, CEREMONY)

    assert len(str(refused.value)) <= 300


def test_the_library_is_loaded_only_for_somebody_s_passkey() -> None:
    code = "import sys, app.factors; sys.exit('webauthn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
