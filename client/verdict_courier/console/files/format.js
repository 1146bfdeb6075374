// Numbers and times as people read them.

export const seconds = (text) => (text ? Date.parse(text) / 1000 : null);

export function lasting(time) {
  if (time < 10) return `${Math.max(0, time).toFixed(1)} s`;
  if (time < 120) return `${Math.round(time)} s`;
  if (time < 7200) return `${Math.round(time / 60)} min`;
  if (time < 172800) return `${(time / 3600).toFixed(1)} h`;
  return `${Math.round(time / 86400)} d`;
}

export function many(number) {
  if (number >= 1e9) return `${(number / 1e9).toFixed(1)} G`;
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (number >= 1e4) return `${Math.round(number / 1e3)} k`;
  return number.toLocaleString("en");
}

export const counted = (number, what) => `${many(number)} ${what}${number === 1 ? "" : "s"}`;

export const clock = (text) => (text ? text.slice(11, 19) : "");

export const day = (text) => (text ? `${text.slice(0, 10)} ${clock(text)} UTC` : "");

// How a job is doing, in one word.
export const state = (job) => job.outcome ?? job.phase;

export function length(job, now) {
  const begun = seconds(job.received_at) ?? seconds(job.submitted_at) ?? now;
  return (seconds(job.ended_at) ?? now) - begun;
}
