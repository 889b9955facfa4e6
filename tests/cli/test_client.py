"""``python -m app.cli client``: applications, from the shell."""

import json

import pytest

from app.oauth.clients.exchange import ExchangePolicy
from app.oauth.clients.secrets import find_secret
from app.services.clients.registration import OAuthRegistrationService
from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.oauth import ApplicationFactory
from tests.support.chance import FakeClock

REDIRECT = ("--redirect-uri", "https://shop.example/cb")


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"registration": "token"}}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", '{"orders:read": "See orders"}')


async def test_a_client_is_made_shown_rotated_and_deleted(
    runtime: Runtime, clock: FakeClock
) -> None:
    made = run("client", "create", "--name", "Shop", *REDIRECT, "--client-id", "shop")
    again = run("client", "create", "--name", "Shop", *REDIRECT, "--client-id", "shop")
    rotated = run("client", "secret", "rotate", "shop", "--json")
    shown = json.loads(run("client", "show", "shop", "--json").stdout)
    listed = run("client", "list").stdout
    client = await runtime.clients.by_client_id("shop")
    deleted = run("client", "delete", "shop", "--yes")
    gone = run("client", "show", "shop")

    assert made.exit_code == 0, made.output
    lines = dict(line.split(None, 1) for line in made.stdout.splitlines())
    assert lines["client_id"] == "shop"
    assert lines["grant_types"] == '["authorization_code", "refresh_token"]'
    assert again.exit_code != 0 and "exists" in again.output
    assert client is not None and len(client.secrets) == 2
    assert find_secret(lines["client_secret"], client.secrets)
    new = json.loads(rotated.stdout)["client_secret"]
    assert find_secret(new, client.secrets)
    assert len(shown["secrets"]) == 2 and "as_cs_" not in json.dumps(shown)
    assert listed == "shop  active  Shop\n"
    assert deleted.exit_code == 0, deleted.output
    assert gone.exit_code != 0 and "no such client" in gone.output


async def test_each_kind_of_application_gets_what_it_needs(runtime: Runtime) -> None:
    kinds = {
        "web": ((), "client_secret_basic", "web", "authorization_code refresh_token"),
        "spa": (("--spa",), "none", "web", "authorization_code refresh_token"),
        "app": (("--native",), "none", "native", "authorization_code refresh_token"),
        "bot": (("--machine",), "client_secret_basic", "web", "client_credentials"),
        "api": (
            ("--resource-server",),
            "client_secret_basic",
            "web",
            "client_credentials",
        ),
    }

    aimless = run("client", "create", "--name", "bot", "--machine")
    assert aimless.exit_code == 1 and "AUTH_SERVE_OAUTH__SCOPES" in aimless.output
    for name, (flags, method, kind, grants) in kinds.items():
        scope = ("--scope", "orders:read") if name == "bot" else ()
        uris = () if name in ("bot", "api") else REDIRECT
        done = run("client", "create", "--name", name, "--json", *flags, *uris, *scope)

        assert done.exit_code == 0, done.output
        made = json.loads(done.stdout)
        assert made["token_endpoint_auth_method"] == method
        assert made["application_type"] == kind
        assert made["grant_types"] == grants.split()
        assert ("client_secret" in made) == (method != "none")


