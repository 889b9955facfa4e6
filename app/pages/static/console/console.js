// The console by keyboard: the palette (Ctrl-K, Cmd-K), "/" for the search of a page,
// and one tick for all rows of a list. Each page does without any of it.
const palette = document.getElementById("palette");
const input = palette.querySelector("input");
// The service may live under a path of its host, and the form's address knows it.
const search = new URL(palette.querySelector("form").action);
const base = search.pathname.replace(/\/admin\/palette$/, "");
const list = document.getElementById("palette-list");
const count = document.getElementById("palette-count");
const SLOW = 150; // milliseconds without a key before anything is asked
let timer = 0;
let asked = new AbortController();
let chosen = -1;
let answered = null; // the text that the list is for

const options = () => [...list.querySelectorAll('[role="option"]')];

function choose(at) {
  const all = options();
  chosen = all.length ? (at + all.length) % all.length : -1;
  all.forEach((option, index) => {
    option.setAttribute("aria-selected", String(index === chosen));
  });
  if (chosen < 0) {
    input.removeAttribute("aria-activedescendant");
  } else {
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }
}

function element(tag, role, text) {
  const made = document.createElement(tag);
  if (role) made.setAttribute("role", role);
  made.textContent = text;
  return made;
}

function show(entries) {
  const groups = new Map();
  entries.forEach((entry, index) => {
    if (!groups.has(entry.kind)) {
      const group = element("div", "group", "");
      group.setAttribute("aria-label", entry.kind);
      group.append(element("p", "presentation", entry.kind));
      groups.set(entry.kind, group);
    }
    const option = element("div", "option", "");
    option.id = `palette-option-${index}`;
    option.dataset.to = `${base}${entry.to}`;
    option.append(element("bdi", "", entry.text));
    if (entry.hint) {
      const hint = element("bdi", "", entry.hint);
      hint.className = "hint";
      option.append(" ", hint);
    }
    groups.get(entry.kind).append(option);
  });
  list.replaceChildren(...groups.values());
  list.hidden = !entries.length;
  input.setAttribute("aria-expanded", String(entries.length > 0));
  count.textContent = entries.length ? "" : count.dataset.none;
  choose(0);
}

async function ask() {
  asked.abort();
  asked = new AbortController();
  const text = input.value;
  const address = `${search.pathname}?q=${encodeURIComponent(text)}`;
  const headers = { Accept: "application/json" };
  try {
    const answer = await fetch(address, { headers, signal: asked.signal });
    // Signed out meanwhile: the page itself leads to where one signs in.
    if (answer.redirected || !answer.ok) location.reload();
    else {
      show(await answer.json());
      answered = text;
    }
  } catch (error) {
    if (error.name !== "AbortError") show([]);
  }
}

function open() {
  if (palette.open) return;
  palette.showModal();
  input.select();
  ask();
}

function follow(option) {
  if (option) location.assign(option.dataset.to);
}

input.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, SLOW);
});
input.addEventListener("keydown", async (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    choose(chosen + step);
  } else if (event.key === "Enter") {
    event.preventDefault();
    clearTimeout(timer);
    if (answered !== input.value) await ask(); // typed faster than it was found
    follow(options()[chosen]);
  }
});
list.addEventListener("click", (event) => {
  follow(event.target.closest('[role="option"]'));
});
palette.addEventListener("click", (event) => {
  if (event.target === palette) palette.close();
});
for (const link of document.querySelectorAll("[data-palette]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    open();
  });
}

const isTyping = (target) => target.closest("input, textarea, select, dialog");

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  } else if (event.key === "/" && !isTyping(event.target)) {
    const search = document.querySelector('main input[type="search"]');
    if (search) {
      event.preventDefault();
      search.focus();
    } else {
      event.preventDefault();
      open();
    }
  }
});

// What is of no use without this script.
function reveal() {
  for (const each of document.querySelectorAll("[data-script]")) each.hidden = false;
}
reveal();
document.addEventListener("htmx:after:swap", reveal);

// What was copied is said beside the button, for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const place = button.closest("[data-copyable]");
  const code = place.querySelector("code");
  const said = place.querySelector("[data-copied]");
  try {
    await navigator.clipboard.writeText(code.textContent);
    said.textContent = said.dataset.copied;
    setTimeout(() => said.replaceChildren(), 2000);
  } catch {
    // Not from a page without https, or not allowed: ready for Ctrl-C at least.
    getSelection().selectAllChildren(code);
  }
});

// Delegated: htmx puts other rows in their place.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-tick-all]")) return;
  const rows = event.target.closest("form").querySelectorAll("[data-tick]");
  for (const row of rows) row.checked = event.target.checked;
});
