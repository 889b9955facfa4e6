"""The database's password from a file, read again at every new connection.

Whoever changes it changes it at the server and in the file, in either order and without
a restart: connections that are open go on, and new ones come with what stands there.
"""

from pathlib import Path

_MOST = 4_096  # bytes; no password is longer


class PasswordUnreadable(OSError):
    """The file cannot be read, or holds no password; the text has no path."""


class PasswordFile:
    """A file with a password; the driver calls it for each connection."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._sent: str | None = None

    def __call__(self) -> str:
        """Return what stands there now.

        Raises:
            PasswordUnreadable: Nothing that could be a password.
        """
        self._sent = self._read()
        return self._sent

    def has_changed(self) -> bool:
        """Tell whether another password stands there than was sent last."""
        return self._read() != self._sent

    def _read(self) -> str:
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST).decode().rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise PasswordUnreadable(type(error).__name__) from error
        if not text or "\0" in text:
            raise PasswordUnreadable("empty")
        return text
