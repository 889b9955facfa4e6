"""The OpenAPI document tells the truth: generated requests, checked answers.

``FUZZ_EXAMPLES`` is how many requests are made per operation and caller; an ordinary
run makes a few, a long one thousands. Cases are made first and sent afterwards: the
generator is synchronous and the application lives in the test's own loop.
"""

import os
from functools import cache
from typing import Any

import pytest
import schemathesis
from httpx2 import AsyncClient, InvalidURL
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from app.api.oauth.protocol import BROWSER_PATHS
from app.config import Settings
from app.main import create_app
from tests.conftest import SECRET
from tests.support.api import Api
from tests.support.chance import FakeClock

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
pytestmark = pytest.mark.timeout(120 + 10 * EXAMPLES)
_NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_MODES = {"right": GenerationMode.POSITIVE, "wrong": GenerationMode.NEGATIVE}


@cache
def document() -> dict[str, Any]:
    """Return the document, which is the same for every database."""
    chosen = Settings.model_validate({"secret_key": SECRET, "jobs": False})
    return create_app(chosen).openapi()


@cache
def cases(mode: GenerationMode) -> list[Case[Any]]:
    """Return generated requests for every operation."""
    made: list[Case[Any]] = []
    schema = schemathesis.openapi.from_dict(document())
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # Err raises there

        @settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=EXAMPLES <= 3,  # an ordinary run is the same every time
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def collect(case: Case[Any]) -> None:
            made.append(case)

        try:
            collect()
        except Exception as error:  # an operation without input has no wrong one
            if mode is GenerationMode.POSITIVE or type(error).__name__ not in (
                "Unsatisfiable",
                "SkipTest",
                "Skipped",
            ):
                raise
    return made


async def check(client: AsyncClient, case: Case[Any], headers: dict[str, str]) -> None:
    """Send a case and demand what the document promises."""
    load_all_checks()
    request = case.as_transport_kwargs(base_url="http://test", headers=headers)
    request.pop("cookies", None)  # no operation takes any
    if isinstance(request.get("data"), str | bytes):
        request["content"] = request.pop("data")
    try:
        answer = await client.request(**request)
    except InvalidURL:
        return  # longer than the client sends any
    checks: list[Any] = [CHECKS.get_one(name) for name in _NAMES]
    case.validate_response(answer, checks=checks)
    if answer.status_code >= 400:
        kind = answer.headers["content-type"]
        path = case.operation.path
        is_protocol = path.startswith("/oauth2/")
        form = "application/json" if is_protocol else "application/problem+json"
        is_page = path in BROWSER_PATHS and kind == "text/html; charset=utf-8"
        assert kind == form or is_page or answer.status_code == 503


@pytest.mark.parametrize("mode", _MODES)
@pytest.mark.parametrize("caller", ["anonymous", "administrator"])
async def test_every_answer_is_one_that_the_document_promises(
    api: Api, clock: FakeClock, mode: str, caller: str
) -> None:
    last = headers = None
    assert len(cases(_MODES[mode])) > 80

    for case in cases(_MODES[mode]):
        if caller == "administrator" and case.operation.label != last:
            clock.advance(minutes=15)  # whatever was guessed with their address is over
            headers = (await api.admin()).headers  # the last one may have signed out
            last = case.operation.label

        await check(api.client, case, headers or {})


def test_every_operation_says_what_it_refuses() -> None:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"] and operation["operationId"], where
            if path.startswith("/api/"):
                assert {"400", "503"} <= set(operation["responses"]), where
            is_protocol = path.startswith("/oauth2/")
            if is_protocol:
                assert {"400", "503"} <= set(operation["responses"]), where
            if "requestBody" in operation:
                refused = {"413"} if is_protocol else {"413", "415", "422"}
                assert refused <= set(operation["responses"]), where


def test_endpoints_that_people_are_sent_to_are_in_the_document() -> None:
    """RFC 6749 §3.1, OIDC Core §3.1.2.1: by GET and by POST."""
    paths = document()["paths"]

    for path in ("/oauth2/authorize", "/oauth2/logout"):
        assert set(paths[path]) == {"get", "post"}
        for operation in paths[path].values():
            assert {"303", "400"} <= set(operation["responses"])
            assert "text/html" in operation["responses"]["400"]["content"]
    asked = {
        each["name"]: each for each in paths["/oauth2/authorize"]["get"]["parameters"]
    }
    assert {"redirect_uri", "code_challenge", "nonce", "prompt"} <= set(asked)
    assert asked["client_id"]["required"] and not asked["state"]["required"]
