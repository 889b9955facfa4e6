"""A folder of secrets, as Docker, Kubernetes and systemd mount one."""

from pathlib import Path

import pytest

from app.config import PREFIX, Settings
from app.environment import known_settings
from app.services.server.settings import listed
from tests.conftest import SECRET
from tests.operation.test_platform_settings import SECRETS, loaded, refusal, secret_of

WHERE = "AUTH_SERVE_SECRETS_DIR"


def test_every_secret_setting_may_stand_in_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Walks all of them: a secret that is added is asked for here too."""
    for number, (name, value) in enumerate(SECRETS.items()):
        called = name if number % 2 else name.lower()
        (tmp_path / called).write_text(f"{value}\n")
    (tmp_path / "password_of_somebody_else").write_text("hunter2")
    (tmp_path / "..data").mkdir()
    monkeypatch.setenv("AUTH_SERVE_ADMIN__EMAIL", "root@example.com")

    read = loaded(monkeypatch, {WHERE: str(tmp_path)})

    assert SECRETS.keys() == {
        name
        for name, kind in known_settings(Settings, PREFIX).items()
        if kind.is_secret
    }
    assert {name: secret_of(read, name) for name in SECRETS} == SECRETS
    sources = {each.name: each.source for each in listed(read)}
    assert {sources[name] for name in SECRETS} == {"file"}
    assert sources["AUTH_SERVE_ADMIN__EMAIL"] == "environment"


@pytest.mark.parametrize("name", ["auth_serve_secret_kye", "AUTH_SERVE_JOBS"])
def test_a_file_called_as_ours_that_is_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("hunter2-hunter2")

    told = refusal(monkeypatch, {WHERE: str(tmp_path)})

    assert told.startswith(f"{WHERE}: {name.upper()}") and "hunter2" not in told


def test_what_is_said_twice_or_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "auth_serve_secret_key").write_text(SECRET)

    twice = refusal(
        monkeypatch, {WHERE: str(tmp_path), "AUTH_SERVE_SECRET_KEY": SECRET}
    )
    monkeypatch.delenv("AUTH_SERVE_SECRET_KEY")
    absent = refusal(monkeypatch, {WHERE: str(tmp_path / "none")})
    (tmp_path / "auth_serve_secret_key").write_text("\n")
    empty = refusal(monkeypatch, {WHERE: str(tmp_path)})

    assert "AUTH_SERVE_SECRET_KEY is set, and in" in twice
    assert f"{WHERE} cannot be read" in absent and str(tmp_path) not in absent
    assert empty == "AUTH_SERVE_SECRET_KEY: the file is empty"
