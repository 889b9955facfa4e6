"""Argon2id in memory that is kept between hashes, where the engine was built for it.

``make argon2`` builds it (ADR-0048); without it nothing is missing. A third of a hash
is otherwise the kernel, which gives 19 MiB and takes them back. The memory belongs to
the thread that hashes; the engine wipes it after each hash, `release` gives it back.
"""

import mmap
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

MODULE = "auth_serve_argon2"
_KIB = 1024


class KeptMemory:
    """An engine: secret, salt and parameters to digest."""

    def __init__(self, module: Any) -> None:
        """Take the module that ``tools/build_argon2.py`` made."""
        self._ffi, self._library = module.ffi, module.lib
        self._kept = threading.local()

    @classmethod
    def built(cls) -> "KeptMemory | None":
        """Return it, or None where it was not built, or not for such a processor.

        Raises:
            ImportError: It was, but not for this interpreter or system.
        """
        try:
            module = import_module(MODULE)
        except ModuleNotFoundError:
            return None
        # 1 is x86-64 without AVX2: there libsodium is as quick.
        return None if module.lib.level() == 1 else cls(module)

    def __call__(
        self,
        secret: bytes,
        salt: bytes,
        *,
        memory_cost: int,
        time_cost: int,
        parallelism: int,
        length: int,
    ) -> bytes:
        """Compute Argon2id with one lane.

        Raises:
            ValueError: These parameters, or this salt, are none.
        """
        if parallelism != 1:
            raise ValueError("this engine knows one lane")
        size = memory_cost * _KIB
        memory = self._ffi.from_buffer(self._memory(size))
        digest = self._ffi.new("uint8_t[]", length)
        sizes = (memory_cost, time_cost, memory, size)
        failed = self._library.derive(
            digest, length, secret, len(secret), salt, len(salt), *sizes
        )
        if failed:
            raise ValueError(f"Argon2 refused with {failed}")
        return bytes(self._ffi.buffer(digest))

    def release(self) -> None:
        """Give back what this thread keeps."""
        self._kept.memory = None

    def _memory(self, size: int) -> mmap.mmap:
        """Return this thread's memory; another size takes the place of the last one."""
        kept: mmap.mmap | None = getattr(self._kept, "memory", None)
        if kept is None or len(kept) != size:
            self.release()
            kept = self._kept.memory = _mapped(size)
        return kept


def _mapped(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(AttributeError, OSError):  # where there are no huge pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
