"""People and groups as LDIF, for directories with the schema of inetOrgPerson."""

from collections.abc import Mapping

from tests.federation.servers.directory import (
    GROUPS,
    NAMES,
    STATES,
    Person,
    bulk_login,
    groups_of,
)


def people_but(states: set[str], user_base: str) -> dict[str, Person]:
    """Return the people of a directory that knows no such states."""
    return {
        login: Person(
            login=login,
            name=NAMES.get(login, login.title()),
            dn=f"uid={login},{user_base}",
            state=state,
            groups=groups_of(login),
        )
        for login, state in STATES.items()
        if state not in states
    }


def unit(dn: str) -> str:
    """Return the entry of a unit."""
    name = dn.partition(",")[0].removeprefix("ou=")
    return f"dn: {dn}\nobjectClass: organizationalUnit\nou: {name}\n"


def account(dn: str, password: str) -> str:
    """Return the entry of an account of a program, such as the reader."""
    name = dn.partition(",")[0].removeprefix("cn=")
    return (
        f"dn: {dn}\nobjectClass: organizationalRole\n"
        f"objectClass: simpleSecurityObject\ncn: {name}\nuserPassword: {password}\n"
    )


def entry(person: Person) -> str:
    """Return somebody's entry, without password."""
    first, _, last = person.name.rpartition(" ")
    return (
        f"dn: {person.dn}\nobjectClass: inetOrgPerson\nuid: {person.login}\n"
        f"cn: {person.name}\nsn: {last}\ngivenName: {first or last}\n"
        f"displayName: {person.name}\nmail: {person.mail}\n"
    )


def one_of_many(number: int, user_base: str) -> str:
    """Return the entry of one more, who has no password."""
    login = bulk_login(number)
    return entry(Person(login, login.title(), f"uid={login},{user_base}"))


def group(name: str, people: Mapping[str, Person], group_base: str) -> str:
    """Return a group with those who are in it, as a change."""
    members = "".join(
        f"member: {people[each].dn if each in people else f'cn={each},{group_base}'}\n"
        for each in GROUPS[name]
    )
    return (
        f"dn: cn={name},{group_base}\nchangetype: add\nobjectClass: groupOfNames\n"
        f"cn: {name}\n{members}"
    )


_OFF = {
    "openldap": ("pwdAccountLockedTime", "000001010000Z", ""),
    "389": ("nsAccountLock", "true", ""),
    "ad": ("userAccountControl", "546", "544"),
}


def disabling(kind: str, dn: str, *, undo: bool = False) -> str:
    """Return the change that disables somebody in a kind of directory, or undoes it."""
    name, off, on = _OFF[kind]
    value = on if undo else off
    line = f"{name}: {value}\n" if value else ""
    return f"dn: {dn}\nchangetype: modify\nreplace: {name}\n{line}"
