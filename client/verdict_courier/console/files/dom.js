// Creation of elements; no text is ever parsed as markup.

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

// A link to a page of the console, or to another site over https; others get no target.
export function link(text, href) {
  const internal = /^[\w/#-]+$/.test(href);
  const allowed = internal || href.startsWith("https://");
  return el("a", { href: allowed ? href : null, rel: "noreferrer" }, text);
}
