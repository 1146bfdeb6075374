// Numbers and times as text for people.

export const seconds = (timestamp) => (timestamp ? Date.parse(timestamp) / 1000 : null);

export function duration(time) {
  if (time < 10) return `${Math.max(0, time).toFixed(1)} s`;
  if (time < 120) return `${Math.round(time)} s`;
  if (time < 7200) return `${Math.round(time / 60)} min`;
  if (time < 172800) return `${(time / 3600).toFixed(1)} h`;
  return `${Math.round(time / 86400)} d`;
}

export function compact(number) {
  if (number >= 1e9) return `${(number / 1e9).toFixed(1)} G`;
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (number >= 1e4) return `${Math.round(number / 1e3)} k`;
  return number.toLocaleString("en");
}

export function byteCount(number) {
  if (number < 1e3) return `${number} B`;
  return number < 1e4 ? `${(number / 1e3).toFixed(1)} kB` : `${compact(number)}B`;
}

export const count = (number, noun) => `${compact(number)} ${noun}${number === 1 ? "" : "s"}`;

// In the zone of the reader's machine.
export const timeOfDay = (timestamp) => (timestamp ? new Date(timestamp).toTimeString().slice(0, 8) : "");

export function dateTime(timestamp) {
  if (!timestamp) return "";
  const at = new Date(timestamp);
  const [month, day] = [at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0"));
  return `${at.getFullYear()}-${month}-${day} ${timeOfDay(timestamp)}`;
}

export const inUtc = (timestamp) => `${timestamp.slice(0, 10)} ${timestamp.slice(11, 19)} UTC`;

export const jobState = (job) => job.outcome ?? job.phase;

// When a job was received, or its last attempt began, and when it ended, or it is now.
export function jobSpan(job, now) {
  const received = seconds(job.received_at) ?? seconds(job.submitted_at) ?? now;
  const resumed = job.timeline?.marks.find((mark) => mark.name === "resumed")?.at;
  const first = job.timeline?.entries[0]?.entered_at;
  const begin = job.attempt > 1 ? seconds(resumed ?? first) ?? received : received;
  return { begin, end: Math.max(seconds(job.ended_at) ?? now, begin + 0.001) };
}

export function jobSeconds(job, now) {
  const { begin, end } = jobSpan(job, now);
  return end - begin;
}
