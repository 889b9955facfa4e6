"""Filters and DNs, as operators write them and as directories do."""

import pytest

from app.upstreams.directory import ber, filters
from app.upstreams.directory.dn import canonical, canonical_or_as_is


@pytest.mark.parametrize(
    ("text", "built"),
    [
        ("(uid=ann)", filters.equal("uid", "ann")),
        ("(cn=a\\2ab\\29)", filters.equal("cn", "a*b)")),
        ("(objectClass=*)", filters.present("objectClass")),
        (
            "(&(a=1)(|(b=2)(c=3)))",
            filters.all_of(
                filters.equal("a", "1"),
                filters.any_of(filters.equal("b", "2"), filters.equal("c", "3")),
            ),
        ),
        (
            "(member:1.2.840.113556.1.4.1941:=cn=a,dc=b)",
            filters.matching("member", "1.2.840.113556.1.4.1941", "cn=a,dc=b"),
        ),
    ],
)
def test_a_filter_is_read_as_it_is_built(text: str, built: bytes) -> None:
    assert filters.parse(text) == built


def test_parts_of_values_are_read() -> None:
    # RFC 4511 §4.5.1: substrings [4] { type, { initial [0], any [1], final [2] } }
    pieces = ber.octets("a", 0x80), ber.octets("b", 0x81), ber.octets("c", 0x82)
    expected = ber.element(0xA4, ber.octets("cn"), ber.sequence(*pieces))

    assert filters.parse("(cn=a*b*c)") == expected
    assert filters.parse("(!(n>=5))")[0] == 0xA2


@pytest.mark.parametrize(
    "text",
    [
        *("", "uid=ann", "(uid=ann", "(uid=ann))", "(&)", "(!(a=1)(b=2))", "(=x)"),
        *("(a=b\\zz)", "(a=**)", "(a>=*)", "((a=1))", "(a=1)(b=2)", "(a b=1)"),
        *("(" * 50, "(&" * 30 + "(a=1)" + ")" * 30, "(a:b:c:=1)", "(:=x)"),
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        filters.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "CN=Staff\\, all,OU=Groups,DC=example,DC=com",
        "cn=staff\\2C all, ou=groups , dc=example,dc=com",
        'cn="Staff, all",ou=Groups,dc=example,dc=com',
        "OID.cn=staff\\2c  ALL,ou=groups,dc=example,dc=com",
    ],
)
def test_a_dn_is_the_same_however_it_is_written(text: str) -> None:
    assert canonical(text) == "cn=staff\\2c all,ou=groups,dc=example,dc=com"


def test_dns_that_differ_stay_apart() -> None:
    assert canonical("cn=a\\,b,dc=c") != canonical("cn=a,b=x,dc=c")
    assert canonical("cn=a+sn=b,dc=c") == canonical("SN=b + CN=a,dc=c")
    assert canonical("cn=sta\\c3\\9fe") != canonical("cn=stae")
    assert canonical_or_as_is("just a name") == "just a name"


@pytest.mark.parametrize("text", ["", "staff", "cn=a,b", "cn=a\\", "=x", "c n=a"])
def test_what_is_no_dn_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        canonical(text)
