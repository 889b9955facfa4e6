"""An operator who takes security keys of some models only."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.startup import StartRefused, start
from tests.accounts.test_passkeys import ORIGIN, add, listed, options_of
from tests.factories.authenticator import AAGUID, Authenticator
from tests.factories.maker import Authority, Metadata, metadata
from tests.support.api import Api


@pytest.fixture
def maker() -> Authority:
    """Who made the keys that are taken."""
    return Authority("Maker", AAGUID)


@pytest.fixture
def files(tmp_path: Path, maker: Authority) -> Metadata:
    """What the operator downloaded."""
    return metadata(tmp_path, maker)


@pytest.fixture
def options(files: Metadata) -> dict[str, object]:
    """Settings with a policy."""
    chosen = {"metadata_file": files.blob, "metadata_root_file": files.root}
    return {"passkey": chosen}


async def test_a_key_of_a_known_maker_is_added(api: Api, maker: Authority) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    assert (await options_of(api, person))["attestation"] == "direct"

    made = await add(api, person, held, fmt="packed", statement=maker.statement)

    assert made.status_code == 201, made.text
    assert UUID(made.json()["id"])


@pytest.mark.parametrize("by", [None, Authority("Stranger", AAGUID)])
async def test_any_other_is_refused_and_its_owner_told_why(
    api: Api, by: Authority | None
) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    how: dict[str, Any] = (
        {} if by is None else {"fmt": "packed", "statement": by.statement}
    )

    refused = await add(api, person, held, **how)

    assert refused.status_code == 400
    assert refused.json()["code"] == "authenticator_not_accepted"
    assert await listed(api, person) == []


@pytest.fixture
async def broken(
    settings: Settings, files: Metadata, tmp_path: Path
) -> AsyncIterator[Runtime]:
    """A process whose operator downloaded half of it."""
    files.blob.write_text("e30.e30.e30")
    other = tmp_path / "other"  # which was not read before
    other.write_text(files.blob.read_text())
    passkey = settings.passkey.model_copy(update={"metadata_file": other})
    runtime = build_runtime(settings.model_copy(update={"passkey": passkey}))
    yield runtime
    await runtime.close()


async def test_nothing_is_served_with_metadata_that_cannot_be_used(
    broken: Runtime,
) -> None:
    with pytest.raises(StartRefused, match="AUTH_SERVE_PASSKEY__METADATA_FILE"):
        await start(broken, serving=True)


async def test_commands_that_mend_start_all_the_same(broken: Runtime) -> None:
    assert await start(broken) is None


@pytest.mark.parametrize("missing", ["metadata_file", "metadata_root_file"])
def test_half_a_policy_is_none(files: Metadata, missing: str) -> None:
    chosen = {
        "metadata_file": files.blob,
        "metadata_root_file": files.root,
        "models": str(AAGUID),
    }
    del chosen[missing]

    with pytest.raises(ValueError, match="METADATA_ROOT_FILE"):
        Settings.model_validate({"secret_key": "s" * 43, "passkey": chosen})
