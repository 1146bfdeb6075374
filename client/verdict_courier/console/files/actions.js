// What can be done about a job: buttons, and a dialog that asks once more.

import { el } from "./dom.js";

const TEXTS = { approve: "Approve", check: "Check now", retry: "Retry", cancel: "Cancel", erase: "Erase" };
const DONE = {
  approve: "Approved: the job goes on.",
  retry: "Retried: the next attempt begins.",
  cancel: "Cancelled.",
  erase: "Erased.",
};
const dialog = document.getElementById("ask");
const question = document.getElementById("question");
const explanation = document.getElementById("explanation");
const yes = document.getElementById("yes");
const no = document.getElementById("no");

// The buttons of one job, and how the last action went.
export class Actions {
  constructor() {
    this.buttons = el("span", { class: "buttons" });
    this.result = el("span", { role: "status" });
    this.element = el("div", { class: "actions" }, this.buttons, this.result);
    this.shown = "";
  }

  // Replaces buttons only if others are offered: one may have the focus.
  show(job, title) {
    const json = JSON.stringify(job.actions);
    if (json === this.shown) return;
    this.shown = json;
    const buttons = (job.actions ?? []).map(({ name, asks }) => {
      const button = el("button", { type: "button", "aria-label": `${TEXTS[name]}, ${title}` }, TEXTS[name]);
      button.addEventListener("click", () => this.ask(job.job_id, name, asks, title));
      return button;
    });
    this.buttons.replaceChildren(...buttons);
  }

  async ask(jobId, name, asks, title) {
    if (asks && !(await confirmed(`${TEXTS[name]} ${title}?`, asks, `${TEXTS[name]} the job`))) return;
    this.result.textContent = "…";
    const { error, says } = await done(`jobs/${jobId}/${name}`);
    this.result.classList.toggle("trouble", Boolean(error));
    this.result.textContent = error ?? says ?? DONE[name];
    document.dispatchEvent(new Event("changed"));
  }
}

// Whether the reader says yes; Escape is a no.
function confirmed(asked, explained, verb) {
  question.textContent = asked;
  explanation.textContent = explained;
  yes.textContent = verb;
  dialog.returnValue = "";
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

yes.addEventListener("click", () => dialog.close("yes"));
no.addEventListener("click", () => dialog.close("no"));

// Asks the page's server to do it; the answer has an error if it is not done, and what
// there is to say of it otherwise.
async function done(path) {
  // The first part of the path is the page's key, which no other site knows.
  const key = window.location.pathname.split("/")[1];
  try {
    const response = await fetch(path, { method: "POST", headers: { "X-Courier-Key": key } });
    return response.ok ? await response.json() : { error: `The page's server refuses it (${response.status}).` };
  } catch {
    return { error: "The page's server does not answer." };
  }
}
