"""Every refusal has a sentence: none that is added goes without."""

import ast
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path

import pytest

from app import main  # noqa: F401  # with it every refusal that there is
from app.config import PREFIX, Settings
from app.core.context import Held, RequestContext, begin, current, refused
from app.core.exceptions import AppError, TooManyRequests
from app.core.rate_limit import Limit, widened
from app.environment import known_settings
from app.events.sign_in import Refusal
from app.oauth import errors
from app.oauth.errors import Check, InvalidGrant, OAuthError, SlowDown
from app.oauth.grants import GRANTS
from app.pages.console.told import said_step
from app.services.process.challenge import proven
from app.services.process.rate_limit import Limits
from app.services.process.refused_request import _told
from app.services.server.runtime import Runtime
from app.services.server.why.service import told_step
from app.services.server.why.texts import (
    CHECKS,
    PASSED,
    PASSED_RULES,
    REASONS,
    RULES,
    limit_of,
)
from tests.architecture.source import ROOT

PROTOCOL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, OAuthError) and "error" in vars(kind)
]


def kinds(kind: type[AppError] = AppError) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from kinds(child)


def raised() -> Iterator[tuple[Path, ast.Call]]:
    """Return every place that refuses a grant, whose class says no check."""
    for folder in ("app/oauth", "app/services", "app/api"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    if getattr(node.exc.func, "id", "") == InvalidGrant.__name__:
                        yield path, node.exc


def test_every_check_reason_and_grant_has_words() -> None:
    assert CHECKS.keys() == set(Check)
    assert REASONS.keys() == set(Refusal)
    assert PASSED.keys() - set(Held) <= CHECKS.keys() and GRANTS
    assert set(Held) <= PASSED.keys()


@pytest.mark.parametrize("kind", PROTOCOL)
def test_every_code_of_the_protocol_has_a_sentence(kind: type[OAuthError]) -> None:
    error = kind("said", check=Check.CODE) if kind is InvalidGrant else kind("said")
    begin(RequestContext())

    refused(error.error, "said", error)

    if not kind.is_usual:
        [step] = current().steps
        told = told_step(_told(step))
        assert told.sentence == CHECKS[error.check] and told.sentence.endswith(".")
        assert told.code == kind.error


def test_whoever_only_has_to_wait_is_not_kept() -> None:
    begin(RequestContext())

    refused(SlowDown.error, "", SlowDown())

    assert current().steps == () and current().reason == SlowDown.error


@pytest.mark.parametrize("kind", [k for k in kinds() if k.__module__.startswith("app")])
def test_every_other_code_has_a_sentence(kind: type[AppError]) -> None:
    step = {"outcome": "refused", "code": kind.code, "title": kind.title}

    told = told_step(step)

    assert told.sentence == kind.title and told.check == kind.code
    assert said_step(told) not in ("", kind.code)


def test_no_grant_is_refused_without_what_was_looked_at() -> None:
    places = list(raised())

    missing = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in places
        if "check" not in [keyword.arg for keyword in call.keywords]
    ]

    assert len(places) > 12 and missing == []


def test_every_setting_that_is_named_exists() -> None:
    known = known_settings(Settings, PREFIX).keys()
    told = (*RULES.values(), *PASSED_RULES.values())
    named = {rule for rules in told for rule in rules}

    settings = {name for name in named if name.startswith("AUTH_SERVE_")}

    assert len(settings) > 10
    for name in settings:
        assert any(each == name or each.startswith(f"{name}__") for each in known)


@pytest.mark.parametrize("limit", fields(Limits), ids=lambda limit: limit.name)
def test_every_limit_names_its_setting(limit: Field[Limit]) -> None:
    known = known_settings(Settings, PREFIX).keys()
    plain = Limit(limit.name, 3, 60)
    shares = plain, widened(plain, 8), widened(proven(plain), 8)

    for share in (*shares, Limit(f"{limit.name}_network", 3, 60)):
        [setting] = RULES[limit_of(share.name)]
        assert setting == f"AUTH_SERVE_LIMITS__{limit.name.upper()}"
        assert setting in known


async def test_a_limit_that_was_reached_tells_setting_and_count(
    runtime: Runtime,
) -> None:
    limit, context = Limit("sign_in_address", 1, 300), RequestContext()
    begin(context)
    await runtime.limiter.take((limit, "203.0.113.0/24"))

    with pytest.raises(TooManyRequests) as refusal:
        await runtime.limiter.take((limit, "203.0.113.0/24"))
    refused(refusal.value.code, refusal.value.hint, refusal.value)

    told = told_step(_told(context.steps[-1]))
    assert told.rules == ("AUTH_SERVE_LIMITS__SIGN_IN_ADDRESS",)
    assert told.detail == "sign_in_address"
    assert told.compared == {
        "counted": "the network of the caller",
        "allowed": "1 in 300 seconds",
    }
