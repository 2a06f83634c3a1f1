// Elements. Whatever is a text becomes a text node: data never becomes markup.

// An element of this name, with attributes, and children: texts, elements, or nothing.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'on') {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (key === 'href') {
      setLink(element, value);
    } else {
      element.setAttribute(key, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Only what leads to the web: no other scheme is ever followed.
function setLink(element, href) {
  let url;
  try {
    url = new URL(href);
  } catch {
    return;
  }
  if (url.protocol !== 'https:') return;
  element.href = url.href;
  element.target = '_blank';
  element.rel = 'noreferrer';
}

// A sentence in which what stands in backquotes is shown as code.
export const prose = (text) => text.split('`').map((part, at, parts) => (at % 2 === 1 && at < parts.length - 1 ? el('code', {}, part) : at % 2 === 1 ? `\`${part}` : part));

// The element of this id, which the document has.
export const byId = (id) => document.getElementById(id);

// Shows a text in an element, or hides the element where there is none.
export function say(element, text) {
  element.textContent = text ?? '';
  element.hidden = !text;
}

// What is only heard.
export const heard = (text) => el('span', { class: 'heard' }, text);
