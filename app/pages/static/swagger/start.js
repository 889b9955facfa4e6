// Starts Swagger UI, and makes its Authorize button sign in. The document says the
// truth (a bearer token); only this page shows it as a form for address and password
// and sends what was typed to the service's own sign-in.
const BASE = new URL("../..", import.meta.url).pathname; // ends with a slash
const LOGIN = `${BASE}api/v1/auth/login`;

function asSignIn(document) {
  document.components.securitySchemes.bearer = {
    type: "oauth2",
    description: "Sign in with your address (as username) and password.",
    flows: { password: { tokenUrl: LOGIN, scopes: {} } },
  };
  return document;
}

function asJson(request) {
  const form = new URLSearchParams(request.body || "");
  if (new URL(request.url, location.href).pathname !== LOGIN || !form.has("username")) {
    return request;
  }
  request.url = LOGIN;
  request.headers = { "Content-Type": "application/json", Accept: "application/json" };
  request.body = JSON.stringify({
    email: form.get("username"),
    password: form.get("password"),
  });
  return request;
}

const answer = await fetch(`${BASE}openapi.json`);
window.SwaggerUIBundle({
  spec: asSignIn(await answer.json()),
  dom_id: "#swagger",
  deepLinking: true,
  requestInterceptor: asJson,
});
