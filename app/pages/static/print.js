// Prints the page; without this script people do that in the menu of their browser.
const place = document.querySelector("[data-print]");
place.hidden = false;
place.querySelector("button").addEventListener("click", () => print());
