// Elements from data. Text only ever becomes text nodes and attribute values: nothing here parses markup, and the page's policy forbids it.

export const byId = (id) => document.getElementById(id);

/**
 * Creates an element. `attributes`: `class`, `vars` (custom CSS properties), `on` (listeners), anything else is an attribute; null, undefined and false
 * leave an attribute out. Children: nodes, strings, numbers, arrays; null and false are skipped.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'vars') for (const [key, text] of Object.entries(value)) element.style.setProperty(`--${key}`, text);
    else if (name === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) =>
    child instanceof Node ? child : document.createTextNode(String(child))));
  return element;
}

/** Replaces an element's children; the focus stays on the element with the same `data-focus`, and scrolled parts stay where they were. */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  const scrolled = new Map([...parent.querySelectorAll('[data-scroll]')].map((e) => [e.dataset.scroll, [e.scrollLeft, e.scrollTop]]));
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  for (const element of parent.querySelectorAll('[data-scroll]')) {
    const [left, top] = scrolled.get(element.dataset.scroll) ?? [0, 0];
    element.scrollLeft = left;
    element.scrollTop = top;
  }
  if (focused) parent.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** A function that renders only when what it is given differs from the last time. */
export function memo(render) {
  let last;
  return (...inputs) => {
    const key = JSON.stringify(inputs);
    if (key === last) return;
    last = key;
    render(...inputs);
  };
}

/** An explanation of why there is nothing yet; strings are paragraphs, `{ command }` is a command line. */
export function empty(...parts) {
  return h('div', { class: 'empty' }, parts.filter(Boolean).map((part) =>
    typeof part === 'string' ? h('p', {}, part) : h('pre', { class: 'command', tabindex: 0, 'aria-label': 'Command' }, part.command)));
}

export const badge = (text, tone) => h('span', { class: 'badge', 'data-tone': tone }, text);
