/** Elements, made without markup in strings: nothing that a proof says can become markup. */

type Attribute = string | number | boolean | ((event: Event) => void) | undefined;
export type Child = Node | string | undefined;

function fill<Made extends Element>(
  made: Made,
  attributes: Record<string, Attribute>,
  children: readonly Child[],
): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** An element of HTML. An attribute that is a function listens to the event of its name; false leaves one out. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** An element of SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** What is not in the language of the page, such as a hash, a key or a name: left to right, and set apart. */
export function ltr(text: string): HTMLElement {
  return h("bdi", { dir: "ltr", class: "code" }, text);
}
