"""The library of a PKCS#11 token, begun so that threads may share it.

python-pkcs11 0.10.1 begins it with ``C_Initialize(NULL)``, which promises that one
thread alone will ever call it (PKCS #11 v2.40 section 5.4). SoftHSM 2.6.1 then locks
nothing, and two threads end the process now and then, or find each other's data.
"""

import ctypes
from threading import Lock
from typing import Any

import pkcs11
from pkcs11 import _pkcs11

_OS_LOCKING_OK = 2  # CKF_OS_LOCKING_OK
_CANT_LOCK = 0x0A  # CKR_CANT_LOCK
_known: dict[str, "_Library"] = {}
_loading = Lock()


class _Arguments(ctypes.Structure):
    """``CK_C_INITIALIZE_ARGS``: no functions of ours to lock with, but the system's."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    ]


class _Functions(ctypes.Structure):
    """The beginning of ``CK_FUNCTION_LIST``."""

    _fields_ = [
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
    ]


class _Library(_pkcs11.lib):
    """As python-pkcs11 has it, but for how it begins and ends."""

    _is_begun = False

    def initialize(self) -> None:
        """Begin it, if it is not begun."""
        if self._is_begun:
            return
        arguments = _Arguments(flags=_OS_LOCKING_OK)
        code = self._functions.initialize(ctypes.addressof(arguments))
        if code == _CANT_LOCK:
            raise pkcs11.GeneralError("it cannot be shared by threads")
        _check("C_Initialize", code)
        self._is_begun = True

    def finalize(self) -> None:
        """End it; whoever holds a session holds nothing any more."""
        if self._is_begun:
            self._is_begun = False
            _check("C_Finalize", self._functions.finalize(None))

    def reinitialize(self) -> None:
        """End it and begin it anew."""
        self.finalize()
        self.initialize()

    @property
    def _functions(self) -> _Functions:
        found = ctypes.POINTER(_Functions)()
        code = ctypes.CDLL(self.so).C_GetFunctionList(ctypes.byref(found))
        _check("C_GetFunctionList", code)
        return found.contents


def _check(function: str, code: int) -> None:
    if code:
        raise pkcs11.GeneralError(f"{function} answered {code:#x}")


def library(module: str) -> Any:
    """Return the library in a file, begun; there is one of it in a process.

    Args:
        module: The file.

    Raises:
        PKCS11Error: It cannot be loaded, or does not begin.
    """
    with _loading:
        known = _known.get(module)
        if known is None:
            known = _known[module] = _Library(module)
        known.initialize()
        return known
