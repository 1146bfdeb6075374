// A timeline: states as bars, checks as ticks, webhooks as marks.

import { el, svg } from "./dom.js";
import { clock, counted, lasting, seconds } from "./format.js";

const WIDTH = 1000;
const WAITS = new Set(["Wait", "Hold", "Listen"]);
const GROUPS = new Set(["Collect", "Requests"]);
// Shorter than this on the picture, a state would not be seen.
const LEAST = 2;

export function timeline(job, now) {
  const known = job.timeline;
  if (!known || known.entries.length === 0) return null;
  const begin = seconds(known.entries[0].entered_at);
  const end = Math.max(seconds(known.ended_at) ?? now, begin + 0.001);
  const at = (time) => ((Math.min(time, end) - begin) / (end - begin)) * WIDTH;
  const picture = svg("svg", {
    class: "timeline",
    viewBox: `0 0 ${WIDTH} 44`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `${counted(known.entries.length, "state")}, ${counted(known.checks.length, "check")}`,
  });
  for (const entry of known.entries) {
    const bar = drawn(entry, at, end);
    if (bar) picture.append(bar);
  }
  for (const check of known.checks) {
    picture.append(tick(at(seconds(check)), check));
  }
  for (const mark of known.marks) {
    if (mark.name === "woken") picture.append(webhook(at(seconds(mark.at)), mark.at));
  }
  if (job.outcome) {
    const x = at(seconds(job.ended_at) ?? end);
    picture.append(svg("path", { class: `end ${job.outcome}`, d: `M${x} 10v28` }));
  }
  const scale = el(
    "div",
    { class: "scale" },
    el("span", {}, `${known.truncated ? "… " : ""}${clock(known.entries[0].entered_at)}`),
    el("span", {}, lasting(end - begin)),
  );
  return el("div", {}, picture, scale);
}

function drawn(entry, at, end) {
  const left = seconds(entry.left_at);
  const from = at(seconds(entry.entered_at));
  const to = at(left ?? end);
  const waits = WAITS.has(entry.state);
  // Choices take no time, and a bar for each would hide what does.
  if (!waits && entry.tries === 0 && !entry.error && to - from < LEAST) return null;
  const group = GROUPS.has(entry.state);
  const kind = entry.error ? "error" : group ? "group" : waits ? "wait" : "work";
  const lasted = lasting((left ?? end) - seconds(entry.entered_at));
  const more = [entry.error, entry.woken ? "woken by a webhook" : null];
  const said = [`${entry.state}, ${clock(entry.entered_at)}, ${lasted}`, ...more];
  return svg(
    "rect",
    {
      class: `bar ${kind}${left ? "" : " open"}`,
      "data-state": entry.state,
      x: from.toFixed(2),
      y: group ? 12 : 16,
      width: Math.max(LEAST, to - from).toFixed(2),
      height: group ? 24 : 16,
    },
    svg("title", {}, said.filter(Boolean).join(", ")),
  );
}

function tick(x, time) {
  const path = { class: "tick", d: `M${x} 2v11`, "vector-effect": "non-scaling-stroke" };
  return svg("path", path, svg("title", {}, `check, ${clock(time)}`));
}

function webhook(x, time) {
  // A dot without length keeps its form, however the picture is stretched.
  const path = { class: "mark", d: `M${x} 38h0.01`, "vector-effect": "non-scaling-stroke" };
  return svg("path", path, svg("title", {}, `webhook, ${clock(time)}`));
}
