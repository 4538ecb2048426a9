/* What makes some pages livelier. Each of them is whole without it. */
"use strict";

const TYPING = 350; // milliseconds without a key before the server is asked
const EVERY = 3000; // milliseconds between two looks at something that moves

/* The server's answer, as a document: it is parsed, never run, and never built from text. */
function ask(method, address, body, take) {
  const request = new XMLHttpRequest();
  request.open(method, address);
  request.responseType = "document";
  request.addEventListener("load", () => {
    if (request.status === 200 && request.response) take(request.response);
  });
  request.send(body);
  return request;
}

/* Puts each part of the answer in the place of the one that stands there, if it says otherwise. */
function put(place, answer) {
  for (const part of answer.querySelectorAll("[data-part]")) {
    const old = place.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!old || (old.textContent === part.textContent && old.dataset.still === part.dataset.still)) continue;
    const held = old.contains(document.activeElement);
    const fresh = document.importNode(part, true);
    old.replaceWith(fresh);
    if (held) fresh.focus();
  }
}

/* A form that is judged while it is filled. */
for (const form of document.querySelectorAll("form[data-foresee]")) {
  const place = document.getElementById(form.dataset.into);
  const aloud = document.getElementById(form.dataset.aloud);
  let pause, asked;
  const foresee = () => {
    if (asked) asked.abort();
    asked = ask("POST", form.dataset.foresee, new URLSearchParams(new FormData(form)), (answer) => {
      put(place, answer);
      const said = place.querySelector("[data-aloud]");
      const words = said ? said.textContent.trim().replace(/\s+/g, " ") : "";
      if (aloud.textContent !== words) aloud.textContent = words;
    });
  };
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(foresee, TYPING);
  });
}

/* Something that moves, looked at until it stands still. */
for (const place of document.querySelectorAll("[data-follow]")) {
  const look = () => {
    if (place.querySelector("[data-still=yes]")) return;
    if (document.hidden) { setTimeout(look, EVERY); return; }
    const request = ask("GET", place.dataset.follow, null, (answer) => put(place, answer));
    request.addEventListener("loadend", () => {
      if (request.status === 200 && request.response.querySelector("[data-part]")) setTimeout(look, EVERY);
    });
  };
  setTimeout(look, EVERY);
}
