// A timeline: states as bars, checks as ticks, webhooks as dots.

import { el, svg } from "./dom.js";
import { count, duration, jobSpan, seconds, timeOfDay } from "./format.js";

const WIDTH = 1000;
const WAITS = new Set(["Wait", "Hold", "Listen"]);
const GROUPS = new Set(["Collect", "Requests"]);
// A narrower bar could not be seen.
const MIN_BAR_WIDTH = 2;

export function timeline(job, now) {
  const { timeline } = job;
  if (!timeline || timeline.entries.length === 0) return null;
  // The same span as in the headline. The notice, which follows the end, is at its edge.
  const { begin, end } = jobSpan(job, now);
  const x = (time) => ((Math.min(Math.max(time, begin), end) - begin) / (end - begin)) * WIDTH;
  const picture = svg("svg", {
    class: "timeline",
    viewBox: `0 0 ${WIDTH} 44`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `${count(timeline.entries.length, "state")}, ${count(timeline.checks.length, "check")}`,
  });
  picture.append(...timeline.entries.map((entry) => bar(entry, x, end)).filter(Boolean));
  picture.append(...timeline.checks.map((check) => tick(x(seconds(check)), check)));
  for (const mark of timeline.marks) {
    if (mark.name === "woken") picture.append(webhook(x(seconds(mark.at)), mark.at));
  }
  if (job.outcome) {
    const d = `M${x(seconds(job.ended_at) ?? end)} 10v28`;
    picture.append(svg("path", { class: `end ${job.outcome}`, d }));
  }
  const scale = el(
    "div",
    { class: "scale" },
    el("span", {}, `${timeOfDay(begin * 1000)}${timeline.truncated ? " … " : ""}`),
    el("span", {}, duration(end - begin)),
  );
  return el("div", {}, picture, scale);
}

function bar(entry, x, end) {
  const left = seconds(entry.left_at);
  const from = Math.min(x(seconds(entry.entered_at)), WIDTH - MIN_BAR_WIDTH);
  const to = x(left ?? end);
  const waits = WAITS.has(entry.state);
  // Choices take no time; bars for them would hide the states that do.
  if (!waits && entry.tries === 0 && !entry.error && to - from < MIN_BAR_WIDTH) return null;
  const group = GROUPS.has(entry.state);
  const kind = entry.error ? "error" : group ? "group" : waits ? "wait" : "work";
  const lasted = duration((left ?? end) - seconds(entry.entered_at));
  const title = [
    entry.state,
    timeOfDay(entry.entered_at),
    lasted,
    entry.error,
    entry.woken ? "woken" : null,
  ];
  return svg(
    "rect",
    {
      class: `bar ${kind}${left ? "" : " open"}`,
      "data-state": entry.state,
      x: from.toFixed(2),
      y: group ? 12 : 16,
      width: Math.max(MIN_BAR_WIDTH, to - from).toFixed(2),
      height: group ? 24 : 16,
    },
    svg("title", {}, title.filter(Boolean).join(", ")),
  );
}

function tick(x, time) {
  const path = { class: "tick", d: `M${x} 2v11`, "vector-effect": "non-scaling-stroke" };
  return svg("path", path, svg("title", {}, `check, ${timeOfDay(time)}`));
}

function webhook(x, time) {
  // A line without length is a dot that keeps its shape when the picture is stretched.
  const path = { class: "mark", d: `M${x} 38h0.01`, "vector-effect": "non-scaling-stroke" };
  return svg("path", path, svg("title", {}, `woken, ${timeOfDay(time)}`));
}
