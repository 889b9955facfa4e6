// A web application whose people sign in with Auth Serve: Express and openid-client.
//
// Make the client (beside the service, in its folder and environment; in a checkout the
// command is .venv/bin/auth-serve), then start:
//
//   auth-serve client create --name Shop --redirect-uri http://localhost:3000/callback \
//     --post-logout-redirect-uri http://localhost:3000/
//   export ISSUER=http://localhost:8000 CLIENT_ID=client-... CLIENT_SECRET=as_cs_...
//   export SESSION_SECRET=$(openssl rand -hex 32)
//   cd examples/express && npm ci && npm start
//
// Open http://localhost:3000/ (not 127.0.0.1: the redirect URI says localhost).

import express from "express";
import session from "express-session";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET } = process.env;
const BASE_URL = process.env.BASE_URL ?? "http://localhost:3000"; // as people see it
const PORT = process.env.PORT ?? 3000;

const plain = ISSUER.startsWith("http:"); // development only
const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  client.ClientSecretBasic(CLIENT_SECRET),
  { execute: plain ? [client.allowInsecureRequests] : [] },
);

const app = express();
app.use(
  session({
    // A name of its own: cookies of one host are shared by all of its ports.
    name: "shop",
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: "lax", secure: BASE_URL.startsWith("https:") },
    // Sessions are in memory: give a store of your own in production.
  }),
);

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

app.get("/", (req, res) => {
  const { person } = req.session;
  if (!person) {
    res.send('<!doctype html><p><a href="/login">Sign in</a></p>');
    return;
  }
  const claims = Object.entries(person).map(
    ([name, value]) => `<dt>${escape(name)}<dd>${escape(value)}`,
  );
  res.send(
    `<!doctype html><h1>Hello ${escape(person.name ?? person.email)}</h1>
    <dl>${claims.join("")}</dl>
    <form method="post" action="/logout"><button>Sign out</button></form>`,
  );
});

app.get("/login", async (req, res) => {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  req.session.pending = { verifier, state, nonce };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: `${BASE_URL}/callback`,
    scope: "openid profile email",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  res.redirect(url.href);
});

app.get("/callback", async (req, res) => {
  const { verifier, state, nonce } = req.session.pending ?? {};
  delete req.session.pending; // an answer is taken once
  if (!state) throw new client.ClientError("no sign-in was begun in this browser");
  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(req.originalUrl, BASE_URL),
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
  );
  const { sub } = tokens.claims(); // the ID token; name and address are at userinfo
  const person = await client.fetchUserInfo(config, tokens.access_token, sub);
  await new Promise((done, failed) =>
    req.session.regenerate((error) => (error ? failed(error) : done())),
  );
  req.session.person = person; // find your own account by issuer and sub together
  req.session.idToken = tokens.id_token; // for signing out
  res.redirect(303, "/");
});

app.post("/logout", (req, res, next) => {
  const { idToken } = req.session;
  req.session.destroy((error) => {
    if (error) return next(error);
    if (!idToken) return res.redirect(303, "/");
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: `${BASE_URL}/`,
    });
    res.redirect(303, url.href);
  });
});

// The person did not agree, or the answer is not ours: a page, not a stack trace.
app.use((error, req, res, next) => {
  const isRefusal =
    error instanceof client.AuthorizationResponseError ||
    error instanceof client.ResponseBodyError ||
    error instanceof client.ClientError;
  if (!isRefusal) return next(error);
  const said = error.error_description ?? error.message;
  const name = error.error ?? error.code ?? "invalid_request";
  res.status(403).send(
    `<!doctype html><h1>Signing in did not work</h1>
    <p>${escape(said)} (${escape(name)})</p>
    <p><a href="/login">Try again</a> or <a href="/">go back</a></p>`,
  );
});

app.listen(PORT, () => console.log(`open ${BASE_URL}/`));
