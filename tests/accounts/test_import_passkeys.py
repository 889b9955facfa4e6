"""Passkeys that come along from other products, and sign in here."""

import json
from base64 import b64encode
from typing import Any
from uuid import uuid4

import bcrypt
import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from httpx2 import Response
from pydantic import ValidationError

from app.schemas.user import MAX_PASSKEYS, Format, UserImport
from app.services.accounts.foreign_account import converter
from app.services.accounts.user_import import ImportResult, UserImportService
from app.services.server.runtime import Runtime
from tests.factories.authenticator import (
    CLOUD,
    USER_PRESENT,
    Authenticator,
    Passkey,
    encode,
)
from tests.support.api import PASSWORD, Api

EMAIL = "ann@example.com"
ORIGIN = "http://localhost:8000"
THERE = str(uuid4())  # what another product calls the account


def held(algorithm: int = -7, **changed: Any) -> Authenticator:
    """Return an authenticator with a passkey that was made elsewhere."""
    authenticator = Authenticator(ORIGIN, algorithm=algorithm, **changed)
    user = {"id": encode(THERE.encode()), "name": "ann", "displayName": "Ann"}
    authenticator.create({"rp": {"id": "localhost"}, "user": user, "challenge": "AAAA"})
    authenticator.passkeys[0].sign_count = 7
    return authenticator


def native(passkey: Passkey, **changed: Any) -> dict[str, Any]:
    """Return it as a native line has it."""
    return {
        "credential_id": encode(passkey.credential_id),
        "public_key": encode(passkey.public_key),
        "sign_count": passkey.sign_count,
        "user_handle": encode(passkey.user_handle),
        "is_user_verified": True,
        **changed,
    }


def simplewebauthn(passkey: Passkey, **changed: Any) -> dict[str, Any]:
    """Return a row as the documents of SimpleWebAuthn have it."""
    return {
        "id": encode(passkey.credential_id),
        "publicKey": encode(passkey.public_key),
        "webauthnUserID": encode(passkey.user_handle),
        "counter": passkey.sign_count,
        "deviceType": "multiDevice" if passkey.flags & 0x08 else "singleDevice",
        "backedUp": bool(passkey.flags & 0x10),
        "transports": "internal,hybrid",
        "is_user_verified": True,
        **changed,
    }


def keycloak(
    passkey: Passkey, kind: str = "webauthn-passwordless", **changed: Any
) -> dict[str, Any]:
    """Return a credential as a realm export has it: the id in base64, not base64url."""
    told = {
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "credentialId": b64encode(passkey.credential_id).decode(),
        "counter": passkey.sign_count,
        "credentialPublicKey": encode(passkey.public_key),
        "attestationStatementFormat": "none",
        "transports": ["usb", "nfc"],
    }
    return {
        "id": str(uuid4()),
        "type": kind,
        "userLabel": "My key",
        "createdDate": 1_700_000_000_000,
        "secretData": "{}",
        "credentialData": json.dumps(told | changed),
    }


def from_keycloak(passkey: Passkey, **changed: Any) -> dict[str, Any]:
    """Return what ``--format keycloak`` makes of it."""
    credentials = [keycloak(passkey, **changed)]
    account = {"email": EMAIL, "id": THERE, "credentials": credentials}
    [entry] = converter(Format.KEYCLOAK, {})(account)["passkeys"]
    fields: dict[str, Any] = entry
    return fields


FORMS = {
    "native": native,
    "simplewebauthn": simplewebauthn,
    "keycloak": from_keycloak,
}


async def imported(
    runtime: Runtime, *passkeys: dict[str, Any], email: str = EMAIL, **how: Any
) -> ImportResult:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    line = {"email": email, "password_hash": hashed, "email_verified": True}
    entry = UserImport.model_validate(line | {"passkeys": passkeys})
    return await UserImportService(runtime).store(entry, **how)


async def alone(api: Api, authenticator: Authenticator, **changed: Any) -> Response:
    """Sign in with nothing else."""
    options = (await api.post("/auth/passkey/options")).json()
    answer = authenticator.get(options, **changed)
    return await api.post("/auth/passkey/verify", {"response": answer})


async def second(api: Api, authenticator: Authenticator, **changed: Any) -> Response:
    """Sign in with the password first."""
    begun = (await api.login(EMAIL)).json()
    assert begun["factors"] == ["passkey"], begun
    token = {"mfa_token": begun["mfa_token"]}
    options = (await api.post("/auth/mfa/options", token)).json()
    answer = authenticator.get(options, **changed)
    body = {**token, "factor": "passkey", "response": answer}
    return await api.post("/auth/mfa", body)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", [-7, -8, -257])
async def test_a_passkey_of_another_product_signs_in(
    api: Api, runtime: Runtime, form: str, algorithm: int
) -> None:
    flags = {"flags": CLOUD} if algorithm == -8 else {}
    authenticator = held(algorithm, **flags)
    result = await imported(runtime, FORMS[form](authenticator.passkeys[0]))

    assert result.refusal is None
    assert (await alone(api, authenticator)).status_code == 200
    assert (await second(api, authenticator)).status_code == 200
    assert (await alone(api, authenticator, sign_count=7)).status_code == 401


@pytest.mark.parametrize("form", FORMS)
async def test_one_that_may_not_have_known_its_user_is_a_second_step_only(
    api: Api, runtime: Runtime, form: str
) -> None:
    unsaid: dict[str, Any] = {"is_user_verified": False}
    changed = {"kind": "webauthn"} if form == "keycloak" else unsaid
    authenticator = held()
    await imported(runtime, FORMS[form](authenticator.passkeys[0], **changed))

    assert (await alone(api, authenticator)).status_code == 401
    entered = await second(api, authenticator, flags=USER_PRESENT)
    assert entered.status_code == 200


