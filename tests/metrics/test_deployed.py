"""Alert rules and the dashboard stand on names and labels that there really are."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.metrics.family import Family
from app.services.process.measures import FAMILIES
from app.services.process.metrics import Metrics
from app.services.server.metrics import KINDS, STATES
from tests.metrics.test_metrics import AS_MONITORING, TOKEN
from tests.support.api import Api

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/auth-serve.json"
PROMTOOL = shutil.which("promtool")
_WORDS = frozenset(
    "sum avg max min count topk rate increase avg_over_time max_over_time time "
    "histogram_quantile by on group_left and or unless label_values".split()
)
_OF_PROMETHEUS = frozenset({"job", "instance", "le"})
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_GROUPING = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")


@pytest.fixture
def options() -> dict[str, object]:
    return {"metrics": {"token": TOKEN}}


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def exported() -> dict[str, Family]:
    """Return the names of all samples, and whose they are."""
    names = {}
    for family in FAMILIES:
        names[family.shown_name] = family
        if family.kind == "histogram":
            del names[family.shown_name]
            for suffix in ("_bucket", "_count", "_sum"):
                names[family.name + suffix] = family
    return names


def asked_for(expression: str) -> set[str]:
    """Return the names of series in an expression."""
    bare = re.sub(r"\"[^\"]*\"|\[[^]]*\]", "", expression)
    bare = _GROUPING.sub("", re.sub(r"\{[^}]*\}", "", bare))
    bare = re.sub(r"\b\d[\d.e]*\b", "", bare)
    return set(_NAME.findall(bare)) - _WORDS


@pytest.mark.parametrize(("where", "expression"), [*expressions()])
def test_expressions_ask_for_what_is_told(where: str, expression: str) -> None:
    names = exported()
    series = asked_for(expression)
    assert series <= {*names, "up"}

    labels = {
        label
        for name in series - {"up"}
        for label in (*names[name].labels, *_OF_PROMETHEUS)
    } | _OF_PROMETHEUS
    for group in _GROUPING.findall(expression):
        assert set(_NAME.findall(group)) <= labels
    for name, matchers in _SELECTOR.findall(expression):
        for label, _, _ in _MATCHER.findall(matchers):
            assert label in {*_OF_PROMETHEUS, *getattr(names.get(name), "labels", ())}


def test_words_of_selectors_are_words_that_labels_say() -> None:
    said = {
        "outcome": {"wrong_password", "succeeded"},
        "state": set(STATES),
        "kind": set(KINDS),
        "route": {"/oauth2/token"},
    }
    for _, expression in expressions():
        for _, matchers in _SELECTOR.findall(expression):
            for label, _, value in _MATCHER.findall(matchers):
                if label in said:
                    assert set(value.split("|")) <= said[label]


def test_every_metric_is_looked_at_somewhere() -> None:
    names = exported()
    asked = {
        names[name].name
        for _, expression in expressions()
        for name in asked_for(expression) & set(names)
    }
    assert asked == {family.name for family in FAMILIES}


def test_alerts_say_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        told = (ROOT / "docs/metrics.md").read_text()
        assert f"`{rule['alert']}`" in told


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
async def test_prometheus_takes_rules_and_metrics(api: Api) -> None:
    """Its own program has no complaint: of syntax, of names, of units."""
    await api.login("nobody@example.com")
    answer = await api.client.get("/metrics", headers=AS_MONITORING)

    rules = await promtool("check", "rules", str(ALERTS))
    metrics = await promtool("check", "metrics", given=answer.text)

    assert rules.returncode == 0, rules.stdout + rules.stderr
    assert metrics.returncode == 0, metrics.stdout + metrics.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
async def test_alerts_come_where_they_should_and_nowhere_else() -> None:
    told = await promtool("test", "rules", str(Path(__file__).with_name("alerts.yaml")))
    assert told.returncode == 0, told.stdout + told.stderr


async def promtool(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    assert PROMTOOL is not None
    line = [PROMTOOL, *words]
    return await asyncio.to_thread(
        subprocess.run, line, input=given, capture_output=True, text=True
    )


def test_vocabularies_have_the_words_that_rules_ask_for() -> None:
    metrics = Metrics()
    metrics._event("sign_in.failed", "wrong_password")
    metrics._event("sign_in.succeeded", "password")
    assert {reading.labels for reading in metrics.read()} >= {
        ("password", "wrong_password"),
        ("password", "succeeded"),
    }
