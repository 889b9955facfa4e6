"""``user export``: what signs in here signs in where the file is imported."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from app.core.pictures.picture import read_picture
from app.services.server.runtime import Runtime
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import ROOT, SECRET
from tests.factories.factor import FactorFactory
from tests.support.api import Api

PICTURE = (ROOT / "tests/accounts/pictures/files/screen.png").read_bytes()
# SHA-512 of a code, in base64, as Keycloak writes it.
_CODE_HASH = (
    "OnOEi8vsNqnI2s6t2IxU2+A+KrzWAVpR9AHExeQgDzTuoiU1qPzFsOpFIy8wb6EtPEGHKj0ehgHyTbuB"
    "TyChhg=="
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


def _lines(file: Path) -> dict[str, Any]:
    accounts = [json.loads(line) for line in file.read_text().splitlines()]
    return {account["email"]: account for account in accounts}


async def _second(api: Api, email: str, **answer: Any) -> int:
    """Sign in with the password and something else; return the status."""
    first = await api.login(email)
    assert first.json()["code"] == "mfa_required", first.text
    body = {"mfa_token": first.json()["mfa_token"], **answer}
    return (await api.post("/auth/mfa", body)).status_code


async def test_what_signed_in_before_signs_in_after_the_way_back(
    api: Api, runtime: Runtime, tmp_path: Path
) -> None:
    factors = FactorFactory(runtime)
    plain, coded = await api.person(name="Ann Example"), await api.person()
    keyed, gone = await api.person(), await api.person()
    app = await factors.totp(coded.id)
    passkey = await factors.passkey(keyed.id)
    told("user", "disable", gone.email)
    headers = plain.headers | {"Content-Type": "image/png"}
    await api.client.put("/api/v1/users/me/picture", content=PICTURE, headers=headers)
    file = tmp_path / "accounts.jsonl"

    said = told("user", "export", str(file))
    exported = _lines(file)
    for person in (plain, coded, keyed, gone):
        told("user", "delete", person.email, "--yes")
    imported = told("user", "import", str(file))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (said["exported"], said["notes"]) == (3, [])
    assert set(exported) == {plain.email, coded.email, keyed.email}
    assert exported[plain.email]["name"] == "Ann Example"
    assert (imported["imported"], imported["refused"]) == (3, 0)
    back = await api.signed_in(plain)
    address = (await api.get("/users/me", back)).json()["picture"]
    shown = await api.client.get(address.removeprefix("http://localhost:8000"))
    assert shown.content == read_picture(PICTURE).content
    assert await _second(api, coded.email, factor="totp", code=app.code) == 200
    first = await api.login(keyed.email)
    token = {"mfa_token": first.json()["mfa_token"]}
    options = (await api.post("/auth/mfa/options", token)).json()
    answer = passkey.get(options)
    body = {**token, "factor": "passkey", "response": answer}
    assert (await api.post("/auth/mfa", body)).status_code == 200


async def test_it_says_what_stays_behind(
    api: Api, runtime: Runtime, tmp_path: Path
) -> None:
    person = await api.person()
    factors = FactorFactory(runtime)
    await factors.totp(person.id)
    await factors.recovery_codes(person.id)
    before = tmp_path / "before.jsonl"
    line = {
        "email": "moved@example.com",
        "totp": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "recovery_code_hashes": [_CODE_HASH],
    }
    before.write_text(json.dumps(line))
    told("user", "import", str(before))
    file = tmp_path / "accounts.jsonl"

    said = told("user", "export", str(file))

    assert [note.partition(":")[0] for note in said["notes"]] == [person.email]
    assert "recovery codes" in said["notes"][0]
    found = _lines(file)
    assert "recovery_code_hashes" not in found[person.email]
    assert found["moved@example.com"]["recovery_code_hashes"] == [_CODE_HASH]


async def test_a_file_that_is_there_is_left_as_it_is(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "accounts.jsonl"
    file.write_text("mine")

    refused = run("user", "export", str(file))

    assert refused.exit_code == 1 and "is there already" in refused.stderr
    assert file.read_text() == "mine"


async def test_the_trail_tells_of_it(api: Api, tmp_path: Path) -> None:
    await api.person()
    told("user", "export", str(tmp_path / "accounts.jsonl"))

    [event] = told("audit", "list", "--event", "user.all_exported")

    assert event["data"] == {"count": 1}
