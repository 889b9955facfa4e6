"""Passwords that anybody guesses without a list: repetitions, sequences, own names.

No rule of composition: what is refused is what guessing programs try first.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

_LEAST_RUN = 3  # characters of a repetition or a sequence
_LEAST_PART = 3  # characters of a name that counts
_MOST_SIMPLE = 32  # characters; beyond it even a repetition takes long to find
_MOST_ADDED = 4  # characters around a common word that do not make it another
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789012345678901234567890",
    "`1234567890-=",
    "~!@#$%^&*()_+",
    '!"\u00a3$%^&*()',
    '!"\u00a7$%&/()=',
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop\u00fc",
    "asdfghjkl\u00f6\u00e4",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn,;:!",
    "\u0439\u0446\u0443\u043a\u0435\u043d\u0433\u0448\u0449\u0437\u0445\u044a",
    "\u0444\u044b\u0432\u0430\u043f\u0440\u043e\u043b\u0434\u0436\u044d",
    "\u044f\u0447\u0441\u043c\u0438\u0442\u044c\u0431\u044e",
    "\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u0439\u043a\u043b\u043c",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",  # columns of the keyboard
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
_LOOKS_LIKE = str.maketrans("013457@$!|+", "oieastasiit")


def folded(text: str) -> str:
    """Return the text without case and width, for comparison only."""
    return unicodedata.normalize("NFKC", text).casefold()


def variants(password: str) -> Iterator[str]:
    """Yield a password as it is, and what it is a simple variant of."""
    text = folded(password)
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    yield text
    yield text.translate(_LOOKS_LIKE)
    yield text[::-1]
    if len(text) - len(core) <= _MOST_ADDED:
        yield core
        yield core.translate(_LOOKS_LIKE)
    yield re.sub(r"[\s._-]", "", text)


def is_simple(password: str) -> bool:
    """Tell whether it is nothing but repetitions and sequences."""
    text = folded(password)
    if len(text) > _MOST_SIMPLE:
        return False  # nobody tries a repetition that long
    if _is_repeated(text):
        return True
    at = runs = 0
    while at < len(text):
        length = _run(text, at)
        if length < _LEAST_RUN:
            return False
        at, runs = at + length, runs + 1
    return runs <= max(2, len(text) // 4)


def is_from_context(password: str, context: Iterable[str]) -> bool:
    """Tell whether it is made of words of the context, with digits and signs at most.

    Args:
        password: As it was typed.
        context: Names and addresses. Of an address each part counts by itself as well.
    """
    words = sorted(_parts(context), key=len, reverse=True)
    for text in {folded(password), folded(password).translate(_LOOKS_LIKE)}:
        for spelling in (text, text[::-1]):
            rest = spelling
            for word in words:
                rest = rest.replace(word, " ")
            if rest != spelling and not any(map(str.isalpha, rest)):
                return True
    return False


def _is_repeated(text: str) -> bool:
    """Tell whether a unit is repeated to the end, the last time perhaps in part.

    A short one twice, any three times.
    """
    for size in range(1, max(min(6, len(text) // 2), len(text) // 3) + 1):
        if (text[:size] * (len(text) // size + 1))[: len(text)] == text:
            return True
    return False


def _run(text: str, at: int) -> int:
    """Return how far a repetition or a sequence goes on from here."""
    same = at + 1
    while same < len(text) and text[same] == text[at]:
        same += 1
    best = same - at
    for row in _rows():
        start = row.find(text[at : at + _LEAST_RUN])
        while start >= 0:
            length = _LEAST_RUN
            while text[at + length : at + length + 1] == row[
                start + length : start + length + 1
            ] and at + length < min(len(text), at + len(row) - start):
                length += 1
            best = max(best, min(length, len(text) - at))
            start = row.find(text[at : at + _LEAST_RUN], start + 1)
    return best


@cache
def _rows() -> tuple[str, ...]:
    return tuple(each for row in _ROWS for each in (row, row[::-1]))


def _parts(context: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for entry in context:
        whole = folded(entry).strip()
        local, _, domain = whole.partition("@")
        words |= {whole, local, domain, domain.rpartition(".")[0]}
        words |= set(re.split(r"[\W_]+", whole))
        words |= {re.sub(r"[\W_]+", "", each) for each in (local, domain, whole)}
    words |= {re.sub(r"\d+$", "", word) for word in words}
    return {word for word in words if len(word) >= _LEAST_PART and not word.isdigit()}
