"""The release before, from the history, beside this one on one database."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.repositories.schema import SCHEMA_REVISION
from tests.conftest import ROOT
from tests.servers.service import NO_LIMITS, ONE_ADDRESS, Service, running
from tests.support.api import PASSWORD

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="there is no history here"
)


def _git(*arguments: str) -> bytes:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _unpack(directory: Path) -> None:
    """Unpack the last commit that had another schema than this code."""
    newest = f"alembic/versions/{SCHEMA_REVISION}_*.py"
    added = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", newest)
    # Nobody committed it yet: the release before is what is there.
    commit = f"{added.decode().strip()}^" if added.strip() else "HEAD"
    archive = _git("archive", commit, "app", "alembic", "alembic.ini")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(directory, filter="data")


@contextmanager
def _release_before(url: str, tmp_path: Path) -> Iterator[Service]:
    code = tmp_path / "code"
    _unpack(code)
    options = NO_LIMITS | ONE_ADDRESS | {"PYTHONPATH": str(code)}
    with running(url, tmp_path / "before", options) as service:
        yield service


def _post(
    service: Service, path: str, body: Any = None, token: str = ""
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{service.url}/api/v1{path}"
    return httpx2.post(url, json=body, headers=headers, trust_env=False, timeout=20)


def _me(service: Service, token: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{service.url}/api/v1/users/me"
    return httpx2.get(url, headers=headers, trust_env=False, timeout=20)


def test_who_is_at_both_releases_by_turns_notices_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """What either writes the other reads; what ends at one has ended at the other."""
    options = NO_LIMITS | ONE_ADDRESS
    with (
        _release_before(database_url, tmp_path) as before,
        running(database_url, tmp_path / "now", options) as now,
    ):
        for number, (one, other) in enumerate([(before, now), (now, before)]):
            person = {"email": f"p{number}@example.com", "password": PASSWORD}
            assert _post(one, "/auth/register", person).status_code == 201
            first = _post(other, "/auth/login", person).json()
            assert _me(one, first["access_token"]).json()["email"] == person["email"]
            body = {"refresh_token": first["refresh_token"]}
            second = _post(one, "/auth/refresh", body).json()
            token = second["access_token"]
            assert _me(other, token).status_code == 200
            assert _post(other, "/auth/logout", token=token).status_code == 204
            body = {"refresh_token": second["refresh_token"]}
            assert _post(one, "/auth/refresh", body).status_code == 401
            assert _me(one, token).status_code == 401
        assert "schema is newer than this release" in before.output()
        assert "schema is newer than this release" not in now.output()
