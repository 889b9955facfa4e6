"""Files that are readable for the user alone, from their first moment on."""

import os
from pathlib import Path


def create_private(path: Path) -> int:
    """Return the descriptor of a new file, for writing.

    Raises:
        FileExistsError: There is one of this name, or a link that somebody laid there.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
