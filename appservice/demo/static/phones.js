// Keeps the phones up to date without a reload, and sends without leaving the page.
// Everything works without this file too, with a plain refresh.
"use strict";

const state = document.getElementById("state");

function say(words, look) {
  state.textContent = words;
  state.className = "state " + look;
}

// Only what changed is touched, so that a screen reader announces new messages alone.
function mergeMessages(now, next) {
  const known = new Map([...now.children].map((item) => [item.id, item]));
  const kept = new Set();
  for (const item of [...next.children]) {
    const old = known.get(item.id);
    kept.add(item.id);
    if (!old) {
      item.classList.add("fresh");
      now.append(item);
    } else if (shape(old) !== shape(item)) {
      old.replaceWith(item);
    }
  }
  for (const [id, item] of known) if (!kept.has(id)) item.remove();
}

function shape(item) {
  const copy = item.cloneNode(true);
  copy.classList.remove("fresh");
  return copy.outerHTML;
}

function mergeForm(section, fresh) {
  const now = section.querySelector("select");
  const next = fresh.querySelector("select");
  if (!now || !next) {
    // The number of conversations changed between none, one and several: take the new form.
    const [oldForm, newForm] = [section.querySelector("form"), fresh.querySelector("form")];
    const same = oldForm && newForm && !now && !next;
    const busy = oldForm && oldForm.querySelector("textarea").value;
    if (!same && !busy) {
      section.querySelector("form, .reading").replaceWith(fresh.querySelector("form, .reading"));
    }
    return;
  }
  if (now.innerHTML === next.innerHTML) return;
  const chosen = now.value;
  now.replaceChildren(...next.children);
  if ([...now.options].some((option) => option.value === chosen)) now.value = chosen;
}

async function refresh(id) {
  const section = document.getElementById(id);
  if (!section) {
    location.reload(); // a phone that was not there when the page was made
    return;
  }
  const answer = await fetch("/phones/" + encodeURIComponent(id));
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("section");
  const log = section.querySelector(".log");
  const atEnd = Math.abs(log.scrollTop) < 40;
  mergeMessages(section.querySelector("ol"), fresh.querySelector("ol"));
  mergeForm(section, fresh);
  if (atEnd) log.scrollTop = 0;
}

async function send(form) {
  const button = form.querySelector("button");
  const problem = form.querySelector(".problem");
  button.disabled = true;
  problem.hidden = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect" || answer.ok) {
      form.querySelector("textarea").value = "";
      const photo = form.querySelector("input[type=file]");
      if (photo) photo.value = "";
    } else {
      throw new Error(await answer.text());
    }
  } catch (error) {
    problem.textContent = error.message || "Le message n'est pas parti.";
    problem.hidden = false;
  } finally {
    button.disabled = false;
    form.querySelector("textarea").focus();
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.closest(".phone")) {
    event.preventDefault();
    send(event.target);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

const source = new EventSource("/live");
source.addEventListener("open", () => say("En direct", "live"));
source.addEventListener("error", () => say("Connexion perdue, nouvel essai…", "lost"));
source.addEventListener("phone", (event) => refresh(event.data));
