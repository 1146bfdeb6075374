// The list of jobs: requests a page of them repeatedly, and shows it.

import { charts } from "./charts.js";
import { el } from "./dom.js";
import { count, timeOfDay } from "./format.js";
import { JobView } from "./job.js";

const views = new Map();
const byId = (id) => document.getElementById(id);
const OUTCOME = byId("outcome");
const PROVIDER = byId("provider");
const TEXT = byId("text");
const noJobs = el("p", { class: "empty" }, "No jobs so far. Drop a file into the inbox, or: ./courier submit my.csv --type email");
const noneFits = el("p", { class: "empty" }, "No job fits.");
// The API's cursor of a page with older jobs, and the number of the first of them.
const parameters = new URLSearchParams(window.location.search);
const AFTER = parameters.get("after");
const FROM = (AFTER && Number.parseInt(parameters.get("from"), 10)) || 1;
let charted = "";
let newest = null;
let isAskedShown = false;
let waiting;

function show(data) {
  const now = Date.now() / 1000;
  byId("stack").textContent = data.stack;
  const running = data.jobs.filter((job) => !job.outcome).length;
  byId("counts").textContent = `· ${whichJobs(data)}, ${running} running`;
  showPages(data);
  // Charts are redrawn only for a change: a reader may have a title of one open.
  const json = JSON.stringify(data.jobs);
  if (json !== charted || running) byId("charts").replaceChildren(...charts(data.jobs, now));
  charted = json;
  newest = data;
  offerProviders(data.jobs);
  showJobs(data.jobs.filter(fits), now, data.jobs.length);
  showAsked();
}

// For example "newest 50 of 209", or of a page with older ones "jobs 51 to 100 of 209".
function whichJobs({ listed, next, count: all }) {
  const number = Math.max(all.number, FROM - 1 + listed);
  const sum = all.is_whole || number === 0 ? number.toLocaleString("en") : `more than ${number.toLocaleString("en")}`;
  if (FROM > 1) return `jobs ${FROM} to ${FROM - 1 + listed} of ${sum}`;
  return next ? `newest ${listed} of ${sum}` : count(listed, "job");
}

// Links to the newest jobs and to older ones, where there are any.
function showPages({ listed, next }) {
  const older = next ? `?after=${next}&from=${FROM + listed}` : null;
  if (byId("pages").dataset.older === String(older)) return;
  byId("pages").dataset.older = String(older);
  byId("pages").replaceChildren(
    ...(AFTER ? [el("a", { href: "./" }, "Newest jobs")] : []),
    ...(older ? [el("a", { href: older }, "Older jobs")] : []),
  );
}

function fits(job) {
  const words = [job.name, job.label, job.job_id, job.type, job.provider_ref, job.error?.name];
  return (
    (!OUTCOME.value || (job.outcome ?? "running") === OUTCOME.value) &&
    (!PROVIDER.value || job.provider === PROVIDER.value) &&
    words.some((word) => String(word ?? "").toLowerCase().includes(TEXT.value.trim().toLowerCase()))
  );
}

function offerProviders(jobs) {
  const offered = new Set([...PROVIDER.options].map((option) => option.value));
  for (const name of new Set(jobs.map((job) => job.provider))) {
    if (!offered.has(name)) PROVIDER.append(el("option", {}, name));
  }
}

// The address may name a job behind a #, as that of `courier open` does.
function showAsked() {
  const asked = views.get(window.location.hash.slice(1));
  if (!asked || isAskedShown) return;
  asked.element.classList.add("asked");
  asked.element.scrollIntoView();
  isAskedShown = true;
}

function showJobs(jobs, now, all) {
  // Jobs of other pages are not here to be filtered.
  const page = AFTER || newest.next ? " on this page" : "";
  const few = jobs.length < all ? `${jobs.length} of ${all}${page} shown` : "";
  byId("shown").textContent = few || (page && "filters the jobs on this page");
  const list = byId("jobs");
  const ids = new Set(jobs.map((job) => job.job_id));
  for (const id of views.keys()) {
    if (!ids.has(id)) views.delete(id);
  }
  const elements = jobs.map((job) => {
    if (!views.has(job.job_id)) views.set(job.job_id, new JobView());
    views.get(job.job_id).show(job, now);
    return views.get(job.job_id).element;
  });
  const wanted = elements.length ? elements : [all ? noneFits : noJobs];
  const unchanged =
    wanted.length === list.children.length &&
    wanted.every((element, index) => element === list.children[index]);
  if (!unchanged) list.replaceChildren(...wanted);
}

function showStatus(text, isError) {
  byId("live").textContent = text;
  byId("live").classList.toggle("trouble", isError);
}

// What the server has; null if it does not answer.
async function requested() {
  try {
    const response = await fetch(AFTER ? `data/${encodeURIComponent(AFTER)}` : "data");
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

async function refresh() {
  clearTimeout(waiting);
  const data = await requested();
  const refreshSeconds = data ? data.refresh_seconds : 2;
  clearTimeout(waiting);
  waiting = setTimeout(document.hidden ? refreshWhenVisible : refresh, refreshSeconds * 1000);
  if (!data) {
    showStatus("The page's server does not answer; it ended with its stack.", true);
    return;
  }
  show(data);
  if (data.error) showStatus(data.error, true);
  else showStatus(`live · ${timeOfDay(Date.now())}`, false);
}

// A hidden page requests nothing.
function refreshWhenVisible() {
  if (!document.hidden) refresh();
  else document.addEventListener("visibilitychange", refreshWhenVisible, { once: true });
}

for (const field of [OUTCOME, PROVIDER, TEXT]) {
  field.addEventListener("input", () => newest && show(newest));
}
// Somebody acted on a job: what became of it is shown at once.
document.addEventListener("changed", refresh);

refresh();
