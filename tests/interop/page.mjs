// A tab of a browser that is just enough for examples/spa: told what to do by a line of
// JSON, it answers with a line of what is to be seen. Scripts and requests are real, and
// answers from another origin are kept from the page unless CORS allows them.
import { createInterface } from "node:readline";

const real = globalThis.fetch;
const stored = new Map();
let address, elements, leftFor, requests, ahead = 0, opened = 0;

async function allowed(url, options) {
  const origin = address.origin;
  if (new URL(url).origin === origin) return real(url, options);
  const asked = Object.keys(options?.headers ?? {}).join(",").toLowerCase();
  if (asked) {
    const headers = {
      Origin: origin,
      "Access-Control-Request-Method": options.method ?? "GET",
      "Access-Control-Request-Headers": asked,
    };
    const told = await real(url, { method: "OPTIONS", headers });
    const names = told.headers.get("access-control-allow-headers") ?? "";
    if (!told.ok || !names.toLowerCase().includes(asked))
      throw new TypeError("NetworkError: preflight");
  }
  const headers = { ...options?.headers, Origin: origin };
  const answer = await real(url, { ...options, headers });
  const open = answer.headers.get("access-control-allow-origin");
  if (open !== "*" && open !== origin) throw new TypeError("NetworkError: CORS");
  return answer;
}

globalThis.fetch = (url, options) => {
  requests.push(new URLSearchParams(options?.body).get("grant_type") ?? url);
  return allowed(url, options);
};
globalThis.location = {
  get origin() { return address.origin; },
  get pathname() { return address.pathname; },
  get search() { return address.search; },
  assign(url) { leftFor = String(url); },
};
globalThis.history = { replaceState(_, __, url) { address = new URL(url, address); } };
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, String(value)),
  removeItem: (name) => stored.delete(name),
};
const now = Date.now;
Date.now = () => now() + ahead;

async function open(url) {
  address = new URL(url);
  const html = await (await real(url)).text();
  const dataset = {};
  for (const [, name, value] of html.matchAll(/ data-([\w-]+)="([^"]*)"/g))
    dataset[name.replace(/-(\w)/g, (_, sign) => sign.toUpperCase())] = value;
  elements = {};
  for (const [, id, rest] of html.matchAll(/ id="([\w-]+)"([^>]*)>/g))
    elements[id] = { hidden: / hidden\b/.test(rest), textContent: "" };
  globalThis.document = {
    documentElement: { dataset },
    getElementById: (id) => elements[id],
  };
  const [, source] = html.match(/<script type="module" src="([^"]+)">/);
  const script = await real(new URL(source, address));
  if (!script.headers.get("content-type").includes("javascript"))
    throw new TypeError("a module has to be served as one");
  const code = `${await script.text()}\n// ${opened++}`; // else it runs once only
  await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const todo = JSON.parse(line);
  leftFor = "";
  requests = [];
  ahead += 1000 * (todo.later ?? 0);
  if (todo.open) await open(todo.open);
  if (todo.press && elements[todo.press].hidden) throw new Error("no such button");
  if (todo.press) await elements[todo.press].onclick();
  const texts = Object.values(elements).map((one) => one.textContent);
  const buttons = Object.keys(elements).filter((id) => elements[id].onclick);
  const seen = buttons.filter((id) => !elements[id].hidden);
  const kept = [...stored.keys()];
  const text = texts.join("\n");
  console.log(JSON.stringify({ url: address.href, text, leftFor, requests, seen, kept }));
}
