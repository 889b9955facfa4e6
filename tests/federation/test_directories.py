"""What real directories answer: the ground that connectors to them stand on.

Asked by the programs of OpenLDAP and by no code of ours, so that a new version which
answers otherwise is seen here.
"""

import re

from tests.federation.servers.directory import (
    BULK,
    PASSWORD,
    Directory,
)

WRONG = "wrong-Horse-7-battery"
_OFF, _TOO_OFTEN = "Account inactivated", "Exceed password retry limit"
# By state: the code of the right password and what is said then, and of a wrong one.
BINDS = {
    "openldap": {
        "active": (0, "", 49, ""),
        "disabled": (49, "", 49, ""),
        "locked": (49, "", 49, ""),
        "must_change": (0, "Password must be changed", 49, ""),
        "password_expired": (49, "Password expired", 49, ""),
        "grace": (0, "grace logins remain", 49, ""),
        "about_to_expire": (0, "Password expires in", 49, ""),
    },
    "389": {
        "active": (0, "", 49, ""),
        "disabled": (53, _OFF, 53, _OFF),
        "locked": (19, _TOO_OFTEN, 19, _TOO_OFTEN),
        "must_change": (0, "Password must be changed", 49, ""),
        "password_expired": (49, "password expired!", 49, ""),
        "about_to_expire": (0, "Password expires in", 49, ""),
    },
    "ad": {
        "active": (0, "", 49, "data 52e"),
        "disabled": (49, "data 533", 49, "data 52e"),
        "account_expired": (49, "data 701", 49, "data 52e"),
        "must_change": (49, "data 773", 49, "data 52e"),
        "locked": (49, "data 775", 49, "data 775"),
    },
}


def test_binds_are_told_apart_as_far_as_it_tells(directory: Directory) -> None:
    expected = BINDS[directory.kind]
    for person in directory.people.values():
        right, said, wrong, said_of_wrong = expected[person.state]
        found = directory.bind(person.dn, person.password, "-e", "ppolicy")
        assert (found[0], person.login) == (right, person.login), found
        assert said in found[1], (person.login, found)
        found = directory.bind(person.dn, WRONG, "-e", "ppolicy")
        assert (found[0], person.login) == (wrong, person.login), found
        assert said_of_wrong in found[1], (person.login, found)

    assert {person.state for person in directory.people.values()} == set(expected)


def test_nobody_is_told_from_nobody(directory: Directory) -> None:
    code, _ = directory.bind(f"uid=nobody,{directory.user_base}", PASSWORD)

    assert code == 49


def test_how_many_come_without_pages_and_with_them(directory: Directory) -> None:
    query = "(objectClass=person)"
    plain, all_at_once = directory.search(directory.user_base, query, "dn")
    paged, by_page = directory.search(
        directory.user_base, query, "-E", "pr=500/noprompt", "dn"
    )
    seen = len(re.findall("^dn:", all_at_once, re.M)), len(
        re.findall("^dn:", by_page, re.M)
    )

    more = len(directory.people) + BULK
    assert (plain, paged, *seen) == {
        "openldap": (4, 4, 500, 500),
        "389": (4, 0, 2_000, more),
        "ad": (0, 0, more + 1, more + 1),  # and the reader
    }[directory.kind]


def test_groups_are_told_as_far_as_they_are(directory: Directory) -> None:
    bea = directory.people["bea"]
    _, found = directory.search(directory.user_base, f"(mail={bea.mail})", "memberOf")

    assert (f"=engineers,{directory.group_base}".lower() in found.lower()) == (
        directory.kind != "389"
    )
    assert f"=staff,{directory.group_base}".lower() not in found.lower()
