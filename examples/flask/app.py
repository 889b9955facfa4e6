"""A web application whose people sign in with Auth Serve: Flask and Authlib.

Make the client (beside the service, in its folder and environment; in a checkout the
command is .venv/bin/auth-serve), then start:

    auth-serve client create --name Shop --redirect-uri http://localhost:3000/callback \
        --post-logout-redirect-uri http://localhost:3000/
    pip install "flask>=3.1,<4" "authlib>=1.9.9,<2" "requests>=2.34,<3"
    export ISSUER=http://localhost:8000 CLIENT_ID=client-... CLIENT_SECRET=as_cs_...
    export SESSION_SECRET=$(python -c "import secrets; print(secrets.token_hex(32))")
    flask --app examples/flask/app.py run --port 3000

Open http://localhost:3000/ (not 127.0.0.1: the redirect URI says localhost).
"""

import os
from typing import Any

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, render_template_string, session

BASE_URL = os.environ.get("BASE_URL", "http://localhost:3000")  # as people see it

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
app.config.update(
    # A name of its own: cookies of one host are shared by all of its ports.
    SESSION_COOKIE_NAME="shop",
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=BASE_URL.startswith("https:"),
)
oauth = OAuth(app)
oauth.register(
    "auth",
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)

HOME = """<!doctype html><title>Shop</title>
{% if person %}
<h1>Hello {{ person.name or person.email }}</h1>
<dl>
{% for name, value in person.items() %}<dt>{{ name }}<dd>{{ value }}{% endfor %}
</dl>
<form method="post" action="/logout"><button>Sign out</button></form>
{% else %}
<p><a href="/login">Sign in</a></p>
{% endif %}"""

REFUSED = """<!doctype html><title>Not signed in</title>
<h1>Signing in did not work</h1>
<p>{{ error.description or error.error }} ({{ error.error }})</p>
<p><a href="/login">Try again</a> or <a href="/">go back</a></p>"""


@app.get("/")
def home() -> Any:
    """Show who is signed in."""
    return render_template_string(HOME, person=session.get("person"))


@app.get("/login")
def login() -> Any:
    """Send the person to the service."""
    return oauth.auth.authorize_redirect(BASE_URL + "/callback")


@app.get("/callback")
def callback() -> Any:
    """Take the answer: Authlib checks state, PKCE, nonce and the ID token."""
    token = oauth.auth.authorize_access_token()
    person = oauth.auth.userinfo(token=token)  # the ID token has no name and address
    if person["sub"] != token["userinfo"]["sub"]:  # OpenID Connect Core, 5.3.2
        raise OAuthError("invalid_token", "userinfo is about somebody else")
    session.clear()
    session["person"] = dict(person)  # find your own account by iss and sub together
    session["id_token"] = token["id_token"]  # for signing out
    return redirect("/", 303)


@app.post("/logout")
def logout() -> Any:
    """Sign out here and at the service, which leads back."""
    id_token = session.get("id_token")
    session.clear()
    if id_token is None:
        return redirect("/", 303)
    return oauth.auth.logout_redirect(BASE_URL + "/", id_token_hint=id_token)


@app.errorhandler(OAuthError)
def refused(error: OAuthError) -> Any:
    """Say what was refused; who is signed in stays so: anybody can link here."""
    return render_template_string(REFUSED, error=error), 403
