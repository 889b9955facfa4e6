"""Code to paste for a client: every text is one in its language."""

import ast
import json
import shlex

import pytest

from app.oauth.client_snippet import Library, Made, snippet

URI = "http://localhost:3000/auth/callback"
HOSTILE = "x\"'`$(id)\\;{{1}}</script>"


def _snippet(library: Library, client_id: str = "shop") -> str:
    scope = "openid profile email address offline_access"
    if library is Library.MACHINE:
        return snippet(library, Made("http://a:8000", client_id, "s3", "", "x:y"))
    return snippet(library, Made("http://a:8000", client_id, "s3", URI, scope))


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
