// Crops a chosen picture to a square and shrinks it, as it will be seen: what a phone
// takes is megabytes. The form is sent as without this script; if the browser cannot
// read the file, it goes as it is, and the server says what is wrong with it.
const side = 512;
const input = document.querySelector("input[type=file]");
const preview = document.querySelector("[data-preview]");

async function square(file) {
  const whole = await createImageBitmap(file, { imageOrientation: "from-image" });
  const cut = Math.min(whole.width, whole.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(side, cut);
  const left = (whole.width - cut) / 2;
  const top = (whole.height - cut) / 2;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, left, top, cut, cut, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function encoded(canvas, type) {
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.9));
}

input.addEventListener("change", async () => {
  const [chosen] = input.files;
  if (!chosen) return;
  try {
    const canvas = await square(chosen);
    // A browser that cannot write WebP writes PNG instead.
    const blob = await encoded(canvas, "image/webp");
    if (input.files[0] !== chosen) return;
    const files = new DataTransfer();
    files.items.add(new File([blob], chosen.name, { type: blob.type }));
    input.files = files.files;
    canvas.className = "avatar";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", preview.dataset.preview);
    preview.replaceChildren(canvas);
  } catch {
    preview.replaceChildren();
  }
});
