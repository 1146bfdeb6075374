// Small charts of the listed jobs.

import { el, svg } from "./dom.js";
import { compact, count, duration, jobSeconds, seconds } from "./format.js";

const WIDTH = 240;
const HEIGHT = 60;
const BUCKETS = 24;
const UNSUCCESSFUL = ["failed", "timed_out", "aborted"];

export function charts(jobs, now) {
  // The list has running jobs first.
  const oldestFirst = [...jobs].sort((a, b) => arrival(a) - arrival(b));
  const ended = oldestFirst.filter((job) => job.outcome);
  const durations = ended.map((job) => jobSeconds(job, now)).sort((a, b) => a - b);
  const median = durations.length ? duration(durations[Math.floor((durations.length - 1) / 2)]) : "–";
  const sum = (measure) => oldestFirst.reduce((total, job) => total + measure(job), 0);
  const rows = (job) => job.rows ?? 0;
  return [
    figure("outcomes", outcomeCounts(oldestFirst), outcomesOverTime(oldestFirst, now)),
    figure("duration", `median ${median}`, columns(ended, (job) => jobSeconds(job, now), duration)),
    figure("checks a job", `${compact(sum((job) => job.checks))} in all`, columns(oldestFirst, (job) => job.checks, compact)),
    figure("rows sent", compact(sum(rows)), columns(oldestFirst, rows, compact)),
    figure("bytes fetched", compact(sum((job) => job.bytes)), columns(oldestFirst, (job) => job.bytes, compact)),
  ];
}

const arrival = (job) => seconds(job.received_at) ?? seconds(job.submitted_at) ?? 0;

function figure(title, value, picture) {
  return el("figure", {}, el("figcaption", {}, title, el("b", {}, value)), picture);
}

function outcomeCounts(jobs) {
  const unsuccessful = jobs.filter((job) => UNSUCCESSFUL.includes(job.outcome));
  const running = jobs.filter((job) => !job.outcome);
  return `${running.length} running, ${unsuccessful.length} failed`;
}

function canvas(label) {
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  const axis = svg("path", { class: "axis", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` });
  return svg("svg", { viewBox, preserveAspectRatio: "none", role: "img", "aria-label": label }, axis);
}

// One column for each job, the newest on the right, as high as its share of the largest.
function columns(jobs, measure, format) {
  const picture = canvas(count(jobs.length, "job"));
  const largest = Math.max(...jobs.map(measure), 0);
  const step = WIDTH / Math.max(jobs.length, 20);
  jobs.forEach((job, index) => {
    const share = largest ? measure(job) / largest : 0;
    const height = Math.max(share * (HEIGHT - 4), 1);
    const title = svg("title", {}, `${job.job_id.slice(0, 12)}: ${format(measure(job))}`);
    const box = { x: index * step, y: HEIGHT - height, width: step * 0.8, height };
    picture.append(svg("rect", { class: "col plain", ...box }, title));
  });
  return picture;
}

function outcomesOverTime(jobs, now) {
  const picture = canvas("outcomes of jobs by the time of their arrival");
  const received = jobs.filter((job) => job.received_at);
  if (received.length === 0) return picture;
  const begin = seconds(received[0].received_at);
  const span = Math.max(now - begin, 1);
  const buckets = Array.from({ length: BUCKETS }, () => new Map());
  for (const job of received) {
    const index = ((seconds(job.received_at) - begin) / span) * BUCKETS;
    const bucket = buckets[Math.min(Math.floor(index), BUCKETS - 1)];
    const outcome = job.outcome ?? "running";
    bucket.set(outcome, (bucket.get(outcome) ?? 0) + 1);
  }
  const sums = buckets.map((bucket) => [...bucket.values()].reduce((a, b) => a + b, 0));
  const unit = (HEIGHT - 4) / Math.max(...sums);
  const step = WIDTH / BUCKETS;
  buckets.forEach((bucket, index) => {
    let y = HEIGHT;
    for (const [outcome, number] of bucket) {
      y -= number * unit;
      const box = { x: index * step, y, width: step * 0.8, height: number * unit };
      const title = svg("title", {}, `${number} ${outcome}`);
      picture.append(svg("rect", { class: `col ${outcome}`, ...box }, title));
    }
  });
  return picture;
}
