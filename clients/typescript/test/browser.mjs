/** A real browser that is nowhere: what tests and benches run in Chromium. */

import { existsSync } from "node:fs";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is; undefined where there is none. */
export const executablePath = places.find((place) => place && existsSync(place));

/** Runs what a module exports in a page of https, without which there is no WebCrypto. Nothing leaves this machine. */
export async function inChromium(module, name, argument) {
  const { outputFiles } = buildSync({
    entryPoints: [module],
    bundle: true,
    format: "iife",
    globalName: "exported",
    target: "es2022",
    write: false,
  });
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    await page.route("**/*", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Counterfoil</title>" }),
    );
    await page.goto("https://counterfoil.example/");
    await page.addScriptTag({ content: outputFiles[0].text });
    return await page.evaluate(([name, argument]) => globalThis.exported[name](argument), [name, argument]);
  } finally {
    await browser.close();
  }
}
