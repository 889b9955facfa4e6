"""A database that cannot be used: the refusal says what to do, and no password."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from app.config import Settings
from app.services.runtime import build_runtime
from app.services.startup import StartRefused, start
from tests.conftest import SECRET
from tests.servers.ports import free_port


async def refusal(url: str) -> str:
    """Return why a service does not start on this database."""
    chosen = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(chosen))
    try:
        with pytest.raises(StartRefused) as refused:
            await start(runtime)
    finally:
        await runtime.close()
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "hunter2"}, "password is wrong"),
        ({"username": "nobody-we-know"}, "password is wrong"),
        ({"database": "none_of_this_name"}, "no database of this name"),
        ({"host": "nowhere.invalid"}, "no host of this name"),
        ({"port": None}, "nothing listens"),
    ],
)
async def test_a_server_that_cannot_be_used_is_said_to_be_so_by_kind(
    postgres_url: str, changes: dict[str, str | int | None], expected: str
) -> None:
    if "port" in changes:
        changes = {"port": free_port()}
    url = make_url(postgres_url).set(**changes)  # type: ignore[arg-type]  # by keyword

    said = await refusal(url.render_as_string(hide_password=False))

    assert expected in said and "AUTH_SERVE_DATABASE_URL" in said
    assert "\n" not in said
    assert not url.password or url.password not in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "its folder has to exist"),
        (b"no database at all" * 99, "no SQLite database"),
    ],
)
async def test_a_file_that_cannot_be_used_is_said_to_be_so_by_kind(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    file = tmp_path / "folder" / "auth.db"
    if content is not None:
        file.parent.mkdir()
        file.write_bytes(content)

    said = await refusal(f"sqlite:///{file}")

    assert expected in said and "AUTH_SERVE_DATABASE_URL" in said
    assert "\n" not in said
