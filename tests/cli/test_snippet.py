"""``client create --snippet``: what one pastes works as it stands."""

import ast
import json
import shlex

import pytest

from app.oauth.client_snippet import Library, Made, snippet
from tests.cli.test_cli import run
from tests.conftest import SECRET

URI = "http://localhost:3000/auth/callback"
HOSTILE = "x\"'`$(id)\\;{{1}}</script>"


@pytest.fixture
def _shell(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", '{"orders:read": "See orders"}')


def _snippet(library: Library, client_id: str = "shop") -> str:
    scope = "openid profile email address offline_access"
    if library is Library.MACHINE:
        return snippet(library, Made("http://a:8000", client_id, "s3", "", "x:y"))
    return snippet(library, Made("http://a:8000", client_id, "s3", URI, scope))


@pytest.mark.usefixtures("_shell", "runtime")
@pytest.mark.parametrize(
    ("library", "flags"),
    [
        ("flask", ("--redirect-uri", URI)),
        ("spa", ("--spa", "--redirect-uri", URI)),
        ("machine", ("--machine", "--scope", "orders:read")),
    ],
)
async def test_a_client_is_made_and_what_to_paste_is_printed(
    library: str, flags: tuple[str, ...]
) -> None:
    done = run("client", "create", "--name", "x", "--snippet", library, *flags)
    listed = json.loads(run("client", "list", "--json").stdout)

    assert done.exit_code == 0, done.output
    settings, _, code = done.stdout.partition("\n\n")
    told = dict(line.split("  ", 1) for line in settings.splitlines())
    values = {name: value.strip() for name, value in told.items()}
    assert values["issuer"] == "http://localhost:8000"
    assert [values["client_id"]] == [one["client_id"] for one in listed]
    assert ("client_secret" in values) is (library != "spa")
    assert values["client_id"] in code
    if library != "spa":
        assert values["client_secret"] in code


@pytest.mark.usefixtures("_shell", "runtime")
async def test_paste_and_json_do_not_go_together() -> None:
    done = run("client", "create", "--name", "x", "--json", "--snippet", "spa")

    assert done.exit_code != 0 and "--snippet" in done.output
    assert json.loads(run("client", "list", "--json").stdout) == []


@pytest.mark.parametrize("client_id", ["shop", HOSTILE])
@pytest.mark.parametrize("library", [Library.FLASK, Library.FASTAPI])
def test_python_reads_what_is_pasted(library: Library, client_id: str) -> None:
    code = _snippet(library, client_id).partition("\n\n")[2]

    tree = ast.parse(code)
    texts = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    assert client_id in texts and "s3" in texts
    assert "/auth/callback" in texts


@pytest.mark.parametrize("client_id", ["shop", HOSTILE])
@pytest.mark.parametrize("library", [Library.EXPRESS, Library.PASSPORT, Library.SPA])
def test_scripts_have_every_text_as_json_has_it(
    library: Library, client_id: str
) -> None:
    code = _snippet(library, client_id).partition("\n\n")[2]

    assert json.dumps(client_id) in code
    assert '"openid profile email"' in code
    assert "$" not in code.replace(json.dumps(client_id), "")


@pytest.mark.parametrize("client_id", ["shop", HOSTILE])
def test_an_app_on_a_phone_asks_for_scopes_one_by_one(client_id: str) -> None:
    code = _snippet(Library.NATIVE, client_id).partition("\n\n")[2]

    assert f"clientId: {json.dumps(client_id)}," in code
    assert 'scopes: ["openid", "profile", "email"],' in code


@pytest.mark.parametrize(
    ("library", "registered", "line"),
    [
        (Library.EXPRESS, "http://localhost:3000", "idpLogout: true,"),
        (Library.EXPRESS, "http://localhost:3000/", None),  # it sends its baseURL
        (Library.EXPRESS, "", None),
        (
            Library.SPA,
            "http://a.test/x",
            'post_logout_redirect_uri: "http://a.test/x",',
        ),
        (Library.SPA, "", None),
    ],
)
def test_signing_out_of_the_application_is_not_signing_in_again(
    library: Library, registered: str, line: str | None
) -> None:
    """Run with both in a browser: without it the next page signs in unasked."""
    made = Made("http://a:8000", "shop", "s3", URI, "openid", registered)
    code = snippet(library, made)

    wanted = '// sign-out here too: --post-logout-redirect-uri "http://localhost:3000"'
    assert f"\n  {line or wanted}\n" in code
    assert (wanted in code) is (line is None)


@pytest.mark.parametrize("client_id", ["shop", HOSTILE])
@pytest.mark.parametrize(
    ("library", "endpoint"),
    [
        (Library.DEVICE, "device_authorization"),
        (Library.MACHINE, "token"),
        (Library.API, "introspect"),
    ],
)
def test_a_shell_reads_one_word(
    library: Library, endpoint: str, client_id: str
) -> None:
    code = _snippet(library, client_id).partition("\n\n")[2]

    words = shlex.split(code.replace("\\\n", " "), comments=True)
    assert words[:3] == ["curl", "-s", f"http://a:8000/oauth2/{endpoint}"]
    assert f"client_id={client_id}" in words


@pytest.mark.usefixtures("_shell", "runtime")
@pytest.mark.parametrize("client_id", ["--help", "-x", "--json", HOSTILE])
async def test_an_identifier_that_looks_like_an_option_is_one(client_id: str) -> None:
    machine = ("--machine", "--scope", "orders:read", "--snippet", "machine")
    made = run("client", "create", "--name", "x", f"--client-id={client_id}", *machine)
    shown = run("client", "show", "--json", "--", client_id)

    assert made.exit_code == 0, made.output
    assert f"client_id      {client_id}\n" in made.stdout
    assert json.loads(shown.stdout)["client_id"] == client_id