async def test_the_administrators_choices_and_more_metadata_are_taken(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_OAUTH__PREVIEW_HOSTS", "preview.example.com")
    pattern = "https://*.preview.example.com/cb"
    more = '{"policy_uri": "https://shop.example/policy"}'
    done = run(
        *("client", "create", "--name", "Shop", *REDIRECT, "--client-id", "shop"),
        *("--first-party", "--resource-server", "--audience", "https://api.example"),
        *("--scope", "openid email", "--metadata", more),
        *("--post-logout-redirect-uri", "https://shop.example/bye"),
        *("--minimum-acr", "aal2", "--redirect-uri-pattern", pattern),
    )

    assert done.exit_code == 0, done.output
    shown = json.loads(run("client", "show", "shop", "--json").stdout)
    assert shown["redirect_uri_patterns"] == [pattern]
    client = await runtime.clients.by_client_id("shop")
    assert client is not None and client.is_first_party and client.is_resource_server
    assert (client.audience, client.minimum_acr) == ("https://api.example", "aal2")
    assert client.scope == {"openid", "email"}
    assert client.links == {"policy_uri": "https://shop.example/policy"}
    assert client.post_logout_redirect_uris == ("https://shop.example/bye",)


async def test_an_initial_access_token_registers_until_it_is_revoked(
    runtime: Runtime,
) -> None:
    first = run("client", "registration-token", "--ttl", "3600").stdout.strip()
    second = run("client", "registration-token").stdout.strip()

    async def holds(token: str) -> bool:
        async with runtime.unit_of_work(read_only=True) as uow:
            found = runtime.secret_key.read_one_time_token("client_registration", token)
            assert found is not None
            tokens, now = uow.one_time_tokens, uow.clock.now()
            return await tokens.peek(found, "client_registration", now) is not None

    fresh = [await holds(first), await holds(second)]
    revoked = run("client", "registration-token", "--revoke", first)
    again = run("client", "registration-token", "--revoke", first)
    after = [await holds(first), await holds(second)]
    run("client", "registration-token", "--revoke-all", "--yes")

    assert fresh == [True, True]
    assert revoked.exit_code == 0 and again.exit_code != 0
    assert after == [False, True]
    assert not await holds(second)


class TestRefusals:
    """One database is enough: what is refused was never stored."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (
                ("--redirect-uri", "http://shop.example/"),
                "redirect_uris must use https",
            ),
            (
                (*REDIRECT, "--spa", "--machine"),
                "--spa and --machine do not go together",
            ),
            ((*REDIRECT, "--metadata", "[]"), "--metadata must be a JSON object"),
            (
                (*REDIRECT, "--metadata", '{"minimum_acr": "aal2"}'),
                "minimum_acr is no metadata: use --minimum-acr",
            ),
            ((*REDIRECT, "--client-id", "a b"), "client_id must be"),
            (
                ("--machine", "--scope", "reports:write"),
                "scope has what is not offered: reports:write; it may have orders:read",
            ),
            (
                (*REDIRECT, "--scope", "reports:write"),
                "scope has what is not offered: reports:write; it may have openid, ",
            ),
        ],
    )
    def test_what_is_not_acceptable_ends_with_one_line(
        self, arguments: tuple[str, ...], said: str
    ) -> None:
        done = run("client", "create", "--name", "Shop", *arguments)

        assert done.exit_code in (1, 2)
        [line] = done.output.splitlines()
        assert line.startswith("auth-serve: ") and said in line


async def test_clients_that_registered_themselves_are_approved_by_name(
    runtime: Runtime, applications: ApplicationFactory
) -> None:
    strange = {"is_self_registered": True, "vouched_by": "nobody"}
    ids = [(await applications(columns=strange)).client_id for _ in range(2)]

    async def vouched() -> list[bool]:
        found = [await runtime.clients.by_client_id(each) for each in ids]
        for each in ids:
            runtime.clients.forget(each)
        return [client is not None and client.is_vouched_for for client in found]

    before, first = await vouched(), run("client", "show", ids[0], "--json")
    done = run("client", "approve", *ids)
    after = await vouched()
    unknown = run("client", "approve", "nobody-there")
    run("client", "approve", ids[1], "--revoke")

    assert json.loads(first.stdout)["vouched_by"] == "nobody"
    assert done.exit_code == 0 and done.stdout.count("administrator") == 2, done.output
    assert (before, after) == ([False, False], [True, True])
    assert await vouched() == [True, False]
    assert unknown.exit_code != 0 and "no such client" in unknown.output


async def test_a_token_says_whether_its_clients_are_vouched_for(
    runtime: Runtime,
) -> None:
    tokens = [
        run("client", "registration-token", *option).stdout.strip()
        for option in ((), ("--no-vouching",))
    ]

    async def voucher(token: str) -> str | None:
        async with runtime.unit_of_work() as uow:
            return await OAuthRegistrationService(uow, runtime).admit(token)

    assert [await voucher(token) for token in tokens] == [
        "registration_token",
        "nobody",
    ]


@pytest.mark.parametrize("odd", ["--help", "-x", "--", "-"])
async def test_an_identifier_may_look_like_an_option(
    runtime: Runtime, odd: str
) -> None:
    """Other products make them: base64url begins with ``-`` once in 64 times."""
    made = run("client", "create", "--name", "Odd", f"--client-id={odd}", *REDIRECT)
    shown = run("client", "show", "--json", "--", odd)
    rotated = run("client", "secret", "rotate", "--json", "--", odd)
    bare = run("client", "show", odd)
    deleted = run("client", "delete", "--yes", "--", odd)

    assert made.exit_code == 0, made.output
    assert json.loads(shown.stdout)["client_id"] == odd
    assert json.loads(rotated.stdout)["client_id"] == odd
    assert bare.exit_code in (0, 2)  # help, or a refusal; never another client
    assert deleted.exit_code == 0, deleted.output
    assert await runtime.clients.by_client_id(odd) is None


async def test_the_look_of_a_client_is_given_and_taken(runtime: Runtime) -> None:
    run("client", "create", "--name", "Shop", *REDIRECT, "--client-id", "shop")
    plum = {"accent": "#7a1f5c"}

    faint = run("client", "theme", "shop", "--accent", "#ffcc00")
    given = run("client", "theme", "shop", "--accent", "#7a1f5c", "--json")
    shown = json.loads(run("client", "show", "shop", "--json").stdout)
    taken = run("client", "theme", "shop", "--json")

    assert faint.exit_code == 1 and "contrast of 1.4:1" in faint.output
    assert json.loads(given.stdout) == {"client_id": "shop", "theme": plum}
    assert shown["theme"] == plum
    assert json.loads(taken.stdout)["theme"] is None


async def test_whose_tokens_a_client_may_exchange_is_said_and_taken_back(
    runtime: Runtime,
) -> None:
    """RFC 8693 §5: nobody's, unless an administrator says so."""
    for name in ("gate", "web"):
        run("client", "create", "--name", name, *REDIRECT, "--client-id", name)
    unknown = run("client", "token-exchange", "gate", "--of", "wbe")
    said = run("client", "token-exchange", "gate", "--of", "web", "--json")
    client = await runtime.clients.by_client_id("gate")
    runtime.clients.forget("gate")
    run("client", "token-exchange", "gate")
    after = await runtime.clients.by_client_id("gate")

    policy = {"clients": ["web"], "impersonation": False}
    assert unknown.exit_code == 1 and "wbe, which is no client here" in unknown.output
    assert json.loads(said.stdout) == {"client_id": "gate", "token_exchange": policy}
    assert client is not None and after is not None
    assert client.exchange == ExchangePolicy(("web",)) and after.exchange is None
