/** The same cases in Chromium, whose WebCrypto and BigInt are not node's. */

import assert from "node:assert/strict";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { noChromium } from "../../chromium.mjs";
import { inChromium } from "./browser.mjs";
import { readProofs } from "./vectors.mjs";

test("every case in Chromium", { skip: noChromium }, async () => {
  const cases = fileURLToPath(new URL("cases.mjs", import.meta.url));
  const { count, failures } = await inChromium(cases, "checkAll", readProofs());
  assert.ok(count > 200, `${count} cases`);
  assert.deepEqual(failures, []);
});
