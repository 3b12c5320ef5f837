/** Builds the page into one file: dist/index.html, and beside the Python package, which hands it out. */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", write: false };
const [script] = buildSync({
  ...common,
  entryPoints: [path("src/main.ts")],
  format: "iife",
  target: "es2022",
}).outputFiles;
const [style] = buildSync({
  ...common,
  entryPoints: [path("src/style.css")],
  target: ["chrome111", "firefox113", "safari16.4"],
}).outputFiles;

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
// What is bundled comes with its licence: the terms ask for the notice in every copy.
const licences = ["@noble/curves", "@noble/hashes", "uqr"].map(
  (name) => `${name}\n\n${readFileSync(path(`../node_modules/${name}/LICENSE`), "utf8").trim()}`,
);
const [code, looks] = [script.text.trim(), style.text.trim()];
const parts = [
  ["the scripts hash", hash(code)],
  ["the styles hash", hash(looks)],
  ["/* the style */", looks],
  ["/* the script */", code],
  // Two hyphens may not stand in a comment.
  ["<!--\nthe licences\n-->", `<!--\n${licences.join("\n\n").replaceAll("--", "- -")}\n-->`],
];
let page = readFileSync(path("src/index.html"), "utf8");
// By a function: in the script there are dollar signs.
for (const [place, part] of parts) {
  if (!page.includes(place)) throw new Error(`src/index.html: expected ${place}, found none`);
  page = page.replace(place, () => part);
}
mkdirSync(path("dist"), { recursive: true });
for (const place of ["dist/index.html", "../../python/counterfoil/page.html"]) writeFileSync(path(place), page);
