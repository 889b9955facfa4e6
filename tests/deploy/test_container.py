"""The image: built by its own steps in a folder, run from it by an ordinary user."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.architecture.source import ROOT
from tests.deploy.containerfile import CONTAINERFILE, Stage, build, instructions
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.service import SECRET
from tools.container_root import USER

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = pytest.mark.timeout(900)
_TIME = "1700000000"
_ARGUMENTS = {"SOURCE_DATE_EPOCH": _TIME}
# Read-only but for what an engine gives a container as well; then an ordinary user.
_ENTER = """\
mount --make-rprivate /
mount --bind "$1" "$1"
mkdir -p "$1/proc" "$1/dev"
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
mount -o remount,bind,ro "$1"
root=$1 user=$2; shift 2
exec chroot --userspec="$user" "$root" "$@"
"""


def test_hadolint_takes_the_containerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    command = [program, "--failure-threshold", "warning", CONTAINERFILE]

    said = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout


def test_the_base_is_named_plainly_and_may_be_pinned() -> None:
    froms = [rest for name, rest in instructions() if name == "FROM"]

    assert froms == ["${BASE} AS build", "scratch"]
    [base] = [rest for name, rest in instructions() if rest.startswith("BASE=")]
    assert "/" not in base


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_package_is_there_for_both_machines(machine: str, tmp_path: Path) -> None:
    """What is copied into the image: by the lock's hashes, and compiled by nobody."""
    [base] = [rest for name, rest in instructions() if rest.startswith("BASE=")]
    version = base.removeprefix("BASE=python:").partition("-")[0]
    kinds = [f"--platform=manylinux{kind}_{machine}" for kind in ("2014", "_2_28")]
    asked = ["--dry-run", "--ignore-installed", "--no-deps", f"--target={tmp_path}"]
    wheels = ["--require-hashes", "--only-binary=:all:", f"--python-version={version}"]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *asked, *wheels, *kinds]
    lock = str(ROOT / "requirements.txt")

    said = subprocess.run([*pip, "-r", lock], capture_output=True, text=True)

    assert said.returncode == 0, said.stderr


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """At one place for all builds, as in the base: pip writes it into its records."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("image")
    folder.parent.chmod(0o755)
    folder.chmod(0o755)
    yield build(folder, _ARGUMENTS, programs)
    shutil.rmtree(folder)


def files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if not path.is_symlink() and path.is_file():
            yield path


def test_the_image_holds_one_program_and_nobody_may_change_it(image: Stage) -> None:
    modes = {path: path.stat().st_mode for path in files(image.folder)}

    executable = {
        path.name
        for path, mode in modes.items()
        if mode & 0o111 and ".so" not in path.name and not path.suffix == ".py"
    }
    assert executable <= {"auth-serve", f"python3.{sys.version_info.minor}"}
    assert not [path for path, mode in modes.items() if mode & 0o222]
    assert not [p for p, mode in modes.items() if mode & (stat.S_ISUID | stat.S_ISGID)]
    assert {int(path.stat().st_mtime) for path in modes} == {int(_TIME)}


def test_built_again_elsewhere_it_is_the_same(
    image: Stage, programs: Path, tmp_path: Path
) -> None:
    again = build(tmp_path, _ARGUMENTS, programs)

    assert digests(again.folder) == digests(image.folder)


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files(root)
    }


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with PostgresServer.start(tmp_path_factory.mktemp("postgres")) as server:
        asyncio.run(create_database(server.url(), "image"))
        yield server.url("image")


@contextmanager
def container(
    image: Stage, options: dict[str, str], command: list[str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the image as an engine would, without a network of its own."""
    prefix = image.folder / "usr/local"
    if not prefix.exists():  # the official images of Python have it there
        prefix.parent.mkdir(exist_ok=True)
        up = len(prefix.parent.relative_to(image.folder).parts) * "../"
        prefix.symlink_to(up + sys.base_prefix.lstrip("/"))
    user = image.said["USER"]
    enter = ["unshare", "--mount", "--fork", "--kill-child", "/bin/sh", "-ec", _ENTER]
    process = subprocess.Popen(
        [*enter, "sh", str(image.folder), user, *command],
        env=image.environment | options | {"PATH": f"/usr/local/bin:{_SYSTEM}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def in_production(postgres: str) -> dict[str, str]:
    return {
        "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
        "AUTH_SERVE_DATABASE_URL": postgres,
        "AUTH_SERVE_DATABASE__MIGRATE": "true",
        "AUTH_SERVE_SECRET_KEY": SECRET,
        "AUTH_SERVE_SMTP__URL": "smtp://localhost:1025",
        "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
        "AUTH_SERVE_STOP_DELAY": "0",
    }


def answer(process: subprocess.Popen[str], url: str) -> int:
    deadline = time.monotonic() + 60
    with httpx2.Client(trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx2.TransportError):
                return client.get(url).status_code
            time.sleep(0.1)
    return 0


@as_root
def test_an_ordinary_user_serves_from_a_tree_that_nobody_writes(
    image: Stage, postgres: str
) -> None:
    port = free_port()
    command = [
        {"0.0.0.0": LOOPBACK, "8000": str(port)}.get(w, w) for w in image.command()
    ]

    with container(image, in_production(postgres), command) as process:
        ready = answer(process, f"http://{LOOPBACK}:{port}/health/ready")
        children = psutil.Process(process.pid).children(recursive=True)
        served_by = {child.uids().effective for child in children}
        for child in children:
            child.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)

    assert ready == 200, said
    assert served_by == {USER}
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    [started] = [line for line in lines if line["message"] == "started"]
    assert started["hashing"] == "kept-memory"
    assert "Traceback" not in said


@as_root
def test_commands_work_in_the_image(image: Stage, postgres: str) -> None:
    command = [*image.command()[:1], "setup", "link"]

    with container(image, in_production(postgres), command) as process:
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert "https://auth.example.com/" in said


@as_root
@pytest.mark.parametrize("name", ["/bin/sh", "sh", "pip", "/usr/bin/env"])
def test_there_is_nothing_else_to_run(image: Stage, name: str) -> None:
    with container(image, {}, [name, "-c", "true"]) as process:
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 127, said
