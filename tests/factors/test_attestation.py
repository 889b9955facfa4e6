"""Which models of authenticators are taken, where an operator looks at them."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.factors import passkey
from app.factors.attestation import AttestationPolicy, ModelRefused
from app.factors.base import FactorRefused
from tests.factories.authenticator import AAGUID, Authenticator
from tests.factories.maker import Authority, metadata
from tests.support.passkey import CEREMONY, ORIGIN, creation

_OTHER = UUID(int=1)
Attest = Callable[..., passkey.NewPasskey]


@pytest.fixture
def maker() -> Authority:
    """Who made the authenticator."""
    return Authority("Maker", AAGUID)


@pytest.fixture
def attest(maker: Authority, tmp_path: Path) -> Attest:
    """Return a function that makes a passkey, and judges it by metadata."""

    def judged(
        by: Authority | None = maker, models: tuple[UUID, ...] = (), **known: Any
    ) -> passkey.NewPasskey:
        folder = tmp_path / uuid4().hex  # a file is read once
        folder.mkdir()
        files = metadata(folder, maker, **known)
        policy = AttestationPolicy(files.blob, files.root, models)
        policy.load()
        made: dict[str, Any] = (
            {} if by is None else {"fmt": "packed", "statement": by.statement}
        )
        answer = Authenticator(ORIGIN).create(creation(), **made)
        return passkey.verify_creation(answer, replace(CEREMONY, attestation=policy))

    return judged


def test_one_that_its_maker_vouches_for_is_taken(attest: Attest) -> None:
    assert attest().aaguid == AAGUID
    assert attest(models=(_OTHER, AAGUID)).aaguid == AAGUID


def test_browsers_are_asked_for_it_only_where_somebody_looks(tmp_path: Path) -> None:
    person = passkey.Person(handle=b"h", name="n", display_name="d")
    policy = AttestationPolicy(tmp_path, tmp_path)
    looked = replace(CEREMONY, attestation=policy)

    asked = [
        passkey.creation_options(person, (), each)["attestation"]
        for each in (CEREMONY, looked)
    ]

    assert asked == ["none", "direct"]


def test_a_synced_one_has_nobody_to_vouch_for_it(attest: Attest) -> None:
    with pytest.raises(ModelRefused, match="no maker"):
        attest(by=None)


def test_one_that_vouches_for_itself_is_not_taken(tmp_path: Path) -> None:
    files = metadata(tmp_path, Authority("Maker", AAGUID))
    policy = AttestationPolicy(files.blob, files.root)
    answer = Authenticator(ORIGIN).create(creation(), fmt="packed", statement="self")

    with pytest.raises(ModelRefused, match="no maker"):
        passkey.verify_creation(answer, replace(CEREMONY, attestation=policy))


def test_who_calls_themselves_a_maker_is_not_believed(attest: Attest) -> None:
    with pytest.raises(FactorRefused):
        attest(by=Authority("Maker", AAGUID))  # the same names, another key


def test_a_maker_cannot_vouch_for_another_model(attest: Attest) -> None:
    with pytest.raises(FactorRefused):
        attest(by=Authority("Maker", _OTHER))


def test_a_model_that_is_not_listed_is_not_taken(attest: Attest) -> None:
    with pytest.raises(ModelRefused, match="not in the metadata"):
        attest(model=_OTHER)
    with pytest.raises(ModelRefused, match="not one of those"):
        attest(models=(_OTHER,))


@pytest.mark.parametrize(
    "status",
    [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "ATTESTATION_KEY_COMPROMISE",
    ],
)
def test_a_model_of_which_bad_is_known_is_not_taken(
    attest: Attest, status: str
) -> None:
    with pytest.raises(ModelRefused):
        attest(statuses=[{"status": "FIDO_CERTIFIED_L1"}, {"status": status}])


def test_a_stolen_key_of_a_maker_vouches_for_nothing(
    attest: Attest, maker: Authority
) -> None:
    stolen = {"status": "ATTESTATION_KEY_COMPROMISE"}
    others = b64encode(Authority("Maker", AAGUID).leaf).decode()
    assert attest(statuses=[stolen | {"certificate": others}]).aaguid == AAGUID

    with pytest.raises(ModelRefused):
        theirs = b64encode(maker.leaf).decode()
        attest(statuses=[stolen | {"certificate": theirs}])


def test_an_authenticator_cannot_make_makers(maker: Authority, tmp_path: Path) -> None:
    files = metadata(tmp_path, maker)
    policy = AttestationPolicy(files.blob, files.root)
    how: dict[str, Any] = {
        "fmt": "packed",
        "statement": maker.issued_by_an_authenticator,
    }
    answer = Authenticator(ORIGIN).create(creation(), **how)

    with pytest.raises(ModelRefused, match="nobody who may"):
        passkey.verify_creation(answer, replace(CEREMONY, attestation=policy))


def test_a_certificate_that_is_over_vouches_for_nothing(tmp_path: Path) -> None:
    maker = Authority("Maker", AAGUID, days=30)
    files = metadata(tmp_path, maker)
    policy = AttestationPolicy(files.blob, files.root)
    how: dict[str, Any] = {"fmt": "packed", "statement": maker.statement}
    answer = Authenticator(ORIGIN).create(creation(), **how)

    with pytest.raises(ModelRefused, match="is over"):
        passkey.verify_creation(answer, replace(CEREMONY, attestation=policy))


def test_metadata_that_somebody_else_signed_is_not_read(attest: Attest) -> None:
    with pytest.raises(ValueError, match="InvalidSignature"):
        attest(signer=Authority("Alliance"))
