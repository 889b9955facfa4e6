"""What people type, read as they mean it: alike at every entry.

Blanks and invisible characters around a field count for nothing: phones, chats and word
processors leave them there. What stands inside of it is never changed into something
that could mean somebody else: addresses that may be two mailboxes are two accounts, or
are refused (ADR-0018).
"""

import re
import unicodedata
from typing import Protocol

import email_validator
import idna

# Which names the public internet has is no matter of ours; see `is_special_use`.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# The key of an account whose own key is another's; no address has it, for it has no @.
PARKED = "collision:"
MAX_EMAIL = 254  # octets: RFC 5321 section 4.5.3.1.3, less the angle brackets
MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
_SPECIAL_USE = frozenset(
    "alt arpa corp example home internal intranet invalid lan local localdomain "
    "localhost mail onion private test".split()
)
_BLANK = "\u034f\u115f\u1160\u2800\u3164\ufe0e\ufe0f\uffa0"  # seen as nothing
_AROUND = ("Cc", "Cf", "Zs", "Zl", "Zp")
_AT = re.compile("[\uff20\ufe6b]")  # as keyboards for Chinese and Japanese write @
# All that NFC makes ASCII of: the Kelvin sign is no k.
_NOT_ASCII = re.compile("([\u037e\u1fef\u212a])")
_FINAL_DOT = re.compile(r"[.。．｡]\Z")
_LABEL = "(?!-)(?!..--)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PLAIN = re.compile(rf"[!-?A-~]+@{_LABEL}(\.{_LABEL})*")  # no @ but one
_BETWEEN_DIGITS = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff.\-\u2010-\u2015]+")

BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_JOINERS = "\u200c\u200d"
_NOISE = re.compile("[\u00ad\u034f\u180e\u200b\u2060-\u2064\ufeff]")
_TAG = "\U000e0030-\U000e0039\U000e0061-\U000e007a"
_FLAG = re.compile(f"\U0001f3f4[{_TAG}]+\U000e007f")  # of England, and the like
_SHOWN_FORMAT = re.compile(
    f"[{_JOINERS}\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]"
)


def _counts_for_nothing(char: str) -> bool:
    return char in _BLANK or unicodedata.category(char) in _AROUND


def trimmed(text: str) -> str:
    """Return text without blanks and invisible characters around it."""
    text = text.strip()
    if text.isascii() and text.isprintable():  # almost always
        return text
    start, end = 0, len(text)
    while start < end and _counts_for_nothing(text[start]):
        start += 1
    while end > start and _counts_for_nothing(text[end - 1]):
        end -= 1
    return text[start:end]


def typed_code(text: str) -> str:
    """Return the code that somebody typed: in groups, and in the digits they have."""
    grouped = _BETWEEN_DIGITS.sub("", trimmed(text))
    digits = [unicodedata.decimal(char, None) for char in grouped]
    if digits and None not in digits:
        return "".join(map(str, digits))
    return trimmed(text)


