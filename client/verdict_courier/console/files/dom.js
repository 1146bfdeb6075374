// Creation of elements; no text is ever parsed as markup.

import { dateTime, inUtc } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A time in the reader's zone, in UTC on hover; null if there is none.
export function time(timestamp, format = dateTime) {
  if (!timestamp) return null;
  return el("time", { datetime: timestamp, title: inUtc(timestamp) }, format(timestamp));
}

// A link to a page of the console, or to another site over https; others get no target.
// `of` says to which job it belongs, for those who hear links without what is around them.
export function link(text, href, of = "") {
  const internal = /^[\w/#-]+$/.test(href);
  const allowed = internal || href.startsWith("https://");
  return el("a", { href: allowed ? href : null, rel: "noreferrer", "aria-label": of ? `${text}, ${of}` : null }, text);
}
