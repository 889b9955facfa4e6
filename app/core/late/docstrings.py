"""Import modules without their docstrings, some five megabytes that nobody reads.

``python -OO`` would leave out the same and every ``assert``, ours too. Of our own only
those of modules and functions are left out, where no document is made of them: OpenAPI
has what stands in ``app/api`` and ``app/schemas``, pages of errors what a class says.
"""

import os
import sys
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from opcode import opmap
from pathlib import Path
from types import CodeType
from typing import Any

_APP = str(Path(__file__).parents[2])
_DOCUMENTED = tuple(f"{_APP}{os.sep}{name}" for name in ("api", "cli", "schemas"))
_LOAD, _STORE = opmap["LOAD_CONST"], opmap["STORE_NAME"]
_RETURN = opmap.get("RETURN_CONST", _LOAD)  # from Python 3.12 on
_IN_FUNCTION = 1  # CO_OPTIMIZED: not the body of a class or a module
_TOLD = 0x4000000  # CO_HAS_DOCSTRING, from Python 3.14 on
_INSTEAD = "left out"  # something: SQLAlchemy insists on having docstrings
_PROLOGUE = 32  # bytes in which a body stores what it is called and what it says


def leave_out() -> None:
    """Import what comes from now on without docstrings, but for those of documents."""
    extensions = ExtensionFileLoader, EXTENSION_SUFFIXES
    libraries = FileFinder.path_hook(extensions, (_Loader, SOURCE_SUFFIXES))
    ours = FileFinder.path_hook((_OwnLoader, SOURCE_SUFFIXES))

    def hook(path: str) -> Any:
        if path.startswith(_DOCUMENTED):
            raise ImportError
        return (ours if path.startswith(_APP) else libraries)(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


class _Loader(SourceFileLoader):
    """Reads what was compiled as ever, and takes the docstrings out."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of a module."""
        code = super().get_code(fullname)
        return None if code is None else without(code)


class _OwnLoader(SourceFileLoader):
    """Takes out those of modules and functions."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of a module."""
        code = super().get_code(fullname)
        return None if code is None else without(code, keeps_classes=True)


def without(code: CodeType, *, keeps_classes: bool = False) -> CodeType:
    """Return the code of a module, and all within, without docstrings."""
    constants = [
        (
            without(each, keeps_classes=keeps_classes)
            if isinstance(each, CodeType)
            else each
        )
        for each in code.co_consts
    ]
    is_kept = keeps_classes and _is_class(code)
    place = None if is_kept else _place(code)
    if place is not None:
        constants[place] = _INSTEAD
    elif all(map(lambda new, old: new is old, constants, code.co_consts)):
        return code
    return code.replace(co_consts=tuple(constants))


def _is_class(code: CodeType) -> bool:
    return not code.co_flags & _IN_FUNCTION and code.co_name != "<module>"


def _place(code: CodeType) -> int | None:
    """Return where among the constants the docstring is, if it is nothing else too."""
    is_body = not code.co_flags & _IN_FUNCTION
    place = _stored(code) if is_body else _first(code)
    if place is None:
        return None
    uses = sum(code.co_code.count(bytes((by, place))) for by in {_LOAD, _RETURN})
    return place if uses == is_body else None


def _first(code: CodeType) -> int | None:
    """Return the place of a function's docstring: the first, or there is none."""
    if code.co_name.startswith("<"):  # lambdas and comprehensions have none
        return None
    if sys.version_info >= (3, 14) and not code.co_flags & _TOLD:
        return None
    return 0 if code.co_consts and isinstance(code.co_consts[0], str) else None


def _stored(code: CodeType) -> int | None:
    """Return which constant a body stores as ``__doc__``, before all else."""
    if "__doc__" not in code.co_names:
        return None
    store = bytes((_STORE, code.co_names.index("__doc__")))
    start = code.co_code[:_PROLOGUE]
    for at in range(2, len(start), 2):
        if start[at : at + 2] == store and start[at - 2] == _LOAD:
            return start[at - 1]
    return None
