"""``python -m tools.build_argon2``: build the engine that keeps its memory (ADR-0048).

The source is argon2-cffi-bindings' own, at the version and under the hashes of
`requirements.txt`; the compiler is the one of the machine. What is made is one file,
``auth_serve_argon2.abi3.so``, which the service finds where Python finds modules.
"""

import argparse
import platform
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cffi import FFI  # type: ignore[import-untyped]  # it ships none

_ROOT = Path(__file__).parents[1]
_WRAPPER = Path(__file__).with_name("argon2_engine.c")
_PACKAGE = "argon2-cffi-bindings"
_MODULE = "auth_serve_argon2"
_INTERFACE = """
    int level(void);
    int derive(uint8_t *digest, uint32_t length, const uint8_t *secret,
               uint32_t secret_length, const uint8_t *salt, uint32_t salt_length,
               uint32_t memory_cost, uint32_t time_cost, uint8_t *memory, size_t size);
"""
_SOURCES = ("argon2.c", "core.c", "encoding.c", "thread.c", "blake2/blake2b.c")
_COMPILE = ("-O3", "-fPIC", "-c")
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def pinned(package: str, requirements: str) -> str:
    """Return the lines of a package in a lock file, its hashes with it.

    Raises:
        ValueError: It is not there.
    """
    lines = requirements.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(f"{package}=="):
            rest = lines[number + 1 :]
            hashes = [each for each in rest[: _end(rest)] if "--hash" in each]
            return "\n".join([line, *hashes])
    raise ValueError(f"{package} is not locked")


def _end(lines: Sequence[str]) -> int:
    """Return where the next requirement begins."""
    ends = (at for at, each in enumerate(lines) if not each.startswith(" "))
    return next(ends, len(lines))


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


def fetch(directory: Path) -> Path:
    """Download the source distribution, checked by its hash.

    pip asks a package's own build system for its name, so that one is installed before:
    it is pinned as well, and nothing of it is in what we build.
    """
    _run(sys.executable, "-m", "venv", directory / "pip")
    python = directory / "pip" / "bin" / "python"
    backend = Path(__file__).with_name("build_argon2.txt")
    checked = ("--require-hashes", "--only-binary", ":all:", "-r", backend)
    _run(python, *_PIP, "install", *checked)
    wanted = directory / "wanted.txt"
    wanted.write_text(pinned(_PACKAGE, (_ROOT / "requirements.txt").read_text()))
    source = ("--no-binary", ":all:", "--no-deps", "--no-build-isolation")
    into = ("--require-hashes", "-r", wanted, "-d", directory)
    _run(python, *_PIP, "download", *source, *into)
    return next(directory.glob("argon2_cffi_bindings-*.tar.gz"))


def levels() -> dict[str, tuple[str, ...]]:
    """Return how the costly function is compiled, by the end of its name."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return {"v1": ("ref.c",)}
    wide = {name: ("opt.c", f"-march=x86-64-{name}") for name in ("v3", "v4")}
    return {"v1": ("opt.c",), **wide}


def _module(directory: Path) -> Path:
    """Write our part of the module: what Python calls, in C."""
    interface = FFI()
    interface.cdef(_INTERFACE)
    interface.set_source(_MODULE, _WRAPPER.read_text())
    path = directory / "module.c"
    interface.emit_c_code(str(path))
    return path


def build(archive: Path, directory: Path, into: Path) -> Path:
    """Compile the module from the source distribution; return where it is."""
    with tarfile.open(archive) as source:
        source.extractall(directory, filter="data")
    library = next(directory.glob("argon2_cffi_bindings-*/extras/libargon2"))
    code, python = library / "src", sysconfig.get_path("include")
    include = [f"-I{each}" for each in (library / "include", code, python)]
    objects: list[Path] = []

    def compile_one(path: Path, name: str, *options: str) -> None:
        objects.append(directory / f"{name}.o")
        _run(
            "cc",
            *_COMPILE,
            f"-ffile-prefix-map={directory}=.",
            *include,
            *options,
            path,
            "-o",
            objects[-1],
        )

    for each in _SOURCES:
        compile_one(code / each, Path(each).stem)
    compile_one(_module(directory), "module")
    for name, (file, *options) in levels().items():
        compile_one(code / file, name, f"-Dfill_segment=fill_segment_{name}", *options)
    made = into / f"{_MODULE}.abi3.so"
    # Without symbols: they hold the name of this folder, another each time.
    _run("cc", "-shared", "-s", "-pthread", *objects, "-o", made)
    return made


def main() -> None:
    """Build it into a folder, by default where this Python's packages are."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_argon2")
    parser.add_argument("--into", type=Path, default=sysconfig.get_path("platlib"))
    parser.add_argument("--source", type=Path, help="a source distribution at hand")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        archive = arguments.source or fetch(directory)
        print(build(archive, directory, arguments.into))


if __name__ == "__main__":
    main()