async def test_what_was_told_of_it_is_shown_to_its_owner(
    api: Api, runtime: Runtime
) -> None:
    authenticator, hostile = held(), held()
    await imported(
        runtime,
        from_keycloak(authenticator.passkeys[0]),
        native(
            hostile.passkeys[0],
            name="\u202eevil",
            created_at="2024-01-01T01:00:00+01:00",
        ),
    )

    token = (await alone(api, authenticator)).json()["access_token"]
    shown = await api.client.get(
        "/api/v1/users/me/factors", headers={"Authorization": f"Bearer {token}"}
    )
    told = [(each["name"], each["created_at"]) for each in shown.json()["passkeys"]]
    assert told == [
        ("My key", "2023-11-14T22:13:20.000Z"),
        ("Passkey", "2024-01-01T00:00:00.000Z"),
    ]


async def test_eligibility_that_was_told_never_changes(
    api: Api, runtime: Runtime
) -> None:
    authenticator = held()
    await imported(runtime, simplewebauthn(authenticator.passkeys[0]))

    assert (await alone(api, authenticator, flags=CLOUD)).status_code == 401


def broken_keys() -> dict[str, bytes]:
    """Return keys that no sign-in could be checked with."""
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    x, y = p384.x.to_bytes(48, "big"), p384.y.to_bytes(48, "big")
    fine: dict[int, Any] = cbor2.loads(held().passkeys[0].public_key)
    off_curve = fine | {-3: bytes(31) + b"\1"}
    rsa: dict[int, Any] = cbor2.loads(held(-257).passkeys[0].public_key)
    keys: dict[str, Any] = {
        "of another curve": {1: 2, 3: -7, -1: 2, -2: x, -3: y},
        "of another algorithm": fine | {3: -36},
        "of the algorithm of another key": rsa | {3: -7},
        "PSS": rsa | {3: -37},
        "weak": rsa | {-1: rsa[-1][:128]},
        "without a point": {1: 2, 3: -7, -1: 1},
        "off the curve": off_curve,
        "a list": [1, 2],
    }
    return {name: cbor2.dumps(key) for name, key in keys.items()} | {"none": b"\xff"}


BROKEN: dict[str, dict[str, Any]] = {
    "no id": {"credential_id": ""},
    "id of another type": {"credential_id": 12},
    "id in hex with colons": {"credential_id": "aa:bb"},
    "id too long": {"credential_id": encode(bytes(1_024))},
    "no handle": {"user_handle": ""},
    "handle too long": {"user_handle": encode(bytes(65))},
    "counter below zero": {"sign_count": -1},
    "counter too large": {"sign_count": 2**32},
    "counter of another type": {"sign_count": "7"},
    "no time": {"created_at": "yesterday"},
    "no aaguid": {"aaguid": "?"},
    "unknown member": {"secret": "x"},
    "key of no bytes": {"public_key": "=="},
    **{
        f"key {name}": {"public_key": encode(key)}
        for name, key in broken_keys().items()
    },
}


@pytest.mark.parametrize("name", BROKEN)
async def test_an_account_is_refused_rather_than_weakened(
    api: Api, runtime: Runtime, name: str
) -> None:
    result = await imported(runtime, native(held().passkeys[0], **BROKEN[name]))

    assert result.refusal is not None
    assert result.refusal.startswith("passkeys were not taken")
    assert (await api.login(EMAIL)).json()["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"credentialData": "?"},
        {"credentialData": "[]"},
        {"credentialData": "{}"},
        {"id": "AAAA", "publicKey": None},
        simplewebauthn(held().passkeys[0], deviceType="floppy"),
        simplewebauthn(held().passkeys[0], webauthnUserID=None),
        keycloak(held().passkeys[0]),  # without whose it is
    ],
)
async def test_what_is_of_no_known_form_is_refused(
    runtime: Runtime, entry: dict[str, Any]
) -> None:
    result = await imported(runtime, entry)

    assert result.refusal is not None
    assert result.refusal.startswith("passkeys were not taken")


async def test_nobody_gets_a_passkey_that_somebody_has(
    api: Api, runtime: Runtime
) -> None:
    authenticator = held()
    entry = native(authenticator.passkeys[0])
    await imported(runtime, entry)

    other = await imported(runtime, entry, email="bob@example.com")
    again = await imported(runtime, entry)
    twice = await imported(runtime, entry, entry, email="eve@example.com")

    assert other.refusal is not None and "another account has" in other.refusal
    assert (again.refusal, again.is_present) == (None, True)
    assert twice.refusal is not None and "there twice" in twice.refusal
    assert (await alone(api, authenticator)).status_code == 200
    refused = (await api.login("bob@example.com")).json()
    assert refused["code"] == "invalid_credentials"


async def test_a_dry_run_says_so_as_well(runtime: Runtime) -> None:
    service, entry = UserImportService(runtime), native(held().passkeys[0])
    lines = [
        UserImport(email=email, passkeys=[entry])
        for email in ("ann@example.com", "bob@example.com")
    ]

    said = [(await service.store(line, dry_run=True)).refusal for line in lines]

    assert said[0] is None
    assert said[1] is not None and "another account has" in said[1]


def test_no_account_has_more_than_it_could_have_made_here() -> None:
    with pytest.raises(ValidationError, match="at most 20"):
        UserImport(email=EMAIL, passkeys=[{}] * (MAX_PASSKEYS + 1))
