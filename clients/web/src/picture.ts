/** The picture of the path, and stepping through it. */

import { h, svg } from "./dom.js";
import { number } from "./format.js";
import { fill, text } from "./messages/index.js";
import type { Box, Row, Step } from "./steps.js";

const WIDTH = 264;
const BOX_HEIGHT = 42;
const GAP = 26;
const HALF = 124;
const PITCH = BOX_HEIGHT + GAP;
/** A name, of a ledger say, that is longer is cut: the sentence has it in full. */
const LABEL_MAX = 30;

/** The middle of the box that is on the path. */
function middle(row: Row): number {
  if (row.kind === "whole") return WIDTH / 2;
  return row.isRight ? WIDTH - HALF / 2 : HALF / 2;
}

function drawBox(box: Box, x: number, width: number, name: string): SVGGElement {
  const lines = [box.label, box.hash, box.sum].filter((line) => line !== undefined);
  // A label and a hash stand one above the other, as do a hash and a sum; of three, the last two share a line.
  const [first = "", ...rest] = lines.map((line) =>
    line.length > LABEL_MAX ? `${line.slice(0, LABEL_MAX - 1)}…` : line,
  );
  const second = rest.join("  ·  ");
  const middleX = x + width / 2;
  const isWord = first === box.label;
  return svg(
    "g",
    { class: name },
    svg("rect", { x: x + 0.5, y: 0.5, width: width - 1, height: BOX_HEIGHT - 1, rx: 6 }),
    svg("text", { x: middleX, y: second ? 17 : 26, class: isWord ? "word" : "hash" }, first),
    second ? svg("text", { x: middleX, y: 33, class: isWord ? "hash" : "sum" }, second) : undefined,
  );
}

function curve(fromX: number, toX: number, name: string): SVGPathElement {
  const half = BOX_HEIGHT + GAP / 2;
  return svg("path", { class: name, d: `M${fromX} ${BOX_HEIGHT}C${fromX} ${half} ${toX} ${half} ${toX} ${PITCH}` });
}

function drawRow(row: Row, next: Row | undefined, y: number): SVGGElement {
  const group = svg("g", { class: "row", transform: `translate(0 ${y})` });
  if (next) {
    if (row.kind === "pair") group.append(curve(WIDTH - middle(row), middle(next), "beside"));
    group.append(curve(middle(row), middle(next), "own"));
  }
  if (row.kind === "whole") group.append(drawBox(row.box, 0, WIDTH, "own"));
  else {
    group.append(drawBox(row.left, 0, HALF, row.isRight ? "beside" : "own"));
    group.append(drawBox(row.right, WIDTH - HALF, HALF, row.isRight ? "own" : "beside"));
  }
  return group;
}

/** The picture, with buttons and keys that step through it. */
export function pictureOf(steps: readonly Step[]): HTMLElement {
  const rows = steps.map(({ row }, place) => drawRow(row, steps[place + 1]?.row, place * PITCH));
  const height = steps.length * PITCH - GAP;
  const drawing = svg(
    "svg",
    // A little room around it, so that the outline of the current box is not cut.
    { viewBox: `-3 -3 ${WIDTH + 6} ${height + 6}`, role: "img", "aria-label": text.how, direction: "ltr" },
    ...rows,
  );
  const counter = h("span", { class: "counter" });
  const sentence = h("span");
  const back = h("button", { type: "button", click: () => go(now - 1) }, text.previous);
  const next = h("button", { type: "button", class: "primary", click: () => go(now + 1) }, text.next);
  const box = h(
    "div",
    { class: "path", tabindex: 0, role: "group", "aria-label": text.picture, keydown: onKey },
    drawing,
  );
  rows.forEach((row, place) => row.addEventListener("click", () => go(place)));
  let now = 0;

  function onKey(event: Event): void {
    const { key, ctrlKey, metaKey, altKey } = event as KeyboardEvent;
    const forth = text.direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const places: Record<string, number> = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: steps.length - 1 };
    const sideways = key === forth ? now + 1 : now - 1;
    const place = places[key] ?? (key === "ArrowLeft" || key === "ArrowRight" ? sideways : undefined);
    if (place === undefined || ctrlKey || metaKey || altKey) return;
    event.preventDefault();
    go(place);
  }

  function go(place: number, isFirst = false): void {
    now = Math.max(0, Math.min(place, steps.length - 1));
    rows.forEach((row, each) => row.setAttribute("class", `row ${each < now ? "done" : each > now ? "open" : "now"}`));
    counter.textContent = fill(text.step, { step: number(now + 1), all: number(steps.length) }).textContent;
    sentence.replaceChildren(steps[now]?.sentence.cloneNode(true) ?? "");
    // Not `disabled`: that would take the focus away from who holds the key down.
    back.setAttribute("aria-disabled", String(now === 0));
    next.setAttribute("aria-disabled", String(now === steps.length - 1));
    if (isFirst) return;
    const scale = drawing.clientHeight / height;
    const isQuick = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.scrollTo({ top: (now - 1) * PITCH * scale, behavior: isQuick ? "instant" : "smooth" });
  }

  go(0, true);
  return h(
    "div",
    { class: "stepper" },
    box,
    h(
      "div",
      { class: "told" },
      h("p", { "aria-live": "polite", "aria-atomic": "true" }, counter, " ", sentence),
      h("div", { class: "buttons" }, back, next),
      h(
        "details",
        {},
        h("summary", {}, text.allSteps),
        h("ol", {}, ...steps.map((step) => h("li", {}, step.sentence.cloneNode(true)))),
      ),
    ),
  );
}
