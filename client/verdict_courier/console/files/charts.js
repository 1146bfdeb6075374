// Small charts of what the list of jobs says.

import { el, svg } from "./dom.js";
import { counted, lasting, length, many, seconds } from "./format.js";

const WIDTH = 240;
const HEIGHT = 60;
const BUCKETS = 24;

export function charts(jobs, now) {
  const oldest = [...jobs].reverse();
  const ended = oldest.filter((job) => job.outcome);
  const times = ended.map((job) => length(job, now)).sort((a, b) => a - b);
  const middle = times.length ? lasting(times[Math.floor((times.length - 1) / 2)]) : "–";
  const checks = oldest.reduce((sum, job) => sum + job.checks, 0);
  const bytes = oldest.reduce((sum, job) => sum + job.bytes, 0);
  const rows = oldest.reduce((sum, job) => sum + (job.rows ?? 0), 0);
  return [
    figure("outcomes", outcomes(oldest), byOutcome(oldest, now)),
    figure("duration", `median ${middle}`, columns(ended, (job) => length(job, now), lasting)),
    figure("checks a job", `${many(checks)} in all`, columns(oldest, (job) => job.checks, many)),
    figure("rows sent", many(rows), columns(oldest, (job) => job.rows ?? 0, many)),
    figure("bytes fetched", many(bytes), columns(oldest, (job) => job.bytes, many)),
  ];
}

function figure(title, figures, picture) {
  const caption = el("figcaption", {}, title, el("b", {}, figures));
  return el("figure", {}, caption, picture);
}

function outcomes(jobs) {
  const ill = jobs.filter((job) => ["failed", "timed_out", "aborted"].includes(job.outcome));
  const running = jobs.filter((job) => !job.outcome);
  return `${running.length} running, ${ill.length} failed`;
}

function canvas(label) {
  const box = `0 0 ${WIDTH} ${HEIGHT}`;
  const base = svg("path", { class: "axis", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` });
  const named = { viewBox: box, preserveAspectRatio: "none", role: "img", "aria-label": label };
  return svg("svg", named, base);
}

// One column a job, the newest to the right, as high as its share of the largest.
function columns(jobs, measure, words) {
  const picture = canvas(counted(jobs.length, "job"));
  const most = Math.max(...jobs.map(measure), 0);
  const step = WIDTH / Math.max(jobs.length, 20);
  jobs.forEach((job, number) => {
    const share = most ? measure(job) / most : 0;
    const height = Math.max(share * (HEIGHT - 4), 1);
    const title = svg("title", {}, `${job.job_id.slice(0, 12)}: ${words(measure(job))}`);
    const place = { x: number * step, y: HEIGHT - height, width: step * 0.8, height };
    picture.append(svg("rect", { class: "col plain", ...place }, title));
  });
  return picture;
}

function byOutcome(jobs, now) {
  const picture = canvas("outcomes of jobs by the time of their arrival");
  const known = jobs.filter((job) => job.received_at);
  if (known.length === 0) return picture;
  const begin = seconds(known[0].received_at);
  const span = Math.max(now - begin, 1);
  const buckets = Array.from({ length: BUCKETS }, () => new Map());
  for (const job of known) {
    const place = ((seconds(job.received_at) - begin) / span) * BUCKETS;
    const bucket = buckets[Math.min(Math.floor(place), BUCKETS - 1)];
    const kind = job.outcome ?? "running";
    bucket.set(kind, (bucket.get(kind) ?? 0) + 1);
  }
  const sums = buckets.map((one) => [...one.values()].reduce((a, b) => a + b, 0));
  const unit = (HEIGHT - 4) / Math.max(...sums);
  const step = WIDTH / BUCKETS;
  buckets.forEach((bucket, number) => {
    let y = HEIGHT;
    for (const [kind, count] of bucket) {
      y -= count * unit;
      const place = { x: number * step, y, width: step * 0.8, height: count * unit };
      const title = svg("title", {}, `${count} ${kind}`);
      picture.append(svg("rect", { class: `col ${kind}`, ...place }, title));
    }
  });
  return picture;
}
