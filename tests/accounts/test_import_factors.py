"""Second factors that come along from other products, and are asked for here."""

import base64
import hashlib
import json
from typing import Any

import bcrypt
import pyotp
import pytest
from httpx2 import Response

from app.schemas.user import Format, UserImport
from app.services.accounts.foreign_account import AccountRefused, converter
from app.services.accounts.user_import import ImportResult, UserImportService
from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock

EMAIL = "ann@example.com"
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238 appendix B
RAW = "12345678901234567890"
# Of Keycloak's own test of its recovery codes (RecoveryCodesUnitTest).
KEYCLOAK_CODE = "L9RRAUWYKARB"
KEYCLOAK_HASH = (
    "OnOEi8vsNqnI2s6t2IxU2+A+KrzWAVpR9AHExeQgDzTuoiU1qPzFsOpFIy8wb6EtPEGHKj0ehgHyTbuB"
    "TyChhg=="
)


def keycloak_otp(value: str, **how: Any) -> dict[str, Any]:
    """Return a credential as a realm export has it."""
    told = {"subType": "totp", "digits": 6, "counter": 0, "period": 30}
    return {
        "id": "0b0f7ae6-1d0b-4a2f-8e5b-5d0a5f5f0c11",
        "type": "otp",
        "createdDate": 1_700_000_000_000,
        "secretData": json.dumps({"value": value}),
        "credentialData": json.dumps(told | {"algorithm": "HmacSHA1"} | how),
    }


def keycloak_codes(*hashes: str, **how: Any) -> dict[str, Any]:
    """Return the same of a sheet of recovery codes."""
    codes = [
        {"number": number, "encodedHashedValue": each}
        for number, each in enumerate(hashes, 1)
    ]
    told = {"hashIterations": 1, "algorithm": "RS512", "remainingCodes": len(codes)}
    return {
        "type": "recovery-authn-codes",
        "secretData": json.dumps({"codes": codes}),
        "credentialData": json.dumps(told | how),
    }


FORMS: dict[str, Any] = {
    "base32": BASE32,
    "base32 as people copy it": "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
    "otpauth": f"otpauth://totp/Shop:ann?secret={BASE32}&issuer=Shop",
    "object": {"secret": BASE32, "algorithm": "SHA1", "digits": 6, "period": 30},
    "keycloak": keycloak_otp(RAW),
    "keycloak, parsed": {
        "secretData": {"value": RAW},
        "credentialData": {"subType": "totp", "algorithm": "HmacSHA1"},
    },
    "keycloak, base32": keycloak_otp(BASE32, secretEncoding="BASE32"),
    "authentik": {
        "key": RAW.encode().hex(),
        "step": 30,
        "t0": 0,
        "digits": 6,
        "tolerance": 1,
        "drift": 0,
        "last_t": -1,
        "name": "TOTP",
    },
}
REFUSED: dict[str, Any] = {
    "no base32": "not a secret!",
    "hotp": f"otpauth://hotp/ann?secret={BASE32}&counter=1",
    "short": "GEZDGNBV",
    "empty": {},
    "digits": {"secret": BASE32, "digits": 5},
    "secret of another type": {"secret": 12},
    "keycloak hotp": keycloak_otp(RAW, subType="hotp"),
    "keycloak, unknown encoding": keycloak_otp(RAW, secretEncoding="ROT13"),
    "keycloak, no JSON": {"secretData": "?", "credentialData": "{}"},
    "keycloak, a list": {"secretData": "[]", "credentialData": "[]"},
    "authentik, no hex": {"key": "xyz"},
    "authentik, another beginning": {"key": RAW.encode().hex(), "t0": 7},
}


async def imported(runtime: Runtime, **factors: Any) -> ImportResult:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    line = {"email": EMAIL, "password_hash": hashed, "email_verified": True}
    entry = UserImport.model_validate(line | factors)
    return await UserImportService(runtime).store(entry)


async def second_step(api: Api, factor: str, code: str) -> Response:
    begun = (await api.login(EMAIL)).json()
    assert begun["code"] == "mfa_required", begun
    body = {"mfa_token": begun["mfa_token"], "factor": factor, "code": code}
    return await api.post("/auth/mfa", body)


