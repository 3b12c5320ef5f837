/** The same cases in Chromium, whose WebCrypto and BigInt are not node's. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";
import { readProofs } from "./vectors.mjs";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = places.find((place) => place && existsSync(place));
const skip = executablePath ? false : "no Chromium: install it, or name it in the variable CHROMIUM";

test("every case in Chromium", { skip }, async () => {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("cases.mjs", import.meta.url))],
    bundle: true,
    format: "iife",
    globalName: "cases",
    target: "es2022",
    write: false,
  });
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    // WebCrypto is there for https alone. Nothing leaves this machine: the page is answered here.
    await page.route("**/*", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>cases</title>" }),
    );
    await page.goto("https://cases.example/");
    await page.addScriptTag({ content: outputFiles[0].text });
    const { count, failures } = await page.evaluate((proofs) => globalThis.cases.checkAll(proofs), readProofs());
    assert.ok(count > 200, `${count} cases`);
    assert.deepEqual(failures, []);
  } finally {
    await browser.close();
  }
});
