"""Which mappings there may be."""

from typing import Any

import pytest

from app.oauth.mappings.mapping import MOST, PROTECTED, ClaimMapping, read_mappings


def of(claim: str = "teams", source: str = "groups", **more: Any) -> dict[str, Any]:
    return {"claim": claim, "source": source, **more}


def test_a_mapping_is_read_with_what_is_usual() -> None:
    """OIDC Core §5.1.2: other claims MAY be used."""
    [plain] = read_mappings([of()])
    [whole] = read_mappings([of("a.b", format="nested", values=["x*"], prefix="p:")])

    assert plain == ClaimMapping(claim="teams", source="groups")
    assert (whole.path, whole.values, whole.prefix) == (("a", "b"), ("x*",), "p:")
    assert read_mappings([of("a.b")])[0].path == ("a.b",)
    assert read_mappings([]) == ()


@pytest.mark.parametrize("name", sorted(PROTECTED))
def test_no_mapping_replaces_what_the_protocol_says(name: str) -> None:
    """RFC 9068 §2.2, RFC 7519 §4.1, RFC 8693 §4: these are the server's to say."""
    for document in (of(name), of(f"{name}.x", format="nested")):
        with pytest.raises(ValueError, match=f"cannot replace {name}"):
            read_mappings([document])


@pytest.mark.parametrize(
    "document",
    [
        of("email", "preferred_username"),
        of("email", "email", prefix="admin+"),
        of("email_verified", "phone_number_verified"),
        of("phone_number", "phone_number", values=["+1*"]),
    ],
)
def test_nothing_passes_for_what_people_are_recognised_by(
    document: dict[str, Any],
) -> None:
    """OIDC Core §5.7: other claims than ``sub`` MUST NOT be relied on; many do."""
    with pytest.raises(ValueError, match="cannot replace"):
        read_mappings([document])
    assert read_mappings([of("email", "email")])


@pytest.mark.parametrize(
    "documents",
    [
        "teams",
        ["teams"],
        [of(more=1)],
        [of(source="password_hash")],
        [of("")],
        [of("a..b", format="nested")],
        [of(".".join("abcdef"), format="nested")],
        [of("address.x", format="nested")],
        [of(format="deep")],
        [of(values="x")],
        [of(values=["x"] * 101)],
        [of(values=[1])],
        [of(prefix="\n")],
        [of(prefix="x" * 201)],
        [{"claim": "x"}],
        [of(), of(source="roles")],
        [of("a", format="nested"), of("a.b", format="nested")],
        [of(f"c{n}") for n in range(MOST + 1)],
    ],
    ids=str,
)
def test_what_is_no_mapping_is_refused(documents: Any) -> None:
    with pytest.raises(ValueError):
        read_mappings(documents)