@pytest.mark.parametrize("form", FORMS)
async def test_an_app_of_another_product_is_asked_for_here(
    api: Api, runtime: Runtime, clock: FakeClock, form: str
) -> None:
    result = await imported(runtime, totp=FORMS[form])

    code = pyotp.TOTP(BASE32).at(clock.now())
    assert result.refusal is None
    assert (await second_step(api, "totp", code)).status_code == 200
    assert (await second_step(api, "totp", code)).status_code == 400


async def test_what_an_app_was_told_is_kept(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    how = {"algorithm": "HmacSHA512", "digits": 8, "period": 60}
    await imported(runtime, totp=keycloak_otp(RAW, **how))

    app = pyotp.TOTP(BASE32, digits=8, digest=hashlib.sha512, interval=60)

    assert (await second_step(api, "totp", app.at(clock.now()))).status_code == 200


@pytest.mark.parametrize("form", REFUSED)
async def test_an_account_is_refused_rather_than_weakened(
    api: Api, runtime: Runtime, form: str
) -> None:
    result = await imported(runtime, totp=REFUSED[form])

    assert result.refusal is not None and result.refusal.startswith("totp ")
    assert BASE32 not in result.refusal and RAW not in result.refusal
    assert (await api.login(EMAIL)).json()["code"] == "invalid_credentials"


@pytest.mark.parametrize(
    ("shown", "typed", "hashed"),
    [
        (KEYCLOAK_CODE, KEYCLOAK_CODE, KEYCLOAK_HASH),
        (KEYCLOAK_CODE, "l9rr-auwy-karb", KEYCLOAK_HASH),
        ("ab12-cd34", " ab12-cd34 ", None),
        ("ab12cd34", "ab12 cd34", None),
    ],
)
async def test_a_recovery_code_of_another_product_works_once(
    api: Api, runtime: Runtime, shown: str, typed: str, hashed: str | None
) -> None:
    slow = bcrypt.hashpw(shown.encode(), bcrypt.gensalt(4)).decode()
    other = base64.b64encode(hashlib.sha512(b"OTHER").digest()).decode()
    hashes = [other, hashed or slow]
    await imported(runtime, totp=BASE32, recovery_code_hashes=hashes)

    wrong = await second_step(api, "recovery_code", "ANOTHERCODE1")
    used = await second_step(api, "recovery_code", typed)
    again = await second_step(api, "recovery_code", typed)
    next_one = await second_step(api, "recovery_code", "OTHER")

    statuses = [each.status_code for each in (wrong, used, again, next_one)]
    assert statuses == [400, 200, 400, 200]
    mails = [mail["data"] for mail in await api.mails()]
    assert [data["left"] for data in mails if "left" in data] == [1, 0]


async def test_a_hash_of_no_known_form_is_refused(api: Api, runtime: Runtime) -> None:
    result = await imported(runtime, totp=BASE32, recovery_code_hashes=["plain"])

    assert result.refusal is not None
    assert result.refusal.startswith("recovery_code_hashes ")
    assert "plain" not in result.refusal


async def test_a_realm_export_of_keycloak_brings_factors_along(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    convert = converter(Format.KEYCLOAK, {})
    credentials = [keycloak_otp(RAW), keycloak_codes(KEYCLOAK_HASH)]
    fields = convert({"email": EMAIL, "credentials": credentials})

    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    entry = UserImport.model_validate(fields | {"password_hash": hashed})
    await UserImportService(runtime).store(entry)

    begun = (await api.login(EMAIL)).json()
    assert begun["factors"] == ["totp", "recovery_code"]
    used = await second_step(api, "recovery_code", KEYCLOAK_CODE)
    assert used.status_code == 200


@pytest.mark.parametrize("how", [{"algorithm": "MD5"}, {"hashIterations": 2}])
def test_recovery_codes_that_keycloak_hashed_otherwise_are_refused(
    how: dict[str, Any],
) -> None:
    convert = converter(Format.KEYCLOAK, {})
    account = {"email": EMAIL, "credentials": [keycloak_codes(KEYCLOAK_HASH, **how)]}

    with pytest.raises(AccountRefused):
        convert(account)


@pytest.mark.parametrize("other", ["digit", "counter"])
async def test_a_member_of_an_app_that_is_not_known_is_refused(
    runtime: Runtime, other: str
) -> None:
    """Who misspells the number of digits would have codes that never match."""
    result = await imported(runtime, totp={"secret": BASE32, other: 8})

    assert result.refusal is not None and "not known" in result.refusal