def shown_text(text: str) -> str:
    """Return text that others will see.

    Joiners are letters' business (Persian, Sinhala, families of emoji) and stay; any
    blank is a space, and where nothing is seen nothing is said.

    Raises:
        ValueError: It has characters that reorder, break or control what is shown.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = re.sub(f"[{BIDI}]", "\0", text)  # refused below, also at the ends
    text = _NOISE.sub("", "".join(map(_plain_blank, text))).strip()
    text = text.lstrip(_JOINERS + " ")
    if not text.strip(_BLANK + _JOINERS + " "):
        return ""  # letters that are seen as nothing, and no others
    checked = _SHOWN_FORMAT.sub("", _FLAG.sub("", text))
    if not all(char.isprintable() or _is_newer(char) for char in checked):
        raise ValueError("only printable characters")
    return text


def _plain_blank(char: str) -> str:
    return " " if unicodedata.category(char) == "Zs" else char


def _is_newer(char: str) -> bool:
    """Tell whether it may be a letter or an emoji younger than this Python."""
    point = ord(char)
    is_character = point & 0xFFFE < 0xFFFE and 0x10000 <= point < 0x40000
    return is_character and unicodedata.category(char) == "Cn"


def searchable(text: str) -> str:
    """Return text as searches compare it: no case, no form, nothing invisible.

    Coarser than any key of ours: it finds, it never decides.
    """
    folded = unicodedata.normalize("NFKC", text.replace("。", ".")).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    seen = (char for char in folded if unicodedata.category(char) not in ("Cf", "Cc"))
    return " ".join("".join(seen).split())


class Named(Protocol):
    """What accounts are searched by."""

    email: str
    name: str | None
    given_name: str | None
    family_name: str | None


def search_text_of(account: Named) -> str:
    """Return what a search looks into: all that lists show, domains in both forms."""
    names = (account.name, account.given_name, account.family_name)
    texts = [account.email, *(name for name in names if name)]
    if not account.email.isascii():
        texts.append(canonical_email(account.email))
    return searchable(" ".join(texts))


def canonical_email(text: str) -> str:
    """Return the form under which an address is unique.

    It is a key and never a destination: mail goes to the address as it was typed or
    proven. The domain is IDNA 2008 by UTS 46, non-transitional; the local part is NFC
    with capitals made small where the two letters are a pair and nothing else is.
    """
    if text.isascii() and _PLAIN.fullmatch(text):  # almost always
        return text.lower()
    local, domain = _split(text)
    return f"{_folded(local)}@{_comparable(domain)}"


def _split(text: str) -> tuple[str, str]:
    text = trimmed(text)
    if "@" not in text:
        text = _AT.sub("@", text)
    local, _, domain = text.rpartition("@")
    return local, domain


def _comparable(domain: str) -> str:
    try:
        return wire_domain(domain)
    except ValueError:
        return domain.lower()  # no domain; such an address belongs to nobody


def _folded(local: str) -> str:
    """Fold what the same mailbox is written as, and nothing that could be another's.

    Unicode's own case folding makes ``ss`` of sharp s, ``σ`` of the final one and ``s``
    of the long one: these may be three people.
    """
    if local.isascii():
        return local.lower()
    parts = _NOT_ASCII.split(local)
    parts[::2] = [_folded_part(part) for part in parts[::2]]
    return "".join(parts)


def _folded_part(text: str) -> str:
    small = map(_small, unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", "".join(small))


def _small(char: str) -> str:
    small = char.lower()
    return small if len(small) == 1 and small.upper() == char else char


def wire_domain(domain: str) -> str:
    """Return a domain as DNS knows it (A-labels, RFC 5890), without a final dot.

    Raises:
        ValueError: There can be no such domain.
    """
    domain = _FINAL_DOT.sub("", domain)
    if _FINAL_DOT.search(domain):
        raise ValueError("the part after the @ is no domain")
    if _is_host(domain):
        return domain.lower()
    try:
        wire = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        shown = idna.decode(wire)
        if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in shown):
            for label in shown.split("."):  # RFC 5893: all labels, not its own alone
                idna.check_bidi(label, check_ltr=True)
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("the part after the @ is no domain") from error
    return wire.removesuffix(".")


def _is_host(domain: str) -> bool:
    return len(domain) <= 253 and _HOST.fullmatch(domain) is not None


def wire_address(address: str) -> str:
    """Return an address for the envelope: the domain in ASCII, the rest as it is.

    Raises:
        ValueError: There can be no such address.
    """
    local, _, domain = address.rpartition("@")
    _check_local(local)
    return f"{local}@{wire_domain(domain)}"


def _check_local(local: str) -> None:
    """Leave the part before the @ to the library; its rules for domains are narrower.

    Raises:
        ValueError: No mail server would understand it.
    """
    try:
        email_validator.validate_email(
            f"{local}@mail.example", check_deliverability=False
        )
    except email_validator.EmailNotValidError as error:
        raise ValueError(str(error)) from None


def read_email(text: str) -> str:
    """Return an address that may get mail, with its domain as people read it.

    RFC 5321 with SMTPUTF8 (RFC 6531), and no look-up: which domains have mail is the
    mail server's matter, and inside of a company the answer is none of the internet's.

    Raises:
        ValueError: It is no address, or could be mistaken for another one.
    """
    local, domain = _split(text)
    if len(local.encode()) > MAX_LOCAL:
        raise ValueError("the part before the @ has at most 64 octets")
    _refuse_look_alikes(local)
    _check_local(local)
    local = unicodedata.normalize("NFC", local)  # RFC 6532 section 3.1
    wire = wire_domain(domain)
    if len(local.encode()) + 1 + len(wire) > MAX_EMAIL:
        raise ValueError("an email address has at most 254 characters")
    if wire.rpartition(".")[2].isdecimal():
        raise ValueError("the part after the @ is a name, not a number")
    return f"{local}@{idna.decode(wire) if 'xn--' in wire else wire}"


def _refuse_look_alikes(local: str) -> None:
    """Refuse letters that are ASCII ones in another dress: ``ｖ``, ``ﬁ``, ``ſ``.

    Nobody has a mailbox of that name, and somebody may have the one that it looks like.

    Raises:
        ValueError: It says which.
    """
    for char in local:
        plain = unicodedata.normalize("NFKC", char)
        if not char.isascii() and plain.isascii():
            message = f'type "{plain}" instead of "{char}" before the @'
            raise ValueError(message)


def is_special_use(address: str) -> bool:
    """Tell whether no public mail server can have this address.

    A name without a dot, or one below a name that is kept for use inside of networks
    (RFC 6761, RFC 6762, RFC 8375 and what companies use in their manner).
    """
    labels = canonical_email(address).rpartition("@")[2].split(".")
    return len(labels) == 1 or labels[-1] in _SPECIAL_USE


def username_key(name: str) -> str:
    """Return the form under which a ``preferred_username`` is unique.

    Compatibility forms and case are one: two people whom an application could take for
    each other must not both have it.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()
