"""RFC 8628 §6.1: codes that a person types from one screen into another.

Twenty consonants: no two of them look alike, none is a digit, and they spell no word.
Eight of them are 34.5 bits, which limits on typing make enough (§5.1).
"""

import unicodedata

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
_ACCEPTED = 256 - 256 % len(ALPHABET)  # bytes below are spread evenly
CHANCE = 64  # bytes; that fewer than eight of them are taken, nobody will see


def new_user_code(chance: bytes) -> str:
    """Return a code, each as likely as any other.

    Args:
        chance: ``CHANCE`` unpredictable bytes.

    Raises:
        ValueError: There were too few that could be taken.
    """
    even = [byte for byte in chance if byte < _ACCEPTED]
    if len(even) < LENGTH:
        raise ValueError("too little chance for a code")
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in even[:LENGTH])


def shown_user_code(code: str) -> str:
    """Return a code as screens show it: ``WDJB-MJHT``."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read_user_code(text: str) -> str | None:
    """Return what was typed as codes are made; None for what is no code.

    Capitals or not, wide letters of East Asian keyboards, with any dashes and spaces
    or none: people copy it by eye (§6.1).
    """
    letters = unicodedata.normalize("NFKC", text[: LENGTH * 4]).upper()
    code = "".join(each for each in letters if each.isalnum())
    is_one = len(code) == LENGTH and set(code) <= set(ALPHABET)
    return code if is_one else None
