const { PublicKeyCredential: keys } = window;
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
// A challenge lives five minutes, and people read longer.
const FRESH = 240000;
const opened = Date.now();
const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

function request(json) {
  if (keys.parseRequestOptionsFromJSON) return keys.parseRequestOptionsFromJSON(json);
  const allowCredentials = known(json.allowCredentials);
  return { ...json, challenge: bytes(json.challenge), allowCredentials };
}

function creation(json) {
  if (keys.parseCreationOptionsFromJSON) return keys.parseCreationOptionsFromJSON(json);
  const user = { ...json.user, id: bytes(json.user.id) };
  const excludeCredentials = known(json.excludeCredentials);
  return { ...json, user, challenge: bytes(json.challenge), excludeCredentials };
}

function plain(credential) {
  const { id, type, authenticatorAttachment, response: from } = credential;
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (from[name]) response[name] = text(from[name]);
  if (from.getTransports) response.transports = from.getTransports();
  return { id, rawId: id, type, authenticatorAttachment, response };
}

function start(form) {
  const { dataset } = form;
  const { ask, kind, failed, elsewhere } = dataset;
  const says = form.querySelector("[role=status]");
  // Whoever was refused asks again: an authenticator that answers by itself would not stop.
  const offers = kind === "offer" && !document.querySelector("[role=alert]");
  let waiting = new AbortController();

  async function asked() {
    // A second step's challenge lives as long as the step: there is no other one.
    if (kind === "get" || (dataset.options && Date.now() - opened < FRESH))
      return JSON.parse(dataset.options);
    const body = dataset.options && new URLSearchParams(new FormData(form));
    body?.set("options", "new");
    return (await fetch(ask ?? form.action, { method: "POST", body })).json();
  }

  function send(answer) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "response", value: answer });
    form.append(field);
    form.submit();
  }

  async function go(mediation) {
    waiting.abort();
    const { signal } = (waiting = new AbortController());
    const json = await asked();
    // At set-up there is no account yet that would say whose it is.
    const typed = form.elements.email?.value;
    if (typed) json.user.name = json.user.displayName = typed;
    const credential =
      kind === "create"
        ? await navigator.credentials.create({ publicKey: creation(json), signal })
        : await navigator.credentials.get({ publicKey: request(json), signal, mediation });
    send(JSON.stringify(plain(credential)));
  }

  async function offer() {
    if (!(await keys.isConditionalMediationAvailable?.())) return;
    const again = setTimeout(offer, FRESH);
    form.addEventListener("submit", () => clearTimeout(again), { once: true });
    await go("conditional").catch(() => {});
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    says.textContent = "";
    go().catch(({ name }) => {
      // A page instead of a challenge says why there is none: show it.
      if (name === "SyntaxError") return send("");
      says.textContent = name === "SecurityError" ? elsewhere : failed;
      if (offers) offer();
    });
  });
  const button = form.querySelector("button[type=button]");
  button?.addEventListener("click", () => form.requestSubmit());
  if (offers) offer();
}

if (keys) {
  for (const form of document.querySelectorAll("form[data-kind]")) start(form);
  for (const { dataset } of document.querySelectorAll("[data-signals]")) {
    const told = JSON.parse(dataset.signals);
    const { rpId, userId, name, displayName, allAcceptedCredentialIds } = told;
    keys.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
    keys.signalCurrentUserDetails?.({ rpId, userId, name, displayName });
  }
}
