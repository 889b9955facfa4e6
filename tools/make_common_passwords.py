"""Make app/core/data/common_passwords.txt from the lists of zxcvbn (MIT).

Run from the root of the repository: python -m tools.make_common_passwords
"""

import unicodedata
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

TARGET = Path(__file__).parents[1] / "app/core/data/common_passwords.txt"


def render() -> bytes:
    """Return the file: NFC, casefolded, sorted, each once, one a line."""
    ranked: list[str] = FREQUENCY_LISTS["passwords"]
    folded = {unicodedata.normalize("NFC", word.casefold()) for word in ranked}
    return "".join(f"{word}\n" for word in sorted(folded)).encode()


if __name__ == "__main__":
    TARGET.write_bytes(render())
