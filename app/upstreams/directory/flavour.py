"""In what kinds of directories differ, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.upstreams.directory import filters
from app.upstreams.directory.answers import ACTIVE_DIRECTORY
from app.upstreams.directory.filters import Filter
from app.upstreams.directory.message import Entry

_IN_CHAIN = "1.2.840.113556.1.4.1941"  # LDAP_MATCHING_RULE_IN_CHAIN
_CLAIMS = {
    "email": "mail",
    "given_name": "givenName",
    "family_name": "sn",
    "locale": "preferredLanguage",
    "phone_number": "telephoneNumber",
}


def _guid(value: bytes) -> str | None:
    """Return an ``objectGUID``: its first three fields are little-endian."""
    return str(UUID(bytes_le=value)) if len(value) == 16 else None


def _identifier(value: bytes) -> str | None:
    """Return an identifier that is text; hexadecimal digits have no case."""
    text = _as_it_is(value)
    return text.lower() if text else None


def _as_it_is(value: bytes) -> str | None:
    """Return an identifier that an operator chose: two cases may be two people."""
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if 0 < len(text) <= 255 and text.isprintable() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """A kind of directory.

    Attributes:
        name: As ``answers`` knows it.
        people: Who is a person, unless an operator says it otherwise.
        groups: What is a group, likewise.
        login: By which attributes somebody may be found.
        identifier: Which attribute says for ever who somebody is.
        read_identifier: Makes text of its value.
        claims: By claim, the attribute that tells it.
        members: By which attributes groups name their members by DN.
        has_chain: The server itself finds who is in a group by way of others.
        changes_by_modify: A password is changed as ``unicodePwd``, not by RFC 3062.
    """

    name: str
    people: str
    groups: str
    login: tuple[str, ...]
    identifier: str
    read_identifier: Callable[[bytes], str | None]
    claims: Mapping[str, str]
    members: tuple[str, ...]
    has_chain: bool = False
    changes_by_modify: bool = False

    def write_identifier(self, subject: str, chosen: str | None) -> str | bytes:
        """Return what a subject is in the directory, to look for it.

        Args:
            subject: As ``read_identifier`` gave it.
            chosen: An attribute that an operator chose instead.
        """
        is_guid = self.read_identifier is _guid and chosen in (None, self.identifier)
        return UUID(subject).bytes_le if is_guid else subject

    def is_member(self, dn: str, *, nested: bool) -> Filter:
        """Return a filter for groups that somebody is in."""
        if nested and self.has_chain:
            return filters.matching(self.members[0], _IN_CHAIN, dn)
        return filters.any_of(*(filters.equal(name, dn) for name in self.members))

    def is_in(self, group: str, *, nested: bool) -> Filter:
        """Return a filter for who is in a group, where the server follows chains."""
        if nested:
            return filters.matching("memberOf", _IN_CHAIN, group)
        return filters.equal("memberOf", group)


AD = Flavour(
    name=ACTIVE_DIRECTORY,
    people="(&(objectCategory=person)(objectClass=user))",
    groups="(objectClass=group)",
    login=("userPrincipalName", "sAMAccountName", "mail"),
    identifier="objectGUID",
    read_identifier=_guid,
    claims={
        **_CLAIMS,
        "name": "displayName",
        "preferred_username": "userPrincipalName",
    },
    members=("member",),
    has_chain=True,
    changes_by_modify=True,
)

_ANY_PERSON = "(|(objectClass=person)(objectClass=account)(objectClass=posixAccount))"
_ANY_GROUP = (
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)"
    "(objectClass=groupOfMembers)(objectClass=posixGroup)(objectClass=group))"
)


def _posix(name: str, identifier: str) -> Flavour:
    return Flavour(
        name=name,
        people=_ANY_PERSON,
        groups=_ANY_GROUP,
        login=("uid", "mail"),
        identifier=identifier,
        read_identifier=_identifier,
        claims={**_CLAIMS, "name": "cn", "preferred_username": "uid"},
        members=("member", "uniqueMember"),
    )


FLAVOURS: Mapping[str, Flavour] = {
    "openldap": _posix("openldap", "entryUUID"),
    "389ds": _posix("389ds", "nsUniqueId"),
    "other": _posix("other", "entryUUID"),
}


def account_name(typed: str) -> str:
    r"""Return what of a typed name is looked for: ``NETBIOS\sam`` is ``sam``."""
    return typed.rpartition("\\")[2]


def subject_of(entry: Entry, flavour: Flavour, identifier: str | None) -> str | None:
    """Return who somebody is for ever; None if it is told not at all, or twice.

    Args:
        entry: Of the person.
        flavour: Of the directory.
        identifier: An attribute that an operator chose instead.
    """
    values = entry.values(identifier or flavour.identifier)
    if len(values) != 1:
        return None
    is_own = identifier is None or identifier.lower() == flavour.identifier.lower()
    return (flavour.read_identifier if is_own else _as_it_is)(values[0])
