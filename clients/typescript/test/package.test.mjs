/** The package as a whole: its size, and the examples of its README. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { readProofs } from "./vectors.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

test("less than 30 kB are sent to a browser", () => {
  const { outputFiles } = buildSync({
    entryPoints: [path("../dist/index.js")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size < 30_000, `${size} bytes`);
});

test("the examples of the README print what it says", () => {
  const { vkeys, inputs, cases } = readProofs();
  const [first] = cases;
  const blocks = [...readFileSync(path("../README.md"), "utf8").matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)];
  assert.equal(blocks.length, 2);
  const folder = mkdtempSync(join(tmpdir(), "counterfoil-"));
  try {
    symlinkSync(path("../../node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "club.vkey"), vkeys[first.vkey]);
    writeFileSync(join(folder, "bob.statement"), Buffer.from(inputs[first.inputs[0]], "base64"));
    for (const [, code, expected] of blocks) {
      writeFileSync(join(folder, "example.mjs"), code);
      assert.equal(execFileSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8" }), expected);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
