const passwords = [...document.querySelectorAll("input[data-show]")];
for (const input of passwords) {
  const { show, hide } = input.dataset;
  const button = document.createElement("button");
  const turn = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? hide : show;
  };
  button.type = "button";
  button.className = "plain";
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => turn(input.type === "password"));
  input.form.addEventListener("submit", () => turn(false));
  input.after(button);
  turn(false);
}
// Once for each form, however many passwords it has.
for (const form of new Set(passwords.map((input) => input.form))) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}
