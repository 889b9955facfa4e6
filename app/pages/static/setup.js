// What was typed for one way stands in the field of the other as well.
{
  const other = document.querySelector("details");
  const [first, second] = document.querySelectorAll("[name=email]");
  other.addEventListener("toggle", () => {
    const [from, to] = other.open ? [first, second] : [second, first];
    to.value = from.value || to.value;
  });
}
