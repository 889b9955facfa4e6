"""Files that are readable for the user alone, from their first moment on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def create_private(path: Path) -> int:
    """Return the descriptor of a new file, for writing.

    Raises:
        FileExistsError: There is one of this name, or a link that somebody laid there.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


@contextmanager
def whole_private(path: Path) -> Iterator[BinaryIO]:
    """Lend a new file that has its name only when it is whole; else none is left.

    Raises:
        FileExistsError: There is one of this name, or a link that somebody laid there.
        OSError: Nothing can be written there.
    """
    if os.path.lexists(path):
        raise FileExistsError(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = create_private(draft)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename it replaces nothing
    finally:
        draft.unlink(missing_ok=True)
