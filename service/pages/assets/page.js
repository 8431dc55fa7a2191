// What pages do beyond htmx. Everything works without it.
"use strict";

// A study that goes on is followed; the page is read anew when its state changes.
for (const followed of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(followed.dataset.events);
  let state = null;
  source.addEventListener("study", (event) => {
    const study = JSON.parse(event.data);
    if (state !== null && state !== study.state) { source.close(); location.reload(); return; }
    state = study.state;
    followed.querySelector("[data-share]").value = study.share;
    followed.querySelector("[data-step]").textContent = study.step;
  });
}

// A command is copied by a button where the browser can.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
}
