/** Where the tests and benches of the clients find Chromium. */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = places.find((place) => place && existsSync(place));

/** Why there is no browser; false where there is one. */
export const noChromium = executablePath ? false : "no Chromium: install it, or name it in the variable CHROMIUM";

/** A browser that asks nobody for anything; `close` it. */
export function launch() {
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}
