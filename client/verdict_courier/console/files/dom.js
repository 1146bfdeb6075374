// Elements, made without ever reading a text as markup.

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A link below the page, or to a console over https: nothing else is followed.
export function link(text, href) {
  const ours = /^[\w/#-]+$/.test(href);
  const safe = ours || href.startsWith("https://");
  return el("a", { href: safe ? href : null, rel: "noreferrer" }, text);
}
