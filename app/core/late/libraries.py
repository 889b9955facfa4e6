"""Import libraries without the parts that a server does not ask them for.

They import each other, and much of Python's own, for commands, documents and formats
that are not used here: a tenth of a process. Names stand for what is in such modules
until somebody uses one; then it is imported as ever. A server does this before
anything else is imported.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Union

# What imports them, and the modules that it imports for whom we are not.
_WITHOUT: tuple[tuple[str, ...], ...] = (
    ("uvicorn", "uvicorn.main", "configparser", "socketserver"),
    (
        "pydantic_settings",
        "argparse",
        "importlib.metadata",
        "importlib.resources.abc",
        "pydantic_settings.sources.providers.aws",
        "pydantic_settings.sources.providers.azure",
        "pydantic_settings.sources.providers.cli",
        "pydantic_settings.sources.providers.gcp",
        "tempfile",
    ),
    ("sqlalchemy", "importlib.metadata"),
    ("sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.postgresql.pg_catalog"),
    (
        "app.core.late.models",
        "html",
        "http.client",
        "importlib.metadata",
        "opentelemetry._logs",
        "opentelemetry.metrics",
        "shutil",
        "tempfile",
    ),
    ("asyncpg.connect_utils", "configparser"),
    (
        "joserfc.jwk",
        "cryptography.hazmat.primitives.serialization.ssh",
        "cryptography.x509",
    ),
)


class _Name:
    """What somebody imported of a module that is not there yet."""

    def __init__(self, module: str, name: str) -> None:
        self.__dict__.update(_module=module, __name__=name)

    def _there(self) -> Any:
        for name in _standing():
            del sys.modules[name]  # the real ones may need each other
        return getattr(import_module(self._module), self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._there(), name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._there()(*arguments, **options)

    def __getitem__(self, key: Any) -> Any:
        # While others are imported it stands in an annotation.
        return self if self._module in _standing() else self._there()[key]

    def __instancecheck__(self, instance: object) -> bool:
        # Nothing can be of a class that was never there.
        return self._module in sys.modules and isinstance(instance, self._there())

    def __subclasscheck__(self, subclass: type) -> bool:
        return self._module in sys.modules and issubclass(subclass, self._there())

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self._there(),)

    def __or__(self, other: Any) -> Any:
        return Union[self, other]

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]


class _Module(ModuleType):
    """Stands for a module: with names while others are imported, as itself later."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ in _standing():
            return _Name(self.__name__, name)
        return getattr(import_module(self.__name__), name)


def _standing() -> list[str]:
    """Return which modules others stand for."""
    return [name for name, it in sys.modules.items() if isinstance(it, _Module)]


@contextmanager
def later(*names: str) -> Iterator[None]:
    """Let what is imported here find names for these modules, if they are not there."""
    stand_ins = {name: _Module(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in _standing():
            del sys.modules[name]
        for name, stand_in in stand_ins.items():
            package, _, part = name.rpartition(".")
            if package in sys.modules and not hasattr(sys.modules[package], part):
                setattr(sys.modules[package], part, stand_in)


def leave_out() -> None:
    """Import the libraries."""
    # Of plug-ins it would read what every package says of itself; there is none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for importer, *parts in _WITHOUT:
        with later(*parts):
            import_module(importer)
