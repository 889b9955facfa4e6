"""Nobody learns who has an account."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api

VOLATILE = ("x-request-id", "date")
Count = Callable[[], int]


def face(answer: Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return all of an answer that somebody could tell two of them apart by."""
    headers = {k: v for k, v in answer.headers.items() if k not in VOLATILE}
    headers["content-length"] = ""  # compared as the body
    body = answer.json() | {"correlation_id": ""}
    if "challenge" in body:  # each is another
        body["challenge"] = body["challenge"] | {"challenge": ""}
    return answer.status_code, headers, body


@pytest.fixture
def verifications(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the hasher was asked: True where there was a hash to compare with."""
    asked: list[bool] = []
    real = runtime.hasher.verify

    def verify(password: str, hashed: str | None) -> Any:
        asked.append(hashed is not None)
        return real(password, hashed)

    monkeypatch.setattr(runtime.hasher, "verify", verify)
    return asked


async def test_t086_every_refused_sign_in_looks_alike_and_hashes_once(
    api: Api, verifications: list[bool]
) -> None:
    known = await api.users.with_password(PASSWORD)
    disabled = await api.users.with_password(PASSWORD, status="disabled")
    bare = await api.users()
    tries = [
        (known.email, "wrong"),
        (disabled.email, "wrong"),
        (disabled.email, PASSWORD),
        (bare.email, "wrong"),
        ("nobody@example.com", "wrong"),
        ("no address at all", "wrong"),
        ("", "wrong"),
    ]

    faces = []
    for email, password in tries:
        faces.append(face(await api.login(email, password)))
        assert len(verifications) == len(faces)

    for status, headers, body in faces:
        headers.pop("ratelimit", None)
        assert (status, headers, body) == (401, faces[0][1], faces[0][2])


async def test_t086_a_throttled_account_looks_like_a_throttled_stranger(
    api: Api,
) -> None:
    known = (await api.users.with_password(PASSWORD)).email

    seen = {
        email: [face(await api.login(email, "wrong")) for _ in range(12)]
        for email in (known, "nobody@example.com")
    }

    assert [each[0] for each in seen[known]] == [401] * 10 + [429] * 2
    bodies = {email: [each[2] for each in faces] for email, faces in seen.items()}
    assert bodies[known] == bodies["nobody@example.com"]


@pytest.mark.parametrize(
    "path", ["/auth/forgot-password", "/auth/email-code", "/auth/resend-verification"]
)
async def test_t089_asking_for_a_mail_answers_alike_for_everybody(
    api: Api, path: str
) -> None:
    known = await api.users.with_password(PASSWORD)
    unverified = await api.users.with_password(PASSWORD, email_verified=False)
    disabled = await api.users.with_password(PASSWORD, status="disabled")
    emails = [known.email, unverified.email, disabled.email, "nobody@example.com"]

    faces = [
        face(await api.post(path, {"email": email})) for email in (*emails, "x", "")
    ]

    for status, headers, body in faces:
        headers.pop("ratelimit", None)
        assert (status, headers, body) == (202, faces[0][1], faces[0][2])


async def test_t089_a_taken_address_is_told_to_its_owner_only(api: Api) -> None:
    owner, asking = await api.users(email="owner@example.com"), await api.person()

    free = await api.post("/users/me/email", {"email": "free@example.com"}, asking)
    taken = await api.post("/users/me/email", {"email": owner.email}, asking)

    assert face(free)[0] == face(taken)[0] == 202
    assert free.json() == taken.json()
    last = (await api.mails())[-1]
    assert last["to"] == owner.email and last["token_id"] is None


async def test_t086_wrong_codes_look_alike_for_everybody(api: Api) -> None:
    known = await api.users()
    await api.post("/auth/email-code", {"email": known.email})
    bare = await api.users()

    for path in ("/auth/email-code/verify", "/auth/verify-email"):
        faces = [
            face(await api.post(path, {"email": email, "code": "00000000"}))
            for email in (known.email, bare.email, "nobody@example.com", "x")
        ]
        for status, headers, body in faces:
            headers.pop("ratelimit", None)
            assert (status, headers, body) == (400, faces[0][1], faces[0][2])


class TestVerifiedRegistration:
    """Where an address has to be confirmed first."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"registration": "verified"}

    async def test_t089_registering_answers_alike_for_everybody(self, api: Api) -> None:
        known = await api.users.with_password(PASSWORD)
        unverified = await api.users.with_password(PASSWORD, email_verified=False)
        emails = (known.email, unverified.email, "new@example.com", "new@example.com")

        faces = [
            face(await api.post("/auth/register", {"email": e, "password": PASSWORD}))
            for e in emails
        ]

        for status, headers, body in faces:
            headers.pop("ratelimit", None)
            assert (status, headers, body) == (202, faces[0][1], faces[0][2])
        assert {mail["to"] for mail in await api.mails()} == set(emails)


# The attacker's address folds to the victim's; whose domain it is decides who reads it.
TWINS = [
    ("mike@example.org", "mıke@example.org"),
    ("mike@example.org", "mike@ﬁ.example.org"),
    ("kay@example.org", "\u212aay@example.org"),
    ("office@example.org", "oﬃce@example.org"),
    ("strasse@example.org", "straße@example.org"),
]


@pytest.mark.parametrize(("victim", "typed"), TWINS)
async def test_t080_mail_goes_to_the_stored_address_or_to_nobody(
    api: Api, victim: str, typed: str
) -> None:
    await api.users(email=victim)

    for path in ("/auth/forgot-password", "/auth/email-code"):
        assert (await api.post(path, {"email": typed})).status_code == 202

    assert {mail["to"] for mail in await api.mails()} <= {victim}


async def test_t083_twins_registered_at_once_are_one_account(api: Api) -> None:
    twins = [
        "anné@example.com",
        "ANNÉ@EXAMPLE.COM",
        "anne\u0301@example.com",
        " anné@example.com ",
        "Anné@Example.com",
    ]

    answers = await asyncio.gather(
        *(api.post("/auth/register", {"email": e, "password": PASSWORD}) for e in twins)
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, 409, 409, 409, 409]
    for twin in twins:
        assert (await api.login(twin)).status_code == 200
