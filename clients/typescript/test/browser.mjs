/** What tests and benches run in Chromium. */

import { buildSync } from "esbuild";
import { launch } from "../../chromium.mjs";

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
  const browser = await launch();
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
