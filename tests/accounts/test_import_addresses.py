"""Imports that meet names and addresses as they are: what is kept, and whose it is."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.passwords import PasswordHasher
from app.models import User
from tests.accounts.test_user_import import environment, import_file
from tests.cli.test_cli import run
from tests.support.api import PASSWORD, Api

__all__ = ["environment"]
NEW_PASSWORD = "another horse entirely"
EMAIL = "bob@example.com"
REFUSED_NAMES = ["Bob \u202egnp.exe", "Bob\x07", "Bob\u2066", "x" * 300]


@pytest.mark.parametrize("name", REFUSED_NAMES)
async def test_a_refused_name_costs_nobody_the_account(
    api: Api, tmp_path: Path, name: str
) -> None:
    hashed = api.runtime.hasher.hash(PASSWORD)
    line = {"email": EMAIL, "name": name, "password_hash": hashed}

    done = import_file(tmp_path, json.dumps(line))

    assert done.exit_code == 0
    assert done.stdout == "1 imported, 0 refused\n"
    assert EMAIL in done.stderr and name not in done.stderr
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(EMAIL)
    assert user is not None and user.name is None
    assert (await api.login(EMAIL)).status_code == 200


async def test_who_registered_an_address_and_never_proved_it_does_not_keep_it(
    api: Api, tmp_path: Path
) -> None:
    """The squatter's password and session end; the imported person's own works."""
    squatter = await api.person(email="BOB@example.com", email_verified=False)
    waiting = api.runtime.clock.now()
    async with api.runtime.unit_of_work() as uow:
        mine = update(User).where(User.id == squatter.id)
        await uow.db.execute(mine.values(unverified_until=waiting))
    hashed = PasswordHasher().hash(NEW_PASSWORD)
    line = {"email": EMAIL, "email_verified": True, "password_hash": hashed}

    done = import_file(tmp_path, json.dumps(line))

    assert done.stdout == "1 imported, 0 refused\n", done.output
    assert (await api.get("/users/me", squatter)).status_code == 401
    assert (await api.login(EMAIL)).status_code == 401
    assert (await api.login(EMAIL, NEW_PASSWORD)).status_code == 200


async def test_the_command_line_lists_who_cannot_sign_in_by_an_address(
    api: Api,
) -> None:
    holder = await api.users(email="y@faß.example")
    other = await api.users(email="other@example.com")
    async with api.runtime.unit_of_work() as uow:
        parked = update(User).where(User.id == other.id)
        values = {"email": holder.email, "email_canonical": f"collision:{other.id}"}
        await uow.db.execute(parked.values(values))

    shown = run("user", "collisions", "--json")

    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout) == [
        {
            "user_id": str(other.id),
            "email": holder.email,
            "holder_id": str(holder.id),
            "holder_email": holder.email,
        }
    ]
