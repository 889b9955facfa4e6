// Copies what stands in a field; without this script people select it there.
const place = document.querySelector("[data-copy]");
const field = document.getElementById(place.dataset.copy);
const button = place.querySelector("button");
const status = place.querySelector("[role=status]");
// A browser has no clipboard for pages that come without TLS.
place.hidden = !navigator.clipboard;
field.addEventListener("focus", () => field.select());
button.addEventListener("click", async () => {
  field.select();
  await navigator.clipboard.writeText(field.value);
  status.textContent = status.dataset.copied;
});
