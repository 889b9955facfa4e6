"""``/metrics``: who may read it, and what it says after real requests."""

from collections.abc import Callable, Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser
from prometheus_client.parser import text_string_to_metric_families as read_text

from app.core.exceptions import AppError
from app.services.process.measures import FAMILIES
from app.services.process.metrics import Metrics
from tests.support.api import Api
from tests.support.oauth import Protocol

TOKEN = "metrics-only-0123456789-abcdefghijklmnopqrstuvwxyz"
AS_MONITORING = {"Authorization": f"Bearer {TOKEN}"}
OPENMETRICS = (
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
)


@pytest.fixture
def options() -> dict[str, object]:
    return {"metrics": {"token": TOKEN}}


async def scraped(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by its name and labels."""
    answer = await api.client.get("/metrics", headers=AS_MONITORING)
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in read_text(answer.text)
        for sample in family.samples
    }


def openmetrics(text: str) -> list[Metric]:
    read: Callable[[str], Iterator[Metric]] = parser.text_string_to_metric_families
    return [*read(text)]


def named(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        "Bearer wrong",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        TOKEN,
    ],
)
async def test_without_the_token_there_is_nothing(
    api: Api, authorization: str | None
) -> None:
    headers = [("Authorization", authorization)] if authorization else []

    answer = await api.client.get("/metrics", headers=headers)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "auth_serve_" not in answer.text


async def test_requests_are_counted_by_template_method_and_status(api: Api) -> None:
    ann = await api.person()
    for _ in range(3):
        await api.get(f"/users/{ann.id}", ann)
    await api.client.get("/nowhere/at/all")
    await api.client.request("BREW", "/health/live")

    found = await scraped(api)

    requests = "auth_serve_http_requests_total"
    route = "/api/v1/users/{user_id}"
    assert found[named(requests, method="GET", route=route, status="403")] == 3
    assert found[named(requests, method="GET", route="none", status="404")] == 1
    assert any(
        name == requests and ("method", "other") in labels for name, labels in found
    )
    seconds = "auth_serve_http_request_duration_seconds_count"
    assert found[named(seconds, method="GET", route=route)] == 3


async def test_methods_that_a_route_has_not_are_one_word(api: Api) -> None:
    for method in ("PUT", "PATCH", "DELETE", "BREW"):
        answer = await api.client.request(method, "/health/live")
        assert answer.status_code == 405

    found = await scraped(api)

    requests, route = "auth_serve_http_requests_total", "/health/live"
    assert found[named(requests, method="other", route=route, status="405")] == 4
    labels = [dict(each) for name, each in found if name == requests]
    assert {each["method"] for each in labels if each["route"] == route} == {"other"}


async def test_sign_ins_tell_what_was_proven_and_what_became_of_it(api: Api) -> None:
    ann = await api.person()
    await api.login(ann.email)
    await api.login(ann.email, "not what Ann chose")
    await api.login("nobody@example.com")

    found = await scraped(api)

    sign_ins = "auth_serve_sign_ins_total"
    assert found[named(sign_ins, factor="password", outcome="succeeded")] >= 1
    assert found[named(sign_ins, factor="password", outcome="wrong_password")] == 1
    assert found[named(sign_ins, factor="any", outcome="unknown_account")] == 1
    assert found[named("auth_serve_refusals_total", code="invalid_credentials")] == 2
    assert found[named("auth_serve_events_total", event="sign_in.failed")] == 2
    hashes = "auth_serve_password_hash_seconds_count"
    assert found[named(hashes, pool="own")] >= 3


async def test_token_requests_tell_grant_and_outcome(
    api: Api, protocol: Protocol
) -> None:
    for grant in ("client_credentials", "refresh_token", "ann@example.com", ""):
        await api.client.post("/oauth2/token", data={"grant_type": grant})

    found = await scraped(api)

    tokens = "auth_serve_token_requests_total"
    for grant, number in (
        ("client_credentials", 1),
        ("refresh_token", 1),
        ("other", 2),
    ):
        outcome = "invalid_client"
        assert found[named(tokens, grant_type=grant, outcome=outcome)] == number


async def test_limits_that_refuse_are_named(api: Api) -> None:
    for _ in range(40):
        answer = await api.login("nobody@example.com", "guess")

    found = await scraped(api)

    assert answer.status_code == 429
    limits = {dict(labels)["limit"] for name, labels in found if "limiter" in name}
    assert limits & {"sign_in_account", "sign_in_address"}


async def test_no_label_tells_of_anybody(api: Api) -> None:
    ann = await api.person()
    await api.get(f"/users/{ann.id}?{ann.email}", ann)
    await api.client.get(f"/{ann.email}", headers={"User-Agent": ann.email})
    await api.client.request(
        "POST", "/oauth2/token", data={"grant_type": ann.email, "client_id": ann.email}
    )

    answer = await api.client.get("/metrics", headers=AS_MONITORING)

    for personal in (ann.email, "example.com", str(ann.id), "192.0.2.1"):
        assert personal not in answer.text


async def test_both_formats_are_what_their_readers_take(api: Api) -> None:
    await api.person()
    text = await api.client.get("/metrics", headers=AS_MONITORING)
    headers = AS_MONITORING | {"Accept": OPENMETRICS}
    open_metrics = await api.client.get("/metrics", headers=headers)

    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert open_metrics.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )
    assert open_metrics.text.endswith("# EOF\n")
    known = {family.name for family in FAMILIES}
    told = {family.name for family in openmetrics(open_metrics.text)}
    assert told <= known
    assert {family.name for family in read_text(text.text)} <= told  # told before


async def test_every_gauge_is_told_from_the_beginning(api: Api) -> None:
    answer = await api.client.get("/metrics", headers=AS_MONITORING)

    told = {family.name for family in read_text(answer.text)}
    assert told >= {family.name for family in FAMILIES if family.kind == "gauge"}


def test_words_outside_of_the_vocabulary_are_other() -> None:
    metrics = Metrics()
    metrics.limited("of somebody@example.com")
    metrics.limited("sign_in_account_wide")
    metrics.limited("sign_in_account_network")
    found = {reading.labels: reading.numbers[0] for reading in metrics.read()}
    assert found == {("other",): 1, ("sign_in_account",): 2}


def test_every_refusal_has_its_own_code(metrics_codes: list[str]) -> None:
    metrics = Metrics()
    for code in metrics_codes:
        assert metrics._code(f"{code} (whatever somebody sent)") == code
    assert metrics._code("something@example.com") == "other"


@pytest.fixture
def metrics_codes() -> list[str]:
    def kinds(kind: type[AppError]) -> Iterator[type[AppError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from kinds(child)

    return sorted({kind.code for kind in kinds(AppError)})
