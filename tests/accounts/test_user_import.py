"""``user import``: what other systems export, and files as people make them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from sqlalchemy import func, select
from typer.testing import Result

from app.config import load_settings
from app.models import AuditEvent, OutboxMessage, User, UserRole
from app.services.server.runtime import build_runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support import foreign_hashes as foreign
from tests.support.api import PASSWORD, Api

CONSOLE = "hash_config {\n  algorithm: SCRYPT,\n" + "".join(
    f"  {name}: {value},\n" for name, value in foreign.FIREBASE.items()
)
ANN: dict[str, Any] = {"email": "ann@example.com", "emailVerified": True}
EXPORTS: dict[str, tuple[Any, str]] = {
    "keycloak": (
        {
            "realm": "shop",
            "users": [
                ANN
                | {
                    "username": "ann",
                    "firstName": "Ann",
                    "lastName": "Other",
                    "enabled": True,
                    "credentials": [
                        {"type": "otp", "secretData": "{}", "credentialData": "{}"},
                        foreign.keycloak(foreign.PASSWORD, "sha256", 64),
                    ],
                },
                {"email": "bob@example.com", "enabled": False},
                {"username": "service-account"},
                {
                    "email": "eve@example.com",
                    "credentials": [{"type": "password", "secretData": "hunter2"}],
                },
                {"email": "ida@example.com"},
                "hunter2",
            ],
        },
        foreign.PASSWORD,
    ),
    "firebase": (
        {
            "users": [
                ANN
                | {
                    "localId": "x",
                    "displayName": "Ann Other",
                    "passwordHash": foreign.FIREBASE_HASH,
                    "salt": foreign.FIREBASE_SALT,
                    "providerUserInfo": [],
                },
                {"email": "bob@example.com", "disabled": True},
                {"localId": "anonymous"},
                {"email": "eve@example.com", "passwordHash": 7, "salt": "hunter2"},
                {"email": "ida@example.com", "providerUserInfo": [{}]},
                "hunter2",
            ]
        },
        "user1password",
    ),
    "aspnet": (
        [
            {
                "Id": "x",
                "Email": "ann@example.com",
                "EmailConfirmed": True,
                "PasswordHash": foreign.aspnet_v3(foreign.PASSWORD),
            },
            {"Email": "bob", "PasswordHash": None},
            {"UserName": "nameless"},
            {"Email": "eve@example.com", "PasswordHash": "hunter2"},
            {
                "Email": "ida@example.com",
                "EmailConfirmed": False,
                "PasswordHash": foreign.aspnet_v2(foreign.PASSWORD),
            },
            "hunter2",
        ],
        foreign.PASSWORD,
    ),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


def import_file(tmp_path: Path, content: bytes | str, *options: str) -> Result:
    """Import a file with this content."""
    file = tmp_path / "users"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run("user", "import", str(file), *options)


async def test_accounts_of_another_system_sign_in_with_their_old_password(
    api: Api, tmp_path: Path
) -> None:
    hashed = api.runtime.hasher.hash(PASSWORD)
    lines = [
        {"email": "ann@example.com", "name": "Ann", "password_hash": hashed},
        {"email": "bob@example.com", "email_verified": True},
        {"email": "ANN@example.com"},
        {"email": "eve@example.com", "password_hash": "plain text"},
        {"email": "no address"},
        {"mail": "ida@example.com"},
        {"email": "ida@example.com", "email_verified": "hunter2"},
    ]

    text = "\n".join(json.dumps(line) for line in lines)
    done = import_file(tmp_path, text + "\n\n{hunter2}\n[]")

    assert done.exit_code == 1
    assert "2 imported, 7 refused" in done.output
    assert "plain text" not in done.output and "hunter2" not in done.output
    for said in (
        "line 3: ANN@example.com: the address has an account",
        "line 4: eve@example.com: ",
        "line 5: email: ",
        "line 6: email is missing; unknown field mail",
        "line 7: email_verified: ",
        "line 9: Invalid JSON",
        "line 10: ",
    ):
        assert said in done.output
    assert (await api.login("ann@example.com")).status_code == 200


@pytest.mark.parametrize("product", sorted(EXPORTS))
async def test_an_export_of_a_known_product_is_imported_as_it_is(
    api: Api, tmp_path: Path, product: str
) -> None:
    content, password = EXPORTS[product]
    options = ["--format", product]
    if product == "firebase":
        (tmp_path / "parameters").write_text(CONSOLE)
        options += ["--firebase-parameters", str(tmp_path / "parameters")]

    done = import_file(tmp_path, json.dumps(content), *options)

    assert "2 imported, 4 refused" in done.output, done.output
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "user 2",
        "user 3",
        "user 4",
        "user 6",
    ]
    assert "hunter2" not in done.output
    first = await api.login("ann@example.com", password)
    again = await api.login("ann@example.com", password)
    assert (first.status_code, again.status_code) == (200, 200)
    headers = {"Authorization": f"Bearer {again.json()['access_token']}"}
    me = (await api.client.get("/api/v1/users/me", headers=headers)).json()
    assert me["email_verified"] is True
    assert me["name"] == (None if product == "aspnet" else "Ann Other")


async def test_version_2_of_aspnet_identity_signs_in_too(
    api: Api, tmp_path: Path
) -> None:
    import_file(tmp_path, json.dumps(EXPORTS["aspnet"][0]), "--format", "aspnet")

    signed_in = await api.login("ida@example.com", foreign.PASSWORD)

    assert signed_in.status_code == 200


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ('{"email": "Jörg@example.com"}'.encode("latin-1"), [], "line 1: not UTF-8"),
        (b'{"email": "a@example.com"}\n\n\xff', [], "line 3: not UTF-8"),
        ("[]", ["--format", "keycloak"], "not an export of keycloak"),
        ("{", ["--format", "aspnet"], "not JSON"),
        ("{}", ["--format", "firebase"], "--firebase-parameters"),
        ("{}", ["--firebase-parameters", __file__], "--format firebase"),
        (
            "{}",
            ["--format", "firebase", "--firebase-parameters", __file__],
            "lack base64_signer_key",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line_and_as_a_whole(
    tmp_path: Path, content: bytes | str, options: list[str], said: str
) -> None:
    done = import_file(tmp_path, content, *options)

    assert done.exit_code != 0
    assert said in done.output and "imported," not in done.output
    assert isinstance(done.exception, SystemExit)
    assert len(done.output.splitlines()) == 1


async def test_a_file_as_windows_writes_it_is_read(api: Api, tmp_path: Path) -> None:
    line = json.dumps({"email": "ann@example.com", "name": "J\u00f6rg"})
    split = json.dumps({"email": "a@b\u2028c.example"}, ensure_ascii=False)

    done = import_file(tmp_path, f"\ufeff{line}\r\n{split}\r\n")

    assert "1 imported, 1 refused" in done.output
    assert "line 2: email: " in done.output  # one line, which U+2028 does not end


async def test_hashes_of_devise_count_with_its_pepper_as_a_setting(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = (PASSWORD + "the old pepper").encode()
    hashed = bcrypt.hashpw(secret, bcrypt.gensalt(4)).decode()
    monkeypatch.setenv("AUTH_SERVE_PASSWORD__DEVISE_PEPPER", "the old pepper")
    peppered = build_runtime(load_settings(None))

    import_file(
        tmp_path, json.dumps({"email": "ann@example.com", "password_hash": hashed})
    )
    without = await api.login("ann@example.com")
    known = peppered.hasher.verify(PASSWORD, hashed)
    await peppered.close()

    assert without.status_code == 401 and known.ok
    assert "the old pepper" not in repr(peppered.settings)


async def test_the_summary_counts_weak_hashes_and_those_that_nobody_reads(
    api: Api, tmp_path: Path
) -> None:
    quoted = 'it"s & more'
    escaped = quoted.replace("&", "&amp;").replace('"', "&quot;").encode()
    phpbb = bcrypt.hashpw(escaped, bcrypt.gensalt(4)).decode()
    lines = [
        {"email": "ann@example.com", "password_hash": phpbb, "source": "phpbb"},
        {"email": "bob@example.com", "password_hash": "{MD5}X03MO1qnZdYdgyfeuILPmQ=="},
        {"email": "eve@example.com", "password_hash": "{NEW}hunter2"},
        {"email": "ida@example.com", "password_hash": "{OTHER}hunter2"},
        {"email": "joe@example.com", "source": "no such product"},
    ]

    done = import_file(tmp_path, "\n".join(map(json.dumps, lines)), "--from", "ldap")

    assert "2 with a hash that was not taken: unknown scheme: a {SCHEME}" in done.stderr
    assert "1 of those imported have a weak hash" in done.stderr
    assert "source: must be one of " in done.stderr and "hunter2" not in done.output
    assert "2 imported, 3 refused" in done.stdout
    for email, password in (
        ("ann@example.com", quoted),
        ("bob@example.com", "password"),
    ):
        assert (await api.login(email, password)).status_code == 200
        assert (await api.login(email, password)).status_code == 200


def test_a_product_that_is_not_known_is_refused_with_those_that_are(
    tmp_path: Path,
) -> None:
    done = import_file(tmp_path, "{}", "--from", "abacus")

    assert done.exit_code == 2 and "wordpress" in done.output


FILE = "\n".join(
    json.dumps({"email": f"{name}@example.com"}) for name in ("ann", "bob", "ida")
)


async def _everything(api: Api) -> list[int]:
    """Count the rows of each table that an import writes to."""
    tables = (User, UserRole, AuditEvent, OutboxMessage)
    async with api.runtime.database.session(read_only=True) as db:
        return [
            await db.scalar(select(func.count()).select_from(t)) or 0 for t in tables
        ]


async def test_a_dry_run_says_what_a_run_does_and_stores_nothing(
    api: Api, tmp_path: Path
) -> None:
    """An unverified account that the import would take over is left alone too."""
    await api.users.with_password(
        PASSWORD,
        email="bob@example.com",
        email_verified=False,
        unverified_until=api.runtime.clock.now() - timedelta(days=1),
    )
    lines = f'{FILE}\n{{"email": "ANN@example.com"}}\n{{"email": "no address"}}'
    before = await _everything(api)

    dry = import_file(tmp_path, lines, "--dry-run")
    untouched = await _everything(api)
    told = import_file(tmp_path, lines, "--dry-run", "--json")
    done = import_file(tmp_path, lines)

    assert untouched == before
    assert dry.stdout == "3 would be imported, 2 refused\n"
    assert json.loads(told.stdout)["dry_run"] is True
    assert (dry.exit_code, told.exit_code, done.exit_code) == (1, 1, 1)
    assert done.stdout == "3 imported, 2 refused\n"
    assert dry.stderr == done.stderr  # the same lines for the same reasons
    assert await _everything(api) != before


async def test_a_second_run_of_the_same_file_is_quiet(api: Api, tmp_path: Path) -> None:
    hashed = api.runtime.hasher.hash(PASSWORD)
    more = json.dumps({"email": "joe@example.com", "password_hash": hashed})
    first = import_file(tmp_path, FILE)
    assert first.exit_code == 0, first.output
    before = await _everything(api)

    again = import_file(tmp_path, FILE)
    dry = import_file(tmp_path, FILE, "--dry-run")
    told = import_file(tmp_path, FILE, "--json")
    unchanged = await _everything(api)
    longer = import_file(tmp_path, f"{FILE}\n{more}")
    empty = import_file(tmp_path, "\n")

    line = "nothing to do: 3 accounts are here already\n"
    assert (again.stdout, again.stderr, again.exit_code) == (line, "", 0)
    assert (dry.stdout, dry.stderr, dry.exit_code) == (line, "", 0)
    counts = {name: json.loads(told.stdout)[name] for name in ("imported", "present")}
    assert counts == {"imported": 0, "present": 3}
    assert unchanged == before
    assert longer.stdout == "1 imported, 0 refused, 3 here already\n"
    assert longer.exit_code == 0
    assert (await api.login("joe@example.com")).status_code == 200
    assert (empty.stdout, empty.exit_code) == ("nothing to do: no accounts\n", 0)


async def test_an_account_that_no_import_made_is_told_every_time(
    api: Api, tmp_path: Path
) -> None:
    """Its password is not the one of the file."""
    await api.users.with_password(PASSWORD, email="bob@example.com")

    for _ in range(2):
        done = import_file(tmp_path, FILE)
        assert "line 2: bob@example.com: the address has an account" in done.stderr
        assert done.exit_code == 1
