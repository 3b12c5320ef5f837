/** The project's vectors, which the other tests use too. */

import { readFileSync } from "node:fs";

/** The encodings of this name. */
export function readVectors(name) {
  return readJson(`../../../tests/vectors/${name}.json`);
}

/** What each client must say of the same statements, receipts and checkpoints. */
export function readProofs() {
  return readJson("../../proofs.json");
}

/** What each client must say of the same sign-ins. */
export function readSignIn() {
  return readJson("../../sign-in.json");
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
}
