"""No secret reaches a log line, by its name or by its shape, and the rest does."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.logging import configure_logging
from app.core.redaction import is_secret_name, redact

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
CANARIES = {
    "jwt": JWT,
    "bearer": "Bearer canary-opaque-0123",
    "basic": "Basic Y2FuYXJ5OnBhc3N3b3Jk",
    "refresh token": "as_rt_Y2FuYXJ5LXJlZnJlc2gtdG9rZW4",
    "one-time token": "as_ot_Y2FuYXJ5LW9uZS10aW1l",
    "url password": "postgresql+asyncpg://canaryuser:canary/p%40ss@db.example/auth",
    "query": "https://app.example/cb?code=canary-code-1&state=kept",
    "encoded query": "next=%2Fcb%3Fcode%3Dcanarycode%26x",
    "pair": "password=canary-hunter2",
    "repr": "LoginRequest(email='kept', password='canary \\'quoted\\' hunter2')",
    "json": '{"new_password": "canary-hunter3", "n": 1}',
    "json in json": '{\\"clientSecret\\": \\"canary-hunter4\\"}',
    "headers": "[(b'cookie', b'sid=canary5; a=canary6'), (b'host', b'kept')]",
    "cookie": "Cookie: sid=canary-sid; other=canary-other",
    "password hash": "$argon2id$v=19$m=19456,t=2,p=1$Y2FuYXJ5$aGFzaC1jYW5hcnk",
    "key": "-----BEGIN PRIVATE KEY-----\nMIcanary\nabc\n-----END PRIVATE KEY-----",
    "repr in double quotes": 'X(password="canary\'s \\"quoted\\" hunter2", n=1)',
    "pydantic": "Value error [type=x, input_value=<A 'canary, ' canary>, input_type=A]",
    "sql": "[SQL: INSERT ...]\n[parameters: ('canary-parameter', 1)]\n(Background)",
    "detail": "DETAIL:  Key (lower(email))=(canary@example.com) already exists.",
    "argument": "invalid input for query argument $1: 'canary-argument' (expected int)",
}
# What may stand in none of the lines: each canary's secret part.
SECRETS = ("canary", "hunter", JWT[:12], JWT[-12:], "Y2FuYXJ5", "p%40ss", "aGFzaC")
SECRET_FIELDS = (
    "password new_password current_password secret token access_token refresh_token "
    "code code_verifier client_secret authorization cookie set-cookie private_key "
    "api_key mfa_token X-Api-Key Set-Cookie PASSWORD clientSecret id_token "
    "client_assertion user_code recovery_codes secret_key body.password input "
    "Proxy-Authorization device_code password_hash totp"
).split()

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read() -> Iterator[Read]:
    """Log into memory; the function returned gives what was written so far."""
    stream = io.StringIO()
    runtime = configure_logging("DEBUG", stream)

    def lines() -> list[dict[str, Any]]:
        assert runtime.flush()
        written = stream.getvalue()
        assert not [secret for secret in SECRETS if secret in written], written
        return [json.loads(line) for line in written.splitlines()]

    yield lines
    runtime.close()


log = logging.getLogger("test.redaction")


@pytest.mark.parametrize("shape", CANARIES.values(), ids=CANARIES.keys())
def test_a_secret_shape_is_absent_wherever_it_was_put(read: Read, shape: str) -> None:
    log.info(f"before {shape} \nafter")
    log.info("kept %s %s", 1, shape)
    log.info("named %(it)s", {"it": shape})
    log.info("object %s", [shape])
    log.info("extra", extra={"it": shape, "flat": "kept"})
    log.info("nested", extra={"deep": [{"a": ({shape},), shape: "key"}, "kept"]})
    log.info({"message_as_dict": shape})
    log.info("bytes", extra={"raw": shape.encode(), "flat": "kept"})
    log.info("far", extra={"long": "x " * 980 + f" {shape}" * 200})

    lines = read()
    assert lines[0]["message"].startswith("before ")
    assert lines[1]["message"].startswith("kept 1 ")
    assert lines[4]["flat"] == "kept"
    assert "kept" in lines[5]["deep"]
    assert len(lines) == 9


@pytest.mark.parametrize("shape", CANARIES.values(), ids=CANARIES.keys())
def test_a_secret_shape_is_absent_from_exceptions(read: Read, shape: str) -> None:
    def fail(argument: str) -> None:
        local = argument  # must not be shown
        try:
            raise KeyError(local)
        except KeyError as cause:
            cause.add_note(f"note {argument}")
            raise ValueError(f"outer {argument}") from cause

    try:
        fail(shape)
    except ValueError:
        log.exception("failed", stack_info=True)

    (line,) = read()
    stack = "\n".join(line["exception"]["stack"])
    assert line["exception"]["type"] == "ValueError"
    assert "direct cause" in stack
    assert "raise KeyError(local)" in stack


def test_a_plain_local_is_not_shown(read: Read) -> None:
    def fail() -> None:
        secret_of_a_person = "".join(("can", "ary"))
        raise LookupError(len(secret_of_a_person))

    try:
        fail()
    except LookupError:
        log.exception("failed")

    assert read()[0]["exception"]["message"] == "6"


@pytest.mark.parametrize("name", SECRET_FIELDS)
def test_a_field_of_a_secret_name_is_redacted(read: Read, name: str) -> None:
    log.info("top", extra={name: "canary", "kept": "yes"})
    log.info("deep", extra={"body": {"list": [{name: ["canary"], "kept": "yes"}]}})
    log.info("header list", extra={"headers": [(name.encode(), b"canary")]})
    log.info(f"%({name})s %(kept)s", {name: "canary", "kept": "yes"})
    log.info("shown %s", {name: "canary", "kept": "yes"})
    log.info("repr %r", [{"kept": "yes", name: {"a": {"b": "}"}, "c": "canary"}}])

    top, deep, header, mapping, shown, in_repr = read()
    assert (top[name], top["kept"]) == ("[redacted]", "yes")
    assert deep["body"]["list"][0] == {name: "[redacted]", "kept": "yes"}
    assert header["headers"] == [[name, "[redacted]"]]
    assert mapping["message"] == "[redacted] yes"
    assert "'kept': 'yes'" in shown["message"]
    assert "'kept': 'yes'" in in_repr["message"]


def test_the_private_part_of_a_jwk_is_redacted(read: Read) -> None:
    log.info("key", extra={"jwk": {"kty": "EC", "x": "public", "d": "canary"}})

    assert read()[0]["jwk"] == {"kty": "EC", "x": "public", "d": "[redacted]"}


class _Registration(BaseModel):
    email: str
    password: str = Field(min_length=50)


def test_what_pydantic_says_about_input_is_stripped(read: Read) -> None:
    try:
        _Registration.model_validate({"email": 1, "password": "canary'hunter2"})
    except ValidationError as error:
        log.exception("refused")
        log.info("errors: %s", error.errors())
        log.info("errors", extra={"errors": error.errors()})

    refused, errors, structured = read()
    assert "at least 50 characters" in refused["exception"]["message"]
    assert "string_too_short" in errors["message"]
    assert structured["errors"][1]["loc"] == ["password"]


def test_what_sqlalchemy_says_about_parameters_is_stripped(read: Read) -> None:
    engine = create_engine("sqlite://")
    values = {"y": "canary"}
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT x FROM nowhere WHERE y=:y"), values)
    except SQLAlchemyError:
        log.exception("failed")
    finally:
        engine.dispose()

    (line,) = read()
    assert "no such table: nowhere" in line["exception"]["message"]
    assert "[parameters: [redacted]]" in line["exception"]["message"]


@pytest.mark.parametrize(
    "innocent",
    [
        "signed in bob@example.com after 3 tries",
        "GET /oauth2/token 200",
        "refresh token reused, session ended",
        "bearer token expired",
        "Basic authentication failed",
        'WWW-Authenticate: Bearer realm="auth"',
        "Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
        "http://localhost:8000/users/by-mail?email=a@b.example",
        "as_of_date and alias_to_something_else",
        "status_code=404 token_type=none state=abc nonce=n",
        "costs $2 and [a] b",
        "${jndi:ldap://example.com/a}",
        "2001:db8::1 said 12:30",
    ],
)
def test_other_text_stays(innocent: str) -> None:
    assert redact(innocent) == innocent


def test_a_redacted_text_keeps_what_stands_around_the_secret() -> None:
    assert (
        redact("to https://u:p@h.example/cb?code=abc&state=s for Bearer abc, done")
        == "to https://[redacted]@h.example/cb?code=[redacted]&state=s"
        " for Bearer [redacted], done"
    )


@pytest.mark.parametrize("name", ["code_challenge", "status_code", "key", "tokenizer"])
def test_other_names_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)
