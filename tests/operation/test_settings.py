"""Where settings come from: the environment, and a ``.env`` file read strictly."""

import stat
from pathlib import Path

import pytest

from app.config import PREFIX, Settings, SettingsError, load_settings
from app.environment import known_settings
from app.oauth.scopes import PERSONAL
from app.services.server.runtime import build_runtime
from app.setting_types import OWN_SCOPES
from tests.architecture.source import ROOT


def from_file(tmp_path: Path, content: str | bytes) -> Settings:
    """Read settings from a file with this content."""
    file = tmp_path / ".env"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_settings(file)


@pytest.mark.parametrize(
    "line",
    [
        "AUTH_SERVE_REGISTRATION=closed",
        "AUTH_SERVE_REGISTRATION = closed",
        "export AUTH_SERVE_REGISTRATION='closed'",
        '  AUTH_SERVE_REGISTRATION="closed"  # nobody',
        "\ufeffAUTH_SERVE_REGISTRATION=closed\r\n",
    ],
)
def test_a_line_of_the_file_counts_however_it_is_spelled(
    tmp_path: Path, line: str
) -> None:
    assert from_file(tmp_path, line).registration_mode == "closed"


@pytest.mark.parametrize(
    "line",
    [
        "AUTH_SERVE_REGISTRATION: closed",
        "AUTH_SERVE_REGISTRATION closed",
        "AUTH_SERVE_REGISTRATION",
        "set AUTH_SERVE_REGISTRATION=closed",
        'AUTH_SERVE_REGISTRATION="closed',
        "AUTH_SERVE_REGISTRATION='closed' please",
    ],
)
def test_a_line_that_would_be_skipped_is_refused_by_its_place(
    tmp_path: Path, line: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(tmp_path, f"# a comment\n\n\n{line}\nAUTH_SERVE_DOCS=true\n")

    assert f"{tmp_path / '.env'}, line 4" in str(refused.value)
    assert "closed" not in str(refused.value)


def test_a_file_that_is_not_utf_8_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(tmp_path, "AUTH_SERVE_SMTP__SENDER_NAME=Jörg".encode("latin-1"))

    assert "not UTF-8" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_REGISTRATION", "invite")
    monkeypatch.setenv("AUTH_SERVE_LOG_LEVEL", "")

    text = "AUTH_SERVE_REGISTRATION=open\nAUTH_SERVE_LOG_LEVEL=ERROR\n"
    settings = from_file(tmp_path, text)

    assert (settings.registration, settings.log_level) == ("invite", "ERROR")


def test_production_is_read_from_the_file_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(tmp_path, "AUTH_SERVE_ENVIRONMENT=production\n")

    for name in ("SECRET_KEY", "PUBLIC_URL", "SMTP__URL", "SMTP__SENDER"):
        assert f"AUTH_SERVE_{name}" in str(refused.value)


def test_the_example_may_be_uncommented_and_changes_nothing(tmp_path: Path) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    chosen = [line[1:] for line in lines if line.startswith("#AUTH_SERVE_")]

    settings = from_file(tmp_path, "\n".join(chosen))

    assert len(chosen) > 50
    assert settings == load_settings(None)


@pytest.mark.parametrize("place", ["environment", "file"])
def test_t197_an_empty_name_of_the_environment_is_not_development(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "environment":
        monkeypatch.setenv("AUTH_SERVE_ENVIRONMENT", "")

    with pytest.raises(SettingsError, match="AUTH_SERVE_ENVIRONMENT is empty"):
        from_file(tmp_path, "AUTH_SERVE_ENVIRONMENT=" if place == "file" else "")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("AUTH_SERVE_SECRTE_KEY", "AUTH_SERVE_SECRET_KEY"),
        ("AUTH_SERVE_SMTP_URL", "AUTH_SERVE_SMTP__URL"),
        ("auth_serve_registratoin", "AUTH_SERVE_REGISTRATION"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(
    tmp_path: Path, name: str, nearest: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(tmp_path, f"{name}=hunter2")

    assert f"{name} (did you mean {nearest}?)" in str(refused.value)
    assert "docs/configuration.md" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_store_without_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AUTH_SERVE_VALKEY_URL"):
        from_file(tmp_path, "AUTH_SERVE_LIMITS__STORE=valkey")


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"a" * 64, b"\xff" * 40])
def test_a_spoiled_secret_key_file_is_neither_used_nor_replaced(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "a.secret.key"
    file.write_bytes(content)
    chosen = {"database_url": f"sqlite:///{tmp_path / 'a.db'}"}

    with pytest.raises(SettingsError) as refused:
        build_runtime(Settings.model_validate(chosen))

    assert str(file) in str(refused.value)
    assert file.read_bytes() == content


async def test_a_new_sqlite_file_and_its_key_are_the_owners_alone(
    tmp_path: Path,
) -> None:
    chosen = {"database_url": f"sqlite:///{tmp_path / 'a.db'}"}
    runtime = build_runtime(Settings.model_validate(chosen))
    async with runtime.database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (x)")

        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()
        }

    await runtime.close()
    names = {"a.db", "a.db-wal", "a.db-shm", "a.secret.key"}
    assert modes == dict.fromkeys(names, 0o600)


GARBAGE = ("hunter2", "hunter2 [{", "http://[hunter2", "{}", "[]", "*", "-7", "9" * 400)


@pytest.mark.parametrize("name", sorted(known_settings(Settings, PREFIX)))
def test_whatever_stands_there_is_taken_or_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in GARBAGE:
        monkeypatch.setenv(name, value)
        try:
            build_runtime(load_settings(None)).hashing_pool.close()
        except SettingsError as refusal:
            assert name.rpartition("__")[0] in str(refusal)  # of two that go together
            assert not any(part in str(refusal) for part in ("hunter2", "99999"))


@pytest.mark.parametrize("value", ["a", "[1]", "{", "[" * 100_000, "null"])
def test_scopes_that_are_no_object_are_refused_with_an_example(
    tmp_path: Path, value: str
) -> None:
    with pytest.raises(SettingsError, match="AUTH_SERVE_OAUTH__SCOPES") as refused:
        from_file(tmp_path, f"AUTH_SERVE_OAUTH__SCOPES='{value}'")

    assert 'must read {"orders:read": "See your orders"}' in str(refused.value)


def test_settings_and_engine_mean_the_same_scopes_of_their_own() -> None:
    assert OWN_SCOPES == PERSONAL


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_a_scope_that_has_a_meaning_here_is_refused_by_its_name(
    tmp_path: Path, name: str
) -> None:
    value = f'{{"orders:read": "See orders", "{name}": "Something harmless"}}'
    with pytest.raises(SettingsError, match="AUTH_SERVE_OAUTH__SCOPES") as refused:
        from_file(tmp_path, f"AUTH_SERVE_OAUTH__SCOPES='{value}'")

    assert f"must not hold {name}, which is a scope of this service" in str(
        refused.value
    )
