"""What one pastes into an application after ``client create``: settings and code."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import Any


class Library(StrEnum):
    """What the application is written with."""

    FLASK = "flask"
    FASTAPI = "fastapi"
    EXPRESS = "express"
    PASSPORT = "passport"
    SPA = "spa"
    NATIVE = "native"
    DEVICE = "device"
    MACHINE = "machine"
    API = "api"


_AUTHLIB = """\
oauth.register(
    "auth",
    server_metadata_url=$metadata,
    client_id=$client_id,
    client_secret=$client_secret,
    client_kwargs={"scope": $scope, "code_challenge_method": "S256"},
)


"""
_CODE: Mapping[Library, str] = {
    Library.FLASK: "# Authlib, with Flask\noauth = OAuth(app)\n"
    + _AUTHLIB
    + """\
@app.get("/login")
def login():
    return oauth.auth.authorize_redirect($redirect_uri)


@app.get($redirect_path)
def callback():
    token = oauth.auth.authorize_access_token()
    session["person"] = dict(oauth.auth.userinfo(token=token))
    return redirect("/")
""",
    Library.FASTAPI: "# Authlib, with FastAPI\noauth = OAuth()\n"
    + _AUTHLIB
    + """\
@app.get("/login")
async def login(request: Request):
    return await oauth.auth.authorize_redirect(request, $redirect_uri)


@app.get($redirect_path)
async def callback(request: Request):
    token = await oauth.auth.authorize_access_token(request)
    request.session["person"] = dict(await oauth.auth.userinfo(token=token))
    return RedirectResponse("/", 303)
""",
    Library.EXPRESS: """\
// express-openid-connect, Express 5
app.use(auth({
  issuerBaseURL: $issuer,
  baseURL: $origin,
  clientID: $client_id,
  clientSecret: $client_secret,
  secret: process.env.SESSION_SECRET, // 32 random characters
  $idp_logout
  routes: { callback: $redirect_path },
  authorizationParams: { response_type: "code", scope: $scope },
}));
""",
    Library.PASSPORT: """\
// passport-openidconnect
passport.use(new OpenIDConnectStrategy({
  issuer: $issuer,
  authorizationURL: $authorize,
  tokenURL: $token,
  userInfoURL: $userinfo,
  clientID: $client_id,
  clientSecret: $client_secret,
  callbackURL: $redirect_uri,
  scope: $scope,
  nonce: true,
  skipUserProfile: false, // or the profile is nothing but the id
}, (issuer, profile, done) => done(null, profile)));
""",
    Library.SPA: """\
// oidc-client-ts
const manager = new UserManager({
  authority: $issuer,
  client_id: $client_id,
  redirect_uri: $redirect_uri,
  $post_logout
  scope: $scope,
  loadUserInfo: true, // name and email address
});
""",
    Library.NATIVE: """\
// react-native-app-auth
const tokens = await authorize({
  issuer: $issuer,
  clientId: $client_id,
  redirectUrl: $redirect_uri,
  scopes: $scopes,
});
""",
    Library.DEVICE: """\
curl -s $device_shell \\
  --data-urlencode client_id=$client_id_shell -d scope=$scope_shell
# show user_code and verification_uri; then, every interval seconds:
curl -s $token_shell \\
  --data-urlencode client_id=$client_id_shell -d device_code=DEVICE_CODE \\
  -d grant_type=urn:ietf:params:oauth:grant-type:device_code
""",
    Library.MACHINE: """\
curl -s $token_shell \\
  --data-urlencode client_id=$client_id_shell \\
  --data-urlencode client_secret=$client_secret_shell \\
  -d grant_type=client_credentials
""",
    Library.API: """\
curl -s $introspect_shell \\
  --data-urlencode client_id=$client_id_shell \\
  --data-urlencode client_secret=$client_secret_shell \\
  -d token=ACCESS_TOKEN
""",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A client that was made just now."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    scope: str
    post_logout_redirect_uri: str = ""


def snippet(library: Library, made: Made) -> str:
    """Return the settings of a client, and code for a library that uses them."""
    settings = {
        "issuer": made.issuer,
        "client_id": made.client_id,
        "client_secret": made.secret,
        "redirect_uri": made.redirect_uri,
        "post_logout_redirect_uri": made.post_logout_redirect_uri,
        "scope": made.scope,
    }
    told = {name: value for name, value in settings.items() if value}
    width = max(map(len, told))
    lines = [f"{name:<{width}}  {value}" for name, value in told.items()]
    code = Template(_CODE[library]).substitute(_values(made))
    return "\n".join(lines) + "\n\n" + code


def _values(made: Made) -> dict[str, Any]:
    """Return what stands in the code, as the languages write a text.

    JSON's way to write one is JavaScript's and Python's too: an identifier of another
    product may have quotes in it.
    """
    origin, path = _parted(made.redirect_uri)
    texts = {
        "issuer": made.issuer,
        "metadata": f"{made.issuer}/.well-known/openid-configuration",
        "authorize": f"{made.issuer}/oauth2/authorize",
        "token": f"{made.issuer}/oauth2/token",
        "userinfo": f"{made.issuer}/oauth2/userinfo",
        "device": f"{made.issuer}/oauth2/device_authorization",
        "introspect": f"{made.issuer}/oauth2/introspect",
        "client_id": made.client_id,
        "client_secret": made.secret,
        "redirect_uri": made.redirect_uri,
        "redirect_path": path,
        "origin": origin,
        "scope": _asked(made.scope),
    }
    in_shell = {f"{name}_shell": shlex.quote(text) for name, text in texts.items()}
    quoted = {name: json.dumps(text) for name, text in texts.items()}
    quoted["scopes"] = json.dumps(texts["scope"].split())
    return quoted | in_shell | _ends(made.post_logout_redirect_uri, origin)


def _ends(registered: str, origin: str) -> dict[str, str]:
    """Return the lines that sign people out here too, or what they are missing.

    Without them an application signs people out of itself, and the next page that
    demands a sign-in brings them back without a question.
    """
    wanted = f"// sign-out here too: --post-logout-redirect-uri {json.dumps(origin)}"
    return {
        "idp_logout": "idpLogout: true," if registered == origin else wanted,
        "post_logout": (
            f"post_logout_redirect_uri: {json.dumps(registered)},"
            if registered
            else wanted
        ),
    }


def _parted(redirect_uri: str) -> tuple[str, str]:
    scheme, mark, rest = redirect_uri.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host, slash + path.partition("?")[0]


def _asked(registered: str) -> str:
    """Return what an application mostly asks for, of what it may ask for."""
    usual = [name for name in ("openid", "profile", "email") if name in registered]
    return " ".join(usual) or registered
