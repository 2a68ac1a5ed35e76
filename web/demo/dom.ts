/** Returns the element of the page with this id, which the page's own markup contains. */
export function at<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} in the page`);
  return found as E;
}

/** Makes an element with a class and children. Text is never read as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Returns the first characters of an id: enough to tell two apart. */
export const short = (id: string): string => (id.length > 10 ? id.slice(0, 8) : id) || "–";

/** Returns a small stable number for a name, for its colour. */
export function hue(name: string, of: number): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) >>> 0;
  return sum % of;
}

/** Returns a run of versions in words: one number, or from and to. */
export const span = ({ from, to }: { from: number; to: number }): string => (from === to ? String(from) : `${from}–${to}`);
