// One job: its headline, timeline, error, links and details.

import { Actions } from "./actions.js";
import { el, link, time } from "./dom.js";
import { count, dateTime, duration, jobSeconds, jobState, seconds, timeOfDay } from "./format.js";
import { Results } from "./results.js";
import { timeline } from "./timeline.js";

export class JobView {
  constructor() {
    this.facts = el("span", { class: "facts" });
    this.head = el("div", { class: "head" });
    this.timeline = el("div");
    this.remarks = el("div");
    this.links = el("div", { class: "links" });
    this.results = new Results();
    this.actions = new Actions();
    this.details = el("div");
    const foot = el("div", { class: "foot" }, this.links, this.actions.element);
    const details = el("details", {}, el("summary", {}, "Facts and states"), this.details);
    this.element = el("article", {}, this.head, this.timeline, this.results.element, this.remarks, foot, details);
    this.shown = "";
  }

  // Replaces only what changed, so that a selection in the rest is kept.
  show(job, now) {
    const json = JSON.stringify(job);
    if (json === this.shown && job.outcome) return;
    this.element.dataset.job = job.job_id;
    this.element.dataset.state = jobState(job);
    this.facts.textContent = facts(job, now);
    this.timeline.replaceChildren(...[timeline(job, now)].filter(Boolean));
    if (json === this.shown) return;
    this.head.replaceChildren(...head(job), this.facts);
    this.remarks.replaceChildren(...remarks(job));
    this.links.replaceChildren(...job.page_links.map(({ text, href }) => link(text, href, titleOf(job))));
    this.results.show(job, titleOf(job));
    this.actions.show(job, titleOf(job));
    this.details.replaceChildren(...details(job));
    this.shown = json;
  }
}

function head(job) {
  return [
    el("span", { class: `badge ${job.outcome ?? ""}` }, jobState(job)),
    el("h2", {}, [`${job.provider} ${job.type}`, job.name].filter(Boolean).join(" · ")),
    job.label ? el("span", {}, job.label) : null,
    time(job.received_at),
    el("code", { title: job.job_id }, `${job.job_id.slice(0, 12)}…`),
  ].filter(Boolean);
}

// What changes with every second.
function facts(job, now) {
  const next = seconds(job.next_check_at);
  const attempt = job.attempt > 1 ? `attempt ${job.attempt}: ` : "";
  const age = duration(jobSeconds(job, now));
  const parts = [
    count(job.checks, "check"),
    attempt + (job.outcome ? `took ${age}` : `${age} old`),
    job.outcome ? null : retries(job),
    next && !job.outcome ? `next check ${next > now ? `in ${duration(next - now)}` : "due"}` : null,
    job.expected_between && !job.outcome ? expected(job, now) : null,
    job.rows ? count(job.rows, "row") : null,
    job.late ? "late" : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

// The step whose last call failed, and which is about to be, or being, repeated.
function retries(job) {
  const failing = (job.timeline?.entries ?? []).filter((entry) => !entry.left_at && entry.error);
  const [first, ...others] = failing.map(({ state, tries, error }) => `${state} is repeated after ${error} (try ${tries})`);
  return first ? `${first}${others.length ? `, and ${others.length} more` : ""}` : null;
}

// When most jobs of its sort would have ended by now, or will have.
function expected(job, now) {
  const [begin, end] = job.expected_between;
  const times = `${timeOfDay(begin).slice(0, 5)} to ${timeOfDay(end).slice(0, 5)}`;
  const over = now > seconds(end) ? ", which is over" : "";
  return `expected ${times}${over} (from ${count(job.expected_from, "job")})`;
}

function remarks(job) {
  const waits = job.hold ? hold(job.hold) : job.approval ? approval(job) : null;
  return [job.error ? error(job) : null, waits, job.rows_doubt ? rowsDoubt(job) : null].filter(Boolean);
}

// How a link says to which job it belongs.
const titleOf = (job) => `job ${job.name ? `${job.name}, ` : ""}${job.job_id.slice(0, 12)}`;

function error(job) {
  const name = el("p", {}, el("b", { class: "name" }, job.error.name));
  const runbook = link("What it means, and what to do", job.runbook, titleOf(job));
  return el("div", { class: "error" }, name, el("p", {}, job.error.advice), el("p", {}, runbook));
}

// The error that a running job waits out.
function hold({ error, since, advice }) {
  const name = el("p", {}, "waiting since ", time(since), ": ", el("b", { class: "name" }, error));
  return el("div", { class: "error" }, name, el("p", {}, advice));
}

// What a person has to approve, and until when.
function approval(job) {
  const until = el("p", {}, el("b", {}, "waits for approval"), " until ", time(job.approval.until));
  return el("div", { class: "doubt" }, until, job.quote_says ? el("p", {}, job.quote_says) : null);
}

function rowsDoubt(job) {
  const { verdict, meaning, runbook } = job.rows_doubt;
  const text = el("p", {}, el("b", {}, "rows: ", verdict), `: ${meaning}`);
  return el("div", { class: "doubt" }, text, el("p", {}, link("What it means, and what to do", runbook, titleOf(job))));
}

function details(job) {
  const list = el("dl");
  const facts = {
    job: job.job_id,
    name: job.name,
    label: job.label,
    "provider's id": job.provider_ref,
    source: job.source?.key,
    attempt: job.attempt > 1 ? job.attempt : null,
    rows: job.rows,
    "invalid rows": job.invalid || null,
    "verdict on the rows": job.verdict,
    "the provider's webhook": job.webhook_status,
    bytes: job.bytes || null,
    received: time(job.received_at),
    submitted: time(job.submitted_at),
    "finished at the provider": time(job.finished_at),
    ended: time(job.ended_at),
    erased: time(job.erased_at),
    deadline: time(job.deadline_at),
    "the next check is then": job.next_check_why,
    expected: job.expected_between?.map(dateTime).join(" to "),
    "a retry": job.retry ? retryText(job.retry) : null,
    "asked again": time(job.late_check_at),
    "earlier attempts": job.earlier_attempts
      .map((attempt) => `${attempt.outcome} ${attempt.error}`)
      .join(", "),
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value) list.append(el("dt", {}, name), el("dd", {}, value instanceof Node ? value : String(value)));
  }
  return job.timeline ? [list, statesTable(job.timeline.entries)] : [list];
}

function retryText({ resends, resumes, joins }) {
  if (joins) return "joins the rows again; nothing is sent";
  return `sends ${resends} requests again (paid again), continues ${resumes}`;
}

function statesTable(entries) {
  const names = ["state", "entered", "lasted", "tries", "error"];
  const table = el("table", {}, el("tr", {}, ...names.map((name) => el("th", {}, name))));
  for (const entry of entries) {
    const left = seconds(entry.left_at);
    const lasted = left === null ? "…" : duration(left - seconds(entry.entered_at));
    const woken = entry.woken === null ? "" : entry.woken ? " (woken)" : " (time over)";
    const cells = [entry.state + woken, time(entry.entered_at, timeOfDay), lasted, entry.tries || "", entry.error ?? ""];
    table.append(el("tr", {}, ...cells.map((cell) => el("td", {}, cell instanceof Node ? cell : String(cell)))));
  }
  return el("div", { class: "wide" }, table);
}
