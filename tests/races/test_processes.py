"""What ends or begins in one process is so in the other."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from httpx2 import AsyncClient

from app.policies.permission import ADMIN_ROLE
from app.services.server.signing_key import FRESH
from tests.conftest import ROOT, SECRET
from tests.races.conftest import Pair
from tests.races.crowd import address
from tests.support.api import Api


async def test_trap_22_what_ends_in_one_process_is_over_in_the_other(
    api: Api, both: list[AsyncClient]
) -> None:
    admin, person = [
        await api.person(*roles, email=address()) for roles in ((ADMIN_ROLE,), ())
    ]
    there = Api(both[1], api.runtime)
    seen = [
        await api.get("/users/me", person),
        await there.get("/users/me", person),  # whatever it remembers of the token
        await there.get("/users", admin),
    ]

    demoted = await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    after = [await there.get("/users/me", person)]
    spent = {"refresh_token": person.tokens["refresh_token"]}
    after.append(await there.post("/auth/refresh", spent))
    ended = await api.post("/auth/logout", None, admin)
    after.append(await there.get("/users", admin))

    assert [answer.status_code for answer in seen] == [200] * 3
    assert (demoted.status_code, ended.status_code) == (200, 204)
    assert [answer.status_code for answer in after] == [401] * 3


async def test_a_rotation_on_the_command_line_is_published_by_all_at_once(
    both: list[AsyncClient], pair: Pair, tmp_path: Path
) -> None:
    """No worker runs in either process: it is the next request that looks.

    The first one after the stated delay, however long the machine takes for it.
    """
    before = [await _published(each) for each in both]

    printed = await asyncio.to_thread(_rotate, pair.database_url, tmp_path)
    await asyncio.sleep(FRESH)
    seen = [await _published(each) for each in both]

    assert before[0] == before[1]
    assert seen[0] == seen[1] and len(seen[0] - before[0]) == 1
    assert seen[0] - before[0] <= {line.split()[0] for line in printed.splitlines()}


async def _published(client: AsyncClient) -> set[str]:
    answer = await client.get("/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


def _rotate(url: str, folder: Path) -> str:
    settings = {"AUTH_SERVE_DATABASE_URL": url, "AUTH_SERVE_SECRET_KEY": SECRET}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "key", "rotate", "RS256"],
        cwd=folder,
        env=settings | {"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
