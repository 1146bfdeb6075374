// The results of a job: what its manifest says, and links to download them.

import { el, link } from "./dom.js";
import { byteCount } from "./format.js";

// Each card is asked about once somebody sees it: fifty at once would be fifty calls.
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) entry.target.dispatchEvent(new Event("seen"));
  }
});

export class Results {
  constructor() {
    this.element = el("div", { class: "results" });
    this.element.addEventListener("seen", () => this.load());
    this.wanted = "";
    this.loaded = "";
  }

  // A later attempt may have other results.
  show(job, title) {
    const wanted = job.results ? `${job.results}#${job.attempt}` : "";
    if (wanted === this.wanted) return;
    Object.assign(this, { wanted, title, path: job.results });
    this.element.replaceChildren(...(wanted ? ["Results …"] : []));
    seen.unobserve(this.element);
    if (wanted) seen.observe(this.element);
  }

  async load() {
    if (this.loaded === this.wanted) return;
    const wanted = this.wanted;
    this.loaded = wanted;
    const found = await requested(this.path);
    if (wanted !== this.wanted) return;
    // What could not be read is asked for again when the card comes into view again.
    if (found.error) this.loaded = "";
    this.element.replaceChildren(...(found.error ? [`Results: ${found.error}`] : results(found, this.title)));
  }
}

async function requested(path) {
  try {
    const response = await fetch(path);
    return response.ok ? await response.json() : { error: `The page's server refuses it (${response.status}).` };
  } catch {
    return { error: "The page's server does not answer." };
  }
}

function results({ files, numbers, verdict, meaning }, title) {
  const list = el("ul");
  for (const file of files) {
    const download = link(`Download ${file.kind}`, file.href, title);
    const rows = `${file.rows.toLocaleString("en")} ${file.rows === 1 ? "row" : "rows"}`;
    list.append(el("li", {}, download, ` ${rows}, ${byteCount(file.bytes)}`));
  }
  const counts = numbers.map(([words, number]) => `${number.toLocaleString("en")} ${words}`).join(", ");
  const said = verdict ? `${counts ? "; " : ""}${verdict}${meaning ? `: ${meaning}` : ""}` : "";
  return [list, el("p", {}, counts, said)];
}
