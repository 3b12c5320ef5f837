/** `node statements.mjs FILE [chromium]`: statements verified a second, in node or in Chromium; see `benches/proofs.py`. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { noChromium } from "../../chromium.mjs";
import { inChromium } from "../test/browser.mjs";
import { rate } from "./rate.mjs";

const [, , file, where = "node"] = process.argv;
const asked = JSON.parse(readFileSync(file, "utf8"));
if (where === "node") {
  console.log(await rate(asked));
} else if (!noChromium) {
  console.log(await inChromium(fileURLToPath(new URL("rate.mjs", import.meta.url)), "rate", asked));
} else {
  console.log("null");
}
