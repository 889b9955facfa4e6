"""A web application whose people sign in with Auth Serve: FastAPI and Authlib.

Make the client (beside the service, in its folder and environment; in a checkout the
command is .venv/bin/auth-serve), then start:

    auth-serve client create --name Shop --redirect-uri http://localhost:3000/callback \
        --post-logout-redirect-uri http://localhost:3000/
    pip install fastapi uvicorn "authlib>=1.9.9,<2" httpx2 itsdangerous
    export ISSUER=http://localhost:8000 CLIENT_ID=client-... CLIENT_SECRET=as_cs_...
    export SESSION_SECRET=$(python -c "import secrets; print(secrets.token_hex(32))")
    uvicorn --app-dir examples/fastapi app:app --port 3000

Open http://localhost:3000/ (not 127.0.0.1: the redirect URI says localhost).
"""

import os
from html import escape

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

BASE_URL = os.environ.get("BASE_URL", "http://localhost:3000")  # as people see it

app = FastAPI()
app.add_middleware(
    SessionMiddleware,
    secret_key=os.environ["SESSION_SECRET"],
    # A name of its own: cookies of one host are shared by all of its ports.
    session_cookie="shop",
    https_only=BASE_URL.startswith("https:"),
)
oauth = OAuth()
oauth.register(
    "auth",
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
async def home(request: Request) -> HTMLResponse:
    """Show who is signed in."""
    person = request.session.get("person")
    if person is None:
        return HTMLResponse('<!doctype html><p><a href="/login">Sign in</a></p>')
    claims = "".join(
        f"<dt>{escape(name)}<dd>{escape(str(value))}" for name, value in person.items()
    )
    return HTMLResponse(
        f"<!doctype html><h1>Hello {escape(person.get('name') or person['email'])}</h1>"
        f"<dl>{claims}</dl>"
        '<form method="post" action="/logout"><button>Sign out</button></form>'
    )


@app.get("/login")
async def login(request: Request) -> Response:
    """Send the person to the service."""
    return await oauth.auth.authorize_redirect(request, BASE_URL + "/callback")


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Take the answer: Authlib checks state, PKCE, nonce and the ID token."""
    token = await oauth.auth.authorize_access_token(request)
    person = await oauth.auth.userinfo(token=token)  # the ID token has no name
    if person["sub"] != token["userinfo"]["sub"]:  # OpenID Connect Core, 5.3.2
        raise OAuthError("invalid_token", "userinfo is about somebody else")
    request.session.clear()
    request.session["person"] = dict(person)  # find your account by iss and sub
    request.session["id_token"] = token["id_token"]  # for signing out
    return RedirectResponse("/", 303)


@app.post("/logout")
async def logout(request: Request) -> Response:
    """Sign out here and at the service, which leads back."""
    id_token = request.session.get("id_token")
    request.session.clear()
    if id_token is None:
        return RedirectResponse("/", 303)
    return await oauth.auth.logout_redirect(
        request, BASE_URL + "/", id_token_hint=id_token
    )


@app.exception_handler(OAuthError)
async def refused(request: Request, error: OAuthError) -> HTMLResponse:
    """Say what was refused; who is signed in stays so: anybody can link here."""
    said = escape(f"{error.description or error.error} ({error.error})")
    return HTMLResponse(
        f"<!doctype html><h1>Signing in did not work</h1><p>{said}</p>"
        '<p><a href="/login">Try again</a> or <a href="/">go back</a></p>',
        403,
    )
