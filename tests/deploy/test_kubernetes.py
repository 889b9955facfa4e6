"""Kubernetes' own schemas take the manifests, and Helm itself makes them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.architecture.source import ROOT

CHART = ROOT / "deploy/chart"
MANIFESTS = ROOT / "deploy/kubernetes/auth-serve.yaml"
VERSIONS = ("1.30", "1.37")  # of Kubernetes: the oldest that is looked at, the latest
_HERE = Path(sys.executable).parent
_PLACES = f"{_HERE}:{os.environ.get('PATH')}"
_HELM = os.environ.get("HELM") or shutil.which("helm", path=_PLACES)
with_helm = pytest.mark.skipif(_HELM is None, reason="no Helm: make helm")


def rendered(*options: str) -> str:
    command = [str(_HELM), "template", "auth-serve", str(CHART), *options]
    where = ("--namespace", "auth-serve", "--kube-version", "1.34.0")
    said = subprocess.run([*command, *where], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return said.stdout


def refusals(file: Path, version: str) -> str:
    """Return what Kubernetes' schema of a version says against a file."""
    command = [str(_HERE / "kubernetes-validate"), "--strict", "-k", version, str(file)]
    said = subprocess.run(command, capture_output=True, text=True)
    return "" if said.returncode == 0 else said.stdout + said.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_manifests(version: str) -> None:
    assert refusals(MANIFESTS, version) == ""


@with_helm
def test_the_manifests_are_what_the_chart_makes() -> None:
    """``make kubernetes`` writes them anew."""
    made = MANIFESTS.read_text().partition("\n")[2]

    assert made == rendered()


@with_helm
def test_helm_finds_no_fault_in_the_chart() -> None:
    command = [str(_HELM), "lint", "--strict", str(CHART)]

    said = subprocess.run(command, capture_output=True, text=True)

    assert said.returncode == 0, said.stdout


@with_helm
def test_values_are_heeded(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    values = {
        "image": {"repository": "example.com/auth", "digest": digest},
        "replicas": 5,
        "settings": {"METRICS__PORT": None, "THEME__NAME": 'Ann\'s "own": #1'},
        "secret": {"name": "other", "keys": ["SECRET_KEY", "VALKEY_URL"]},
    }
    given, made = tmp_path / "values.yaml", tmp_path / "made.yaml"
    given.write_text(yaml.safe_dump(values))

    made.write_text(rendered("--values", str(given)))

    assert refusals(made, VERSIONS[-1]) == ""
    found = {each["kind"]: each for each in yaml.safe_load_all(made.read_text())}
    assert found["Deployment"]["spec"]["replicas"] == 5
    pod = found["Deployment"]["spec"]["template"]["spec"]
    [ours] = pod["containers"]
    environment = {each["name"]: each["value"] for each in ours["env"]}
    assert ours["image"] == f"example.com/auth@{digest}"
    assert environment["AUTH_SERVE_THEME__NAME"] == 'Ann\'s "own": #1'
    assert "AUTH_SERVE_METRICS__PORT" not in environment
    assert environment["AUTH_SERVE_VALKEY_URL_FILE"].endswith("/VALKEY_URL")
    assert "AUTH_SERVE_DATABASE_URL_FILE" not in environment
    assert pod["volumes"][0]["secret"]["secretName"] == "other"
    assert [port["name"] for port in ours["ports"]] == ["http"]
    assert len(found["NetworkPolicy"]["spec"]["ingress"]) == 1
