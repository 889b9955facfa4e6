"""``python -m tools.container_root PACKAGES INTO``: the files of the container image.

This Python without what only developers need, the packages of a folder, the libraries
that these load, and what the C library looks up: no shell, no package manager, no
other program. deploy/Containerfile copies the folder into an empty image. The
same input makes the same bytes: times are SOURCE_DATE_EPOCH's.
"""

import argparse
import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

USER = 65532
"""Of the image: nobody else's, and more than zero for Kubernetes' ``runAsNonRoot``."""

_LEFT_OUT = shutil.ignore_patterns(
    *(
        "__pycache__",
        "*.a",
        "config-*",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "pydoc_data",
    ),
    *("site-packages", "test", "tests", "tkinter", "turtle*", "_tkinter*", "_test*"),
    *("_curses*", "_dbm*", "_gdbm*", "nis.*", "readline.*"),  # and their libraries
)
_LOADED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
_LOADED_LATER = "libgcc_s.so.1"  # by the C library, when a thread ends
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
_TEXTS = {
    "etc/passwd": f"auth-serve:x:{USER}:{USER}::/var/lib/auth-serve:/nonexistent\n",
    "etc/group": f"auth-serve:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_LAUNCHER = "#!{python}\nfrom app.cli.__main__ import main\n\nmain()\n"


def copy_python(packages: Path, root: Path) -> None:
    """Copy the interpreter, its library and the packages to where they are here."""
    prefix = Path(sys.base_prefix)
    there = root / prefix.relative_to("/")
    library = Path(sysconfig.get_path("stdlib")).relative_to(prefix)
    shutil.copytree(prefix / library, there / library, ignore=_LEFT_OUT)
    programs = there / "bin"
    programs.mkdir()
    python = programs / f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy2(Path(sys.executable).resolve(), python)
    (programs / "python").symlink_to(python.name)
    site = there / library / "site-packages"
    shutil.copytree(packages, site, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    launcher = programs / "auth-serve"
    launcher.write_text(_LAUNCHER.format(python=prefix / "bin" / "python"))
    launcher.chmod(0o755)


def _programs(root: Path) -> Iterator[Path]:
    """Return what the loader reads: programs and libraries."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def _loaded(path: Path) -> set[Path]:
    """Return what the loader would take from this machine for a file."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    if "not found" in said.stdout:
        raise SystemExit(f"{path} lacks a library:\n{said.stdout}")
    return {Path(each) for each in _LOADED.findall(said.stdout)}


def copy_libraries(root: Path) -> None:
    """Copy the libraries of the system, and let the loader find all of them."""
    found = {path for program in _programs(root) for path in _loaded(program)}
    system = {path for path in found if not path.is_relative_to(root)}
    beside = next(path for path in system if path.name == "libc.so.6").parent
    for path in sorted({*system, beside / _LOADED_LATER}):
        there = root / path.relative_to("/")
        if not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path.resolve(), there)
            there.chmod(0o755)
    folders = sorted({str(path.parent) for path in system})
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/ld.so.conf").write_text("".join(f"{each}\n" for each in folders))
    subprocess.run(["/sbin/ldconfig", "-X", "-r", root], check=True)
    shutil.rmtree(root / "var", ignore_errors=True)  # what only ldconfig reads


def write_lookups(root: Path) -> None:
    """Write what names users and hosts, and copy the authorities of certificates."""
    for name, text in _TEXTS.items():
        (root / name).write_text(text)
    (root / _CERTIFICATES).parent.mkdir(parents=True)
    shutil.copyfile(Path("/", _CERTIFICATES), root / _CERTIFICATES)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def compile_all(root: Path) -> None:
    """Write byte code that nobody compares with its source again."""
    compileall.compile_dir(
        root,
        maxlevels=50,
        quiet=2,
        stripdir=str(root),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def settle(root: Path) -> None:
    """Give all files the one time, and take from everybody the right to change them."""
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    programs = {*_programs(root), *root.glob("**/bin/*")}
    for path in (*root.rglob("*"), root):
        if not path.is_symlink() and path != root / "tmp":
            path.chmod(0o555 if path.is_dir() or path in programs else 0o444)
        os.utime(path, (when, when), follow_symlinks=False)


def main() -> None:
    """Make the folder; it must not be there yet."""
    parser = argparse.ArgumentParser(prog="python -m tools.container_root")
    parser.add_argument("packages", type=Path, help="where pip put them")
    parser.add_argument("into", type=Path)
    arguments = parser.parse_args()
    root: Path = arguments.into.absolute()
    root.mkdir()
    copy_python(arguments.packages, root)
    copy_libraries(root)
    write_lookups(root)
    compile_all(root)
    settle(root)


if __name__ == "__main__":
    main()
