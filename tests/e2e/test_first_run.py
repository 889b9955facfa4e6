"""A newcomer's five minutes: fresh clone, `make serve`, the link, tokens on a page."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.visitor import Visitor
from tests.servers.ports import free_port
from tests.servers.service import ROOT

EMAIL = "root@example.com"
_LINK = re.compile(r"(http://\S+)(/setup\?token=\S+)")
_PATIENCE = 60.0  # seconds until the first start counts as hanging


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[re.Match[str]]:
    """The address and the link that `make serve` printed in a fresh clone."""
    clone, output = tmp_path / "auth-serve", tmp_path / "output"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    # The packages of these tests are installed: nothing is newer than they are.
    os.utime(clone / "requirements.txt", (0, 0))
    command = ["make", "serve", f"PORT={free_port()}", f"VENV={ROOT / '.venv'}"]
    names = ("AUTH_SERVE_", "DATABASE_URL", "COV_", "MAKE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    with output.open("wb") as file:
        made = subprocess.Popen(
            command,
            cwd=clone,
            env=kept,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield _wait_for_link(made, output)
    finally:
        os.killpg(made.pid, signal.SIGTERM)
        made.wait(_PATIENCE)


def _wait_for_link(made: subprocess.Popen[bytes], output: Path) -> re.Match[str]:
    deadline = time.monotonic() + _PATIENCE
    while made.poll() is None and time.monotonic() < deadline:
        said = output.read_text()
        if (found := _LINK.search(said)) and "startup complete" in said:
            return found
        time.sleep(0.1)
    raise AssertionError(output.read_text())


async def test_a_newcomers_five_minutes(chromium: Any, printed: re.Match[str]) -> None:
    home, link = printed.groups()
    window = await chromium.new_context(base_url=home, locale="en-GB")
    person = await Visitor.of(window, home, EMAIL, None)
    await person.add_authenticator()

    await person.go(link)
    await person.picture("setup")
    await person.page.get_by_label("Email").first.fill(EMAIL)
    await person.press("Create a passkey")
    assert person.path == "/admin/start"
    assert "things are left to do" in await person.text()
    await person.picture("checklist")
    second_factor = person.page.locator("#second_factor")
    assert "Done" in await second_factor.inner_text()

    await person.follow("Open the demo application")
    await person.press("Sign in")
    await person.press("Allow")
    assert person.path == "/demo"
    await person.picture("demo")
    said = await person.text()
    for each in (EMAIL, "ID token", "at_hash", "Access token", "hwk, user, mfa"):
        assert each in said
    before = await person.page.locator("details code").first.text_content()
    await person.press("Refresh tokens")
    after = await person.page.locator("details code").first.text_content()
    assert before != after

    await person.press("Sign out")
    assert person.path.startswith("/demo")
    await person.offer_nothing_in_fields()
    await person.go("/signin?to=console")
    await person.press("Sign in with a passkey")
    assert person.path == "/admin"
    await person.go(link)  # which is of no use any more
    assert await person.page.get_by_role("button", name="Create a passkey").count() == 0
    assert person.complaints == []
    await window.close()
