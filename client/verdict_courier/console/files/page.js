// The page: looks at the jobs again and again, and shows them.

import { charts } from "./charts.js";
import { el } from "./dom.js";
import { Job } from "./job.js";
import { clock, counted } from "./format.js";

const shown = new Map();
const place = (id) => document.getElementById(id);
const hint = el("p", { class: "empty" }, "No jobs so far. Drop a file into the inbox, or: ./courier submit my.csv --type email");
let charted = "";

function show(seen) {
  const now = Date.now() / 1000;
  place("where").textContent = seen.where;
  const running = seen.jobs.filter((job) => !job.outcome).length;
  place("counts").textContent = `· ${counted(seen.jobs.length, "job")}, ${running} running`;
  // Only what changed is drawn anew: somebody may be reading a title of it.
  const said = JSON.stringify(seen.jobs);
  if (said !== charted || running) place("charts").replaceChildren(...charts(seen.jobs, now));
  charted = said;
  arrange(seen.jobs, now);
}

function arrange(jobs, now) {
  const list = place("jobs");
  const ids = new Set(jobs.map((job) => job.job_id));
  for (const id of shown.keys()) {
    if (!ids.has(id)) shown.delete(id);
  }
  const wanted = jobs.map((job) => {
    if (!shown.has(job.job_id)) shown.set(job.job_id, new Job());
    shown.get(job.job_id).show(job, now);
    return shown.get(job.job_id).element;
  });
  const order = wanted.length ? wanted : [hint];
  const same = order.length === list.children.length && order.every((one, n) => one === list.children[n]);
  if (!same) list.replaceChildren(...order);
}

function tell(text, trouble) {
  place("live").textContent = text;
  place("live").classList.toggle("trouble", trouble);
}

async function look() {
  let every = 2;
  try {
    const answer = await fetch("data");
    if (!answer.ok) throw new Error(answer.statusText);
    const seen = await answer.json();
    every = seen.every;
    show(seen);
    if (seen.trouble) tell(seen.trouble, true);
    else tell(`live · ${clock(new Date().toISOString())} UTC`, false);
  } catch {
    tell("The page's server does not answer; it ended with its stack.", true);
  }
  setTimeout(document.hidden ? wake : look, every * 1000);
}

// Nobody looks at a hidden page: it asks again when it is seen.
function wake() {
  if (!document.hidden) look();
  else document.addEventListener("visibilitychange", wake, { once: true });
}

look();
