// Whose passkey it is: there is no account yet that would say so.
const form = document.querySelector("form[data-kind=create]");
form.elements.email.addEventListener("input", ({ target }) => {
  const options = JSON.parse(form.dataset.options);
  options.user.name = options.user.displayName = target.value;
  form.dataset.options = JSON.stringify(options);
});
