"""Two secret keys in careless hands: who is in use, and what is brought back."""

from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from fastapi import Response

from app.pages.parts.browser import bind_form, keep_value
from app.services.server.backup import BackupService
from app.services.server.backup_file import BackupUnusable
from app.services.server.runtime import Runtime
from app.services.server.secret_key.reseal import ResealService
from app.services.server.startup import start
from app.services.sessions.session import SessionService
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from tests.conftest import SECRET
from tests.factories.user import UserFactory
from tests.support.api import PASSWORD
from tests.support.job import Make, add_user

pytest_plugins = ["tests.support.job"]
OLD, NEW = SECRET, "new-" + SECRET


async def _started(make: Make, first: str, second: str | None = None) -> Runtime:
    runtime = make(secret_key=first, secret_key_second=second)
    await start(runtime)
    return runtime


def _visited(browser: Browser, runtime: Runtime, fields: list[str]) -> list[str]:
    """Show a page with a form; return the cookies that the browser has afterwards."""
    answer, (bound, _) = Response(), bind_form(browser, runtime)
    keep_value(answer, bound, browser, runtime)
    jar = SimpleCookie("; ".join(fields))
    for field in answer.headers.getlist("set-cookie"):
        jar.load(field)
    return [f"{name}={each.value}" for name, each in jar.items()]


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_cookie_that_is_renewed_makes_nobody_somebody_else(
    make_runtime: Make, *, is_over: bool
) -> None:
    """The session in use ended; the next page is not one of the other account."""
    before = await _started(make_runtime, OLD)
    service, browser = BrowserSessionService(before), Browser(value="v" * 43)
    for email in ("eve@example.com", "ada@example.com"):
        await UserFactory(before).with_password(PASSWORD, email=email)
        browser = await service.sign_in(browser, email, PASSWORD)
    assert browser.current and len(browser.accounts) == 2
    cookies = [service.session_cookie(browser).split(";")[0]]
    if is_over:
        used = browser.current
        async with before.unit_of_work() as uow:
            await SessionService(uow).end(used.user_id, used.session_id, "logout")
    both = await _started(make_runtime, NEW, OLD)
    service = BrowserSessionService(both)

    for _ in range(2):
        seen = await service.read(cookies)
        in_use = seen.current.email if seen.current else ""
        assert in_use == ("" if is_over else "ada@example.com")
        assert [each.email for each in seen.accounts][-1] == "eve@example.com"
        cookies = _visited(seen, both, cookies)


async def test_a_backup_between_two_keys_is_refused_where_one_is_missing(
    make_runtime: Make, tmp_path: Path
) -> None:
    """What would be deleted for it stays: no start would take it."""
    await _started(make_runtime, OLD)
    both = await _started(make_runtime, NEW, OLD)
    await BackupService(both).back_up(tmp_path / "backup")
    await ResealService(both).reseal()
    after = await _started(make_runtime, NEW)
    user = await add_user(after)

    with pytest.raises(BackupUnusable, match="AUTH_SERVE_SECRET_KEY_SECOND"):
        await BackupService(after).restore(tmp_path / "backup", replace=True)

    async with after.unit_of_work(read_only=True) as uow:
        assert await uow.users.by_id(user.id)
    await BackupService(both).restore(tmp_path / "backup", replace=True)
