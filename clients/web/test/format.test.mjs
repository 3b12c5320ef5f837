/** Numbers and times as people read them. */

import assert from "node:assert/strict";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const { outputFiles } = buildSync({
  entryPoints: [fileURLToPath(new URL("../src/format.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
const { age, roughly } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);

test("an amount that is too long for its box is rounded, not cut", () => {
  const ether = { symbol: "ETH", decimals: 18 };
  for (const [units, shown] of [
    [1_999_999_999_999_999_999n, "≈ 2"],
    [123_456_789_012_345_678n, "≈ 0.1235"],
    [1n, "≈ 1E-18"],
    [987_654_321_987_654_321_987_654_321n, "≈ 987,700,000"],
    [2n ** 128n - 1n, "≈ 3.403E20"],
  ]) {
    assert.equal(roughly(units, ether), shown);
  }
  assert.equal(roughly(123_456n, { symbol: "BEAN", decimals: 2 }), "1,234.56");
});

test("an age is told in whole units that have passed", () => {
  const hours = (count) => age(0n, count * 3_600_000);
  assert.equal(hours(47), "1 day ago");
  assert.equal(hours(23), "23 hours ago");
  assert.equal(hours(23 * 730.5), "1 year ago");
  assert.equal(hours(-25), "in 1 day");
});
