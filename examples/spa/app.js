// Signs people in with Auth Serve by the authorization code and PKCE; see README.md.

const { issuer, clientId } = document.documentElement.dataset;
const home = location.origin + location.pathname; // the redirect URI, as registered
const element = (id) => document.getElementById(id);
let server; // what the service publishes about itself
let tokens; // in memory: what is stored, any script of this origin can read

async function discover() {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
  const found = await answer.json();
  if (found.issuer !== issuer) throw new Error(`the issuer is ${found.issuer}`);
  return found;
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function signIn() {
  server ??= await discover();
  const pending = { state: random(), verifier: random(), nonce: random() };
  sessionStorage.setItem("pending", JSON.stringify(pending));
  const bytes = new TextEncoder().encode(pending.verifier);
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: home,
    scope: "openid profile email",
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(await crypto.subtle.digest("SHA-256", bytes)),
    code_challenge_method: "S256",
  });
  location.assign(url);
}

/** Take the answer in the address, once; it does not stay there. */
async function takeAnswer(answer) {
  const pending = JSON.parse(sessionStorage.getItem("pending") ?? "{}");
  sessionStorage.removeItem("pending");
  history.replaceState(null, "", home);
  if (!pending.state || answer.get("state") !== pending.state)
    throw new Error("this answer was not asked for here");
  if (answer.get("iss") !== issuer) throw new Error("another server answered"); // RFC 9207
  if (answer.has("error"))
    throw new Error(`${answer.get("error_description")} (${answer.get("error")})`);
  await fetchTokens({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: home,
    code_verifier: pending.verifier,
  });
  const { iss, aud, nonce } = claims();
  if (iss !== issuer || aud !== clientId || nonce !== pending.nonce)
    throw new Error("the ID token is not for this sign-in");
}

async function fetchTokens(form) {
  const body = new URLSearchParams({ ...form, client_id: clientId });
  const answer = await fetch(server.token_endpoint, { method: "POST", body });
  const found = await answer.json();
  if (!answer.ok) throw new Error(`${found.error_description} (${found.error})`);
  const endsAt = Date.now() + found.expires_in * 1000;
  tokens = { ...tokens, ...found, endsAt }; // each refresh brings a new refresh token
}

/** The ID token came from the service itself, by TLS: OpenID Connect Core, 3.1.3.7. */
function claims() {
  const text = tokens.id_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

let refreshing; // one at a time
async function accessToken() {
  if (Date.now() > tokens.endsAt - 30_000) {
    refreshing ??= fetchTokens({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
    }).finally(() => (refreshing = undefined));
    await refreshing;
  }
  return tokens.access_token;
}

/** Call an API in the person's name: userinfo here, yours just so. */
async function fetchPerson() {
  const headers = { Authorization: `Bearer ${await accessToken()}` };
  const answer = await fetch(server.userinfo_endpoint, { headers });
  if (!answer.ok) throw new Error(`userinfo answered ${answer.status}`);
  const person = await answer.json();
  if (person.sub !== claims().sub) throw new Error("userinfo is about somebody else");
  return person;
}

async function signOut() {
  const url = new URL(server.end_session_endpoint);
  url.search = new URLSearchParams({
    id_token_hint: tokens.id_token,
    client_id: clientId,
    post_logout_redirect_uri: home,
  });
  tokens = undefined;
  location.assign(url);
}

function show(title, { person, message = "" } = {}) {
  element("title").textContent = title;
  element("message").textContent = message;
  element("person").textContent = person ? JSON.stringify(person, null, 2) : "";
  element("sign-in").hidden = Boolean(tokens);
  element("look").hidden = element("sign-out").hidden = !tokens;
}

async function look() {
  const person = await fetchPerson();
  show(`Hello ${person.name ?? person.email}`, { person });
}

/** Do what a button is for, and say why when that fails. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    tokens = undefined;
    show("You are not signed in", { message: error.message });
  }
}

element("sign-in").onclick = () => attempt(signIn);
element("look").onclick = () => attempt(look);
element("sign-out").onclick = () => attempt(signOut);
await attempt(async () => {
  server = await discover();
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return show("Board");
  await takeAnswer(answer);
  await look();
});
