"""The quick flake8 of ``make check`` finds what flake8 finds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAULTS = """
import asyncio
import os
import time


async def wait(timeout: float) -> None:
    while not time.time():
        await asyncio.sleep(1)
    time.sleep(3)
    asyncio.create_task(wait(1))
    try:
        await wait(1)
    finally:
        await wait(2)
    await wait(3)  # noqa: ASYNC109


def start() -> None:
    asyncio.create_task(wait(1))
"""


def test_it_finds_what_flake8_finds(tmp_path: Path) -> None:
    (tmp_path / "faults.py").write_text(FAULTS)

    plain, quick = (
        subprocess.run(
            [sys.executable, "-m", module, "--config", str(ROOT / ".flake8"), "."],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        for module in ("flake8", "tools.lint")
    )

    assert (quick.stdout, quick.returncode) == (plain.stdout, 1)
    found = {line.split()[1] for line in quick.stdout.splitlines()}
    assert {"F401", "ASYNC109", "ASYNC251", "ASYNC300"} <= found
