for (const input of document.querySelectorAll("input[data-show]")) {
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
  input.form.addEventListener("submit", (event) => {
    turn(false);
    if (input.form.dataset.sent) event.preventDefault();
    input.form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => delete input.form.dataset.sent);
  input.after(button);
  turn(false);
}
