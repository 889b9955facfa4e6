"""Connections that ask somebody else about a password, such as directories."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from app.upstreams.protocol import Step, UpstreamIdentity

# Tells whether a password of a subject may be tried; nobody's is, who may not.
MayTry = Callable[[str], Awaitable[bool]]


class ChangeRefused(Exception):
    """The directory does not take another password.

    Attributes:
        why: One of ``directory.answers.Change``.
        detail: What was seen, for the trail.
    """

    def __init__(self, why: str, detail: str) -> None:
        """Refuse."""
        super().__init__(f"{why}: {detail}")
        self.why, self.detail = why, detail


@runtime_checkable
class PasswordConnector(Protocol):
    """Says whether a password is right, and who it is whose it is."""

    @property
    def keeps_passwords(self) -> bool:
        """Whether people are moved off it: a right password becomes their own here."""
        ...

    async def verify(
        self, name: str, password: str, may_try: MayTry | None = None
    ) -> UpstreamIdentity:
        """Return whose password it is.

        No transaction may be open: this may wait for the other side, for seconds.

        Args:
            name: Of whom, as it was typed.
            password: Likewise.
            may_try: Asked about whoever is found, before the password is tried. To be
                kept from it is answered like a wrong one.

        Raises:
            Refused: It is nobody's, or signs nobody in; ``proves`` tells whether it was
                right all the same.
        """
        ...

    async def change(
        self, name: str, password: str, new: str, may_try: MayTry | None = None
    ) -> UpstreamIdentity:
        """Set another password, and return whose it is; all else as ``verify``.

        Raises:
            ChangeRefused: It is not taken.
            Refused: As ``verify``.
        """
        ...

    async def test(self) -> Sequence[Step]:
        """Look whether it would work without anybody; up to a first fault."""
        ...
