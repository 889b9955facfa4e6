"""People who come from elsewhere: a second service is where they are known.

At a service without anybody, so that the first of each journey finds no account.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from app.services.server.runtime import Runtime
from tests.e2e.elsewhere.operating import OPERATED, asked, home_of, operator
from tests.e2e.manners import MANNERS, Somebody
from tests.e2e.visitor import Visitor
from tests.servers.service import COMMAND_LINE, Service, running
from tests.support.api import PASSWORD

# Whose word for an address counts here, and whose does not.
_BELIEVED, _UNKNOWN = "Acme", "Other"
_OF_BOTH = OPERATED | {"AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "localhost"}


@pytest.fixture(scope="module")
def service(
    database_file: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Where people arrive."""
    folder = tmp_path_factory.mktemp("service") / "run"
    with running(database_file, folder, _OF_BOTH, program=COMMAND_LINE) as started:
        yield started


@pytest.fixture(scope="module")
def elsewhere(
    service: Service, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where people have an account already; each side knows the other."""
    folder = tmp_path_factory.mktemp("elsewhere")
    copy(sqlite_template, folder / "auth.db")
    url = f"sqlite:///{folder / 'auth.db'}"
    with running(url, folder / "run", _OF_BOTH, program=COMMAND_LINE) as started:
        _introduce(home_of(service), home_of(started))
        yield home_of(started)


def _introduce(home: str, elsewhere: str) -> None:
    metadata = {
        "client_name": "Here",
        "redirect_uris": [
            f"{home}/upstreams/{name}/callback" for name in ("acme", "other")
        ],
    }
    client = asked(elsewhere, "/clients", metadata, operator(elsewhere))
    settings = {
        "issuer": elsewhere,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    connection: dict[str, Any] = {"kind": "oidc", "settings": settings}
    acme: dict[str, Any] = {
        "name": "acme",
        "display_name": _BELIEVED,
        "account_rule": "anybody",
    }
    acme |= connection | {"trusted_domains": ["example.com"]}
    other = connection | {"name": "other", "display_name": _UNKNOWN}
    for each in (acme, other):
        asked(home, "/connections", each, operator(home))


async def _known(elsewhere: str, visitor: Visitor) -> None:
    """Give somebody an account at the other side, with a proven address."""
    body = {"email": visitor.email, "password": PASSWORD, "email_verified": True}
    asked(elsewhere, "/users", body, operator(elsewhere))
    visitor.also = (elsewhere,)


async def _come(visitor: Visitor, name: str = _BELIEVED) -> None:
    """Be known at the other side, and allow it to say so."""
    await visitor.press(f"Continue with {name}")
    await visitor.type_password()
    await visitor.press("Allow")


@pytest.mark.parametrize("somebody", MANNERS, indirect=True)
async def test_somebody_new_comes_from_elsewhere_and_has_an_account(
    somebody: Somebody, elsewhere: str
) -> None:
    person = await somebody("new", account=False)
    await _known(elsewhere, person)
    await person.go("/signup")

    await _come(person)

    await person.go("/account/connections")
    assert _BELIEVED in await person.text()
    await person.go("/account")
    assert person.email in await person.text()


@pytest.mark.parametrize("somebody", MANNERS, indirect=True)
async def test_somebody_who_has_an_account_proves_it_and_connects_both(
    somebody: Somebody, elsewhere: str, runtime: Runtime
) -> None:
    person = await somebody("linked")
    await _known(elsewhere, person)
    await person.go("/signin")

    await _come(person, _UNKNOWN)
    assert f"To connect {_UNKNOWN}" in await person.text()
    await person.type_password()
    assert f"sign in to {person.email} with {_UNKNOWN}" in await person.text()
    await person.press("Connect")

    await person.go("/account/connections")
    await person.press(f"Disconnect {_UNKNOWN}")
    assert "It signs you in no more" in await person.text()


async def test_who_says_no_elsewhere_is_told_so_here(
    newcomer: Any, elsewhere: str
) -> None:
    person: Visitor = await newcomer.stranger("no@example.com")
    await _known(elsewhere, person)
    await person.go("/signin")
    await person.press(f"Continue with {_BELIEVED}")
    await person.type_password()

    await person.press("Deny")

    assert person.path.startswith("/upstreams/acme/callback")
    assert "could not be signed in" in await person.heading()
    await person.follow("Try again")
    assert person.path.startswith("/signin")
