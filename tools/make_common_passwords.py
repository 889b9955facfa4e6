"""Make app/core/data/common_passwords.txt from the lists of zxcvbn (MIT).

A password shorter than the least length is refused for that, and would stand here for
nothing. Its place is taken by what people make of it to reach that length, and by the
commonest words that are long enough.

Run from the root of the repository: python -m tools.make_common_passwords
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.core.passwords import MIN_LENGTH

TARGET = Path(__file__).parents[1] / "app/core/data/common_passwords.txt"
SIZE = 30_000
_MOST_LENGTHENED = 1_500  # of the commonest short passwords
_ENDINGS = ("1", "12", "123", "1234", "12345", "123456", "!", "1!", "123!", "2024")
_WORDS = ("english_wikipedia", "us_tv_and_film", "female_names", "surnames")


def render() -> bytes:
    """Return the file: NFC, casefolded, sorted, each once, one a line."""
    chosen: dict[str, None] = {}
    for word in _ranked():
        folded = unicodedata.normalize("NFC", word.casefold())
        if len(folded) >= MIN_LENGTH and folded.isprintable():
            chosen.setdefault(folded)
        if len(chosen) == SIZE:
            break
    return "".join(f"{word}\n" for word in sorted(chosen)).encode()


def _ranked() -> Iterator[str]:
    """Yield what may stand in the list, the commonest first."""
    passwords: list[str] = FREQUENCY_LISTS["passwords"]
    yield from passwords
    for word in [each for each in passwords if len(each) < MIN_LENGTH][
        :_MOST_LENGTHENED
    ]:
        yield word + word
        yield from (word + ending for ending in _ENDINGS)
    longest = [iter(FREQUENCY_LISTS[name]) for name in _WORDS]
    while True:
        for words in longest:
            yield from (word for word in (next(words, None),) if word)


if __name__ == "__main__":
    TARGET.write_bytes(render())
