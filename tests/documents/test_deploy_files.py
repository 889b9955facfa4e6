"""Files of deploy/ and what is told about them name what there is.

What other programs say of them is asked by ``make deploy-check`` (tests/deploy).
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import PREFIX, Settings, known_names
from app.environment import FILE
from tests.architecture.source import ROOT, tracked_files

DEPLOY = ROOT / "deploy"
_SETTING = re.compile(rf"\b{PREFIX}[A-Z_]+\b")
_OURS = re.compile(r"(?<![\w/.])(?:deploy|docs|tools|app|alembic)/[\w./-]*\w")
_SECRETS = {"DATABASE_URL", "SECRET_KEY", "SMTP__URL", "ADMIN__PASSWORD", "VALKEY_URL"}


def told() -> list[Path]:
    """Return what an operator reads or runs."""
    files = [path for path in tracked_files() if path.is_relative_to(DEPLOY)]
    return [*files, ROOT / "docs/production.md"]


def parsed(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", told(), ids=lambda path: path.name)
def test_settings_that_are_named_are_settings(path: Path) -> None:
    known = known_names(Settings) | {f"{PREFIX}{name}{FILE}" for name in _SECRETS}

    named = set(_SETTING.findall(path.read_text(encoding="utf-8")))
    groups = {name for name in named if name.endswith("_")}

    assert named - groups <= known
    assert all(any(name.startswith(group) for name in known) for group in groups)


@pytest.mark.parametrize("path", told(), ids=lambda path: path.name)
def test_files_that_are_named_are_there(path: Path) -> None:
    named = set(_OURS.findall(path.read_text(encoding="utf-8")))

    made = {"deploy/secrets"}
    assert [name for name in named - made if not (ROOT / name).exists()] == []


def test_services_of_the_compose_file_hold_no_secret_and_no_power() -> None:
    compose = parsed("compose.yaml")
    ours = compose["services"]["auth-serve"]

    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert all(
        "no-new-privileges:true" in service["security_opt"]
        for service in compose["services"].values()
    )
    assert compose["networks"]["inside"] == {"internal": True}
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|SECRET_KEY$|URL$", name) or (
                "PUBLIC_URL" in name or "VALKEY_URL" in name
            ), f"{name} is {value}"
        # Only a proxy on this machine reaches what is published.
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
