"""Files of deploy/ and what is told about them name what there is.

What other programs say of them is asked by ``make deploy-check`` (tests/deploy).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import PREFIX, Settings, load_settings
from app.environment import FILE, known_settings
from tests.architecture.source import ROOT, tracked_files
from tests.conftest import SECRET

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
    known = known_settings(Settings, PREFIX).keys() | {
        f"{PREFIX}{name}{FILE}" for name in _SECRETS
    }

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


def environment_of_the_manifests() -> dict[str, str]:
    found = yaml.safe_load_all((DEPLOY / "kubernetes/auth-serve.yaml").read_text())
    [pod] = [
        each["spec"]["template"]["spec"]
        for each in found
        if each["kind"] == "Deployment"
    ]
    [ours] = pod["containers"]
    assert ours["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    for probe, path in {"liveness": "live", "readiness": "ready"}.items():
        assert ours[f"{probe}Probe"]["httpGet"]["path"] == f"/health/{path}"
    return {each["name"]: each["value"] for each in ours["env"]}


def environment_of_compose() -> dict[str, str]:
    said = parsed("compose.yaml")["services"]["auth-serve"]["environment"]
    given = {"PUBLIC_URL": "https://auth.example.com", "SMTP__SENDER": "a@example.com"}
    left = re.compile(r"\$\{AUTH_SERVE_(\w+):[?-]([^}]*)\}")
    return {
        name: left.sub(lambda found: given.get(found[1], found[2]), str(value))
        for name, value in said.items()
    }


def environment_of_the_first_hour() -> dict[str, str]:
    text = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<<'ENV'\n(.*?)\nENV\n", text, re.DOTALL)
    return dict(line.split("=", 1) for line in block.splitlines())


@pytest.mark.parametrize(
    "environment",
    [
        environment_of_the_manifests,
        environment_of_compose,
        environment_of_the_first_hour,
    ],
)
def test_production_takes_the_settings(
    environment: Callable[[], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    secrets = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": "postgresql://auth:word@db.example.com/auth",
        "SMTP__URL": "smtps://auth:word@mail.example.com:465",
    }
    for name, value in environment().items():
        setting = name.removeprefix(PREFIX).removesuffix(FILE)
        if name.endswith(FILE):
            (tmp_path / setting).write_text(secrets[setting])
            value = str(tmp_path / setting)
        monkeypatch.setenv(name, value)

    settings = load_settings(None)

    assert settings.environment == "production"
    assert str(settings.public_url).startswith("https://")
