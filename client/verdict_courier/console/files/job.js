// One job: its head, timeline, error, links, and what else is known of it.

import { el, link } from "./dom.js";
import { timeline } from "./timeline.js";
import { clock, counted, day, lasting, length, seconds, state } from "./format.js";

export class Job {
  constructor() {
    this.head = el("div", { class: "head" });
    this.picture = el("div");
    this.story = el("div");
    this.facts = el("div");
    const more = el("details", {}, el("summary", {}, "Facts and states"), this.facts);
    this.element = el("article", {}, this.head, this.picture, this.story, more);
    this.shown = "";
  }

  // Parts that did not change stay as they are, so that a selection in them does, too.
  show(job, now) {
    const said = JSON.stringify(job);
    if (said === this.shown && job.outcome) return;
    this.element.dataset.job = job.job_id;
    this.element.dataset.state = state(job);
    this.head.replaceChildren(...head(job, now));
    this.picture.replaceChildren(...[timeline(job, now)].filter(Boolean));
    if (said === this.shown) return;
    this.story.replaceChildren(...story(job));
    this.facts.replaceChildren(...facts(job));
    this.shown = said;
  }
}

function head(job, now) {
  const next = seconds(job.next_check_at);
  const said = [
    counted(job.checks, "check"),
    job.outcome ? `took ${lasting(length(job, now))}` : `${lasting(length(job, now))} old`,
    next && !job.outcome ? `next check ${next > now ? `in ${lasting(next - now)}` : "due"}` : null,
    job.rows ? counted(job.rows, "row") : null,
  ];
  return [
    el("span", { class: `badge ${job.outcome ?? ""}` }, state(job)),
    el("b", {}, `${job.provider} ${job.type}`),
    el("code", { title: job.job_id }, `${job.job_id.slice(0, 12)}…`),
    el("span", { class: "facts" }, said.filter(Boolean).join(" · ")),
  ];
}

function story(job) {
  const links = job.places.map((place) => link(place.text, place.href));
  return [job.error ? error(job) : null, el("div", { class: "links" }, ...links)].filter(Boolean);
}

function error(job) {
  const name = el("p", {}, el("b", { class: "name" }, job.error.name));
  const book = link("What it means, and what to do", job.runbook);
  return el("div", { class: "error" }, name, el("p", {}, job.error.advice), el("p", {}, book));
}

function facts(job) {
  const list = el("dl");
  const known = {
    job: job.job_id,
    "provider's id": job.provider_ref,
    source: job.source?.key,
    attempt: job.attempt > 1 ? job.attempt : null,
    rows: job.rows,
    "invalid rows": job.invalid || null,
    bytes: job.bytes || null,
    received: day(job.received_at),
    submitted: day(job.submitted_at),
    "finished at the provider": day(job.finished_at),
    ended: day(job.ended_at),
    deadline: day(job.deadline_at),
    "earlier attempts": job.earlier_attempts.map((one) => `${one.outcome} ${one.error}`).join(", "),
  };
  for (const [name, value] of Object.entries(known)) {
    if (value) list.append(el("dt", {}, name), el("dd", {}, String(value)));
  }
  return job.timeline ? [list, states(job.timeline.entries)] : [list];
}

function states(entries) {
  const head = ["state", "entered", "lasted", "tries", "error"];
  const table = el("table", {}, el("tr", {}, ...head.map((name) => el("th", {}, name))));
  for (const entry of entries) {
    const left = seconds(entry.left_at);
    const lasted = left === null ? "…" : lasting(left - seconds(entry.entered_at));
    const how = entry.woken === null ? "" : entry.woken ? " (woken)" : " (time over)";
    const cells = [entry.state + how, clock(entry.entered_at), lasted, entry.tries || "", entry.error ?? ""];
    table.append(el("tr", {}, ...cells.map((cell) => el("td", {}, String(cell)))));
  }
  return el("div", { class: "wide" }, table);
}
