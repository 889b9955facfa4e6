"""What applications and operators see of keys in a token, and of one that is gone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jwt import PyJWK, decode, get_unverified_header

from app.services.server.signing_key import SigningKeyService
from tests.architecture.source import ROOT
from tests.conftest import SECRET
from tests.factories.oauth import ApplicationFactory
from tests.signing.softhsm import PIN, SoftHsm, with_softhsm
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

pytestmark = with_softhsm


@pytest.fixture
def options(hsm: SoftHsm) -> Iterator[dict[str, object]]:
    """Let all keys be made in a token."""
    token = {"key_store": "pkcs11"}
    oauth = {"id_token_algorithms": ["ES256", "RS256"]}
    yield {"pkcs11": hsm.settings, "token": token, "oauth": oauth}


@pytest.mark.parametrize("store_of_id_tokens", ["pkcs11", "database"])
async def test_id_and_access_tokens_are_signed_in_the_token_and_gone_means_503(
    protocol: Protocol,
    applications: ApplicationFactory,
    hsm: SoftHsm,
    clock: FakeClock,
    store_of_id_tokens: str,
) -> None:
    keys_of = SigningKeyService(protocol.runtime)
    await keys_of.rotate("RS256", store=store_of_id_tokens)
    clock.advance(days=2)
    await keys_of.load()
    app = await applications(id_token_signed_response_alg="RS256")
    person = await protocol.signed_in(app, "openid offline_access")
    published = (await protocol.http.get("/.well-known/jwks.json")).json()["keys"]
    keys = {each["kid"]: PyJWK(each) for each in published}
    for name in ("access_token", "id_token"):
        token = person.tokens[name]
        header = get_unverified_header(token)
        said = decode(
            token,
            keys[header["kid"]],
            algorithms=[header["alg"]],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
        )
        assert said["sub"] == str(person.user.id)
    code = await protocol.codes(app, person.user, "openid offline_access")

    hsm.unplug()
    refused = [await protocol.refresh(app, person.refresh_token) for _ in range(4)]
    early = await protocol.token(app, code.form)
    introspected = await protocol.introspect(app, person.access)
    ready = await protocol.http.get("/health/ready")
    hsm.plug()
    clock.advance(seconds=5)
    again = await protocol.refresh(app, person.refresh_token)
    late = await protocol.token(app, code.form)

    assert [each.status_code for each in refused] == [503] * 4
    assert all(int(each.headers["Retry-After"]) in range(1, 6) for each in refused)
    assert early.status_code == 503
    assert introspected.json()["active"] is True
    assert ready.json()["status"] == "degraded"
    assert ready.json()["checks"]["circuit:pkcs11"] == "open"
    assert again.status_code == 200
    assert late.status_code == 200, "a code is not used up for what cannot be signed"


async def test_a_key_that_another_process_made_signs_here(
    protocol: Protocol,
    applications: ApplicationFactory,
    hsm: SoftHsm,
    clock: FakeClock,
    database_url: str,
) -> None:
    made = key_command(hsm, database_url, "rotate", "ES256", "--json")
    listed = json.loads(made.stdout)
    await SigningKeyService(protocol.runtime).load()
    clock.advance(days=2)

    access = (await protocol.signed_in(await applications())).access

    header = get_unverified_header(access)
    [key] = [each for each in listed if each["kid"] == header["kid"]]
    assert key["store"] == "pkcs11"
    assert key["activates_at"] == max(each["activates_at"] for each in listed)
    assert header["alg"] == "ES256"


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_command_says_what_to_do_about_a_wrong_pin(
    hsm: SoftHsm, tmp_path: Path, engine: str
) -> None:
    database = f"{engine}:///{tmp_path / 'auth.db'}"
    pin = tmp_path / "pin"
    pin.write_text("0000\n")

    done = key_command(hsm, database, "rotate", "--store", "pkcs11", pin_file=pin)

    assert done.returncode == 3
    assert "the PIN is wrong; set AUTH_SERVE_PKCS11__PIN" in done.stderr
    assert "0000" not in done.stderr


def key_command(
    hsm: SoftHsm, database: str, *line: str, pin_file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``auth-serve key`` as an operator does, with the PIN in a file."""
    if pin_file is None:
        pin_file = Path(hsm.environment["SOFTHSM2_CONF"]).with_name("pin")
        pin_file.write_text(f"{PIN}\n")
    settings = {
        "DATABASE_URL": database,
        "SECRET_KEY": SECRET,
        "PKCS11__MODULE": hsm.settings["module"],
        "PKCS11__TOKEN": hsm.settings["token"],
        "PKCS11__PIN_FILE": str(pin_file),
        "TOKEN__KEY_STORE": "pkcs11",
        "OAUTH__ID_TOKEN_ALGORITHMS": "ES256,RS256",
    }
    given = {f"AUTH_SERVE_{name}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "key", *line],
        cwd=ROOT,
        env={"PATH": os.defpath, **hsm.environment, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
