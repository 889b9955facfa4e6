"""The list of password schemes: one that is written, the rest for imported accounts.

It stands in ``schemes``, where a scheme has its one line, and is made when somebody
asks for it: it brings passlib with all handlers, which today's own hashes do not need.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.password_schemes.schemes import PEPPERED, SCHEMES, TRUNCATED, WEAK

__all__ = ["SCHEMES", "TRUNCATED", "PEPPERED", "WEAK"]


def __getattr__(name: str) -> Any:
    """Return a part of the list."""
    if name not in __all__:
        raise AttributeError(name)  # a module of this package, for one
    from app.core.password_schemes import schemes  # here: as said above

    return getattr(schemes, name)
