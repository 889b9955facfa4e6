"""People of a directory, at our page for their name and password of there."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio

from app.config import Settings
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime, build_runtime
from app.services.upstreams.sync.run import SyncRunner
from tests.conftest import SECRET
from tests.directories.conftest import PASSWORD, add_person, filled
from tests.directories.server import (
    PEOPLE,
    Answer,
    Directory,
    ppolicy,
)
from tests.e2e.elsewhere.operating import OPERATED, asked, home_of, operator
from tests.e2e.manners import HANDS, MANNERS, Somebody
from tests.e2e.visitor import Visitor
from tests.servers.service import COMMAND_LINE, Service, running

_NEW = "another-Horse-8-battery"
_SHOWN = "Acme staff"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def directory() -> AsyncIterator[Directory]:
    """Where people have their passwords."""
    async with filled().running() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def runtime(database_file: str) -> AsyncIterator[Runtime]:
    """Parts that read the directory in the tests' process."""
    values = {"database_url": database_file, "secret_key": SECRET, "jobs": False}
    reach = {"outbound": {"allowed_hosts": ["127.0.0.1"]}}
    parts = build_runtime(Settings.model_validate(values | reach))
    yield parts
    await parts.close()


@pytest.fixture(scope="module")
def service(
    database_file: str, directory: Directory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Where people arrive."""
    folder = tmp_path_factory.mktemp("service") / "run"
    options = OPERATED | {"AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1"}
    with running(database_file, folder, options, program=COMMAND_LINE) as started:
        home = home_of(started)
        asked(home, "/connections", _connection(directory), operator(home))
        yield started


def _connection(directory: Directory) -> dict[str, object]:
    return {
        "name": "staff",
        "kind": "ldap",
        "display_name": _SHOWN,
        "account_rule": "anybody",
        "trusted_domains": ["example.com"],
        "settings": directory.settings(),
    }


async def _at_the_form(person: Visitor, directory: Directory) -> str:
    """Be in the directory, and come to the form; return the name there."""
    login = person.email.partition("@")[0]
    add_person(directory, login, str(uuid4()))
    await person.go("/signin")
    await person.press(f"Continue with {_SHOWN}")
    return login


async def _send(person: Visitor, login: str, password: str, **more: str) -> None:
    await person.type("User name", login)
    await person.type("Password", password)
    for label, text in more.items():
        await person.type(label, text)
    await person.press("Set new password" if more else "Sign in")


@pytest.mark.parametrize("somebody", MANNERS, indirect=True)
async def test_somebody_signs_in_with_the_password_of_there(
    somebody: Somebody, directory: Directory
) -> None:
    person = await somebody("ann", account=False)
    login = await _at_the_form(person, directory)

    await _send(person, login, "not the password")
    assert "Wrong name or password" in await person.text()
    await _send(person, login, PASSWORD)

    await person.go("/account")
    assert person.email in await person.text()


@pytest.mark.parametrize("somebody", HANDS, indirect=True)
async def test_who_has_to_choose_another_password_there_does_so_here(
    somebody: Somebody, directory: Directory
) -> None:
    person = await somebody("bea", account=False)
    login = await _at_the_form(person, directory)
    name = f"uid={login},{PEOPLE}"
    must: Answer = (0, "", ppolicy(error=2))
    directory.bind_answers[name] = (must, (49, "", {}))

    await _send(person, login, PASSWORD)
    assert "Choose a new password first" in await person.text()
    await _send(person, login, PASSWORD, **{"New password": _NEW})

    await person.go("/account")
    assert person.email in await person.text()
    assert directory.passwords[name] == _NEW


@pytest.mark.parametrize("somebody", MANNERS, indirect=True)
async def test_who_is_told_that_a_password_ends_there_changes_it(
    somebody: Somebody, directory: Directory
) -> None:
    person = await somebody("fay", account=False)
    login = await _at_the_form(person, directory)
    name = f"uid={login},{PEOPLE}"
    soon: Answer = (0, "", ppolicy(expires=86_400))
    directory.bind_answers[name] = (soon, (49, "", {}))

    await _send(person, login, PASSWORD)
    assert "Your password expires soon" in await person.text()
    await person.follow("Change it now")
    del directory.bind_answers[name]
    await _send(person, login, PASSWORD, **{"New password": _NEW})

    await person.go("/account")
    assert person.email in await person.text()
    assert directory.passwords[name] == _NEW


@pytest.mark.parametrize("somebody", HANDS, indirect=True)
async def test_who_is_signed_in_connects_the_directory(
    somebody: Somebody, directory: Directory
) -> None:
    person = await somebody("eli")
    login = person.email.partition("@")[0]
    add_person(directory, login, str(uuid4()))
    await person.sign_in("/account/connections")
    await person.press(f"Continue with {_SHOWN}")

    await _send(person, login, PASSWORD)

    assert "You can sign in with it from now on." in await person.text()


@pytest.mark.parametrize("somebody", HANDS, indirect=True)
async def test_a_directory_is_read_and_who_is_missing_there_is_signed_out(
    somebody: Somebody, directory: Directory, runtime: Runtime
) -> None:
    ada = await somebody("reader", roles=(ADMIN_ROLE,))
    manner = ada.email.partition("@")[0].rpartition("-")[2]
    logins = [f"{name}-{manner}" for name in ("cleo", "dov")]
    for login in logins:
        add_person(directory, login, str(uuid4()))
    await ada.sign_in("/signin?to=console")
    await ada.follow("Connections")
    await ada.follow(_SHOWN)

    await ada.tick("Only try: nothing is stored")
    await ada.press("Read everybody now")
    await _read(ada, runtime)
    assert "Only tried" in await ada.text()
    await ada.press("Read everybody now")
    await _read(ada, runtime)
    for login in logins:
        del directory.entries[f"uid={login},{PEOPLE}"]
    await ada.press("Read everybody now")
    await _read(ada, runtime)
    assert "Let in until confirmed" in await ada.text()
    await ada.type("Type staff to confirm", "staff", beside="More people than usual")
    await ada.press("Sign out who is missing or disabled there, however many")
    await _read(ada, runtime)

    newest = await ada.page.locator("#read details").first.inner_text()
    assert "Let in until confirmed" not in newest
    await ada.follow("Users")
    await ada.type("Search", logins[0])
    await ada.press("Apply")
    await ada.follow(f"{logins[0]}@example.com")
    await ada.follow("Connected services", "About this account")
    assert _SHOWN in await ada.text()


async def _read(ada: Visitor, runtime: Runtime) -> None:
    """Look at once, have it done here if the worker is not at it, and look again."""
    again = ada.page.get_by_role("link", name="Look again")
    if await again.count():
        await ada.follow("Look again")
    await SyncRunner(runtime, runtime.connections).advance()
    while await again.count():
        await ada.follow("Look again")
