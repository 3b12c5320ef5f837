/** What the Python verifier says of its cases, this one says too: the same claim, or the same reason. */

import test from "node:test";
import { checkCase, checkEveryByte } from "./cases.mjs";
import { readProofs } from "./vectors.mjs";

const proofs = readProofs();

for (const each of proofs.cases) test(each.name, () => checkCase(proofs, each));

for (const each of proofs.every_byte) {
  test(`every byte of a ${each.method}, changed by ${each.change}`, () => checkEveryByte(proofs, each));
}
