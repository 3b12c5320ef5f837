/** What the Python verifier says of its cases, this one says too: the same claim, or the same reason. */

import assert from "node:assert/strict";
import test from "node:test";
import { Verifier } from "../dist/index.js";
import { checkCase, checkEveryByte } from "./cases.mjs";
import { readProofs } from "./vectors.mjs";

const proofs = readProofs();

for (const each of proofs.cases) test(each.name, () => checkCase(proofs, each));

for (const each of proofs.every_byte) {
  test(`every byte of a ${each.method}, changed by ${each.change}`, () => checkEveryByte(proofs, each));
}

test("100 MB are refused before they are looked into", async () => {
  const verifier = await Verifier.of(proofs.vkeys[0]);
  const large = new Uint8Array(100_000_000);
  for (const method of ["balance", "record", "receipt", "checkpoint", "equivocation"]) {
    await assert.rejects(async () => verifier[method](large), { reason: "too_long" }, method);
  }
});

test("what hides, or turns the text around it, is spelled out in messages", async () => {
  const verifier = await Verifier.of(proofs.vkeys[0]);
  const root = Buffer.alloc(32).toString("base64");
  const signature = Buffer.alloc(68).toString("base64");
  const note = `club.example/beans\n1\n${root}\n\n— \u202eevil\u2066\u200bx\u{e0001} ${signature}\n`;
  assert.throws(() => verifier.checkpoint(note), {
    reason: "wrong_key",
    message: /found by "\\u\{202e\}evil\\u\{2066\}\\u\{200b\}x\\u\{e0001\}", none/,
  });
});
