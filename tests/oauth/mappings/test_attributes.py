"""Attributes of the operator as a source of mappings (OIDC Core §5.1.2)."""

import pytest

from app.oauth.mappings.mapping import attributes_in, read_mappings
from app.oauth.mappings.told import is_granted, mapped_claims

MAPPED = read_mappings(
    [{"claim": "team", "source": "attribute:team"}, {"claim": "s", "source": "scope"}]
)


def test_the_names_of_attributes_are_known() -> None:
    assert attributes_in(MAPPED) == {"team"}


@pytest.mark.parametrize("name", ["", "7", "a b", "a" * 64, "a/b"])
def test_what_could_be_no_attribute_is_no_source(name: str) -> None:
    with pytest.raises(ValueError, match="know no source"):
        read_mappings([{"claim": "team", "source": f"attribute:{name}"}])


@pytest.mark.parametrize("claim", ["sub", "email", "phone_number_verified"])
def test_an_attribute_passes_for_nothing_that_people_are_known_by(claim: str) -> None:
    with pytest.raises(ValueError, match="cannot replace"):
        read_mappings([{"claim": claim, "source": "attribute:team"}])


def test_it_is_told_with_the_profile_alone() -> None:
    """OIDC Core §5.4: what is told is what scopes stand for."""
    known = {"attribute:team": "ops"}

    told = mapped_claims(MAPPED, known, ["openid", "profile"])
    hidden = mapped_claims(MAPPED, known, ["openid", "email"])

    assert told["team"] == "ops" and "team" not in hidden
    assert is_granted("attribute:team", ["profile"], ())
    assert not is_granted("team", ["profile"], ())
