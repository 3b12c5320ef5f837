/** How many statements a second are verified, one after the other; see `benches/proofs.py`, which makes them. */

import { Verifier } from "../dist/index.js";

/** Statements a second. `statements` are texts in base64. */
export async function rate({ vkey, statements, seconds }) {
  const verifier = await Verifier.of(vkey);
  const all = statements.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  // What was compiled meanwhile is not timed.
  for (const each of all.slice(0, 200)) await verifier.balance(each);
  const began = performance.now();
  let count = 0;
  for (;;) {
    for (const each of all) {
      await verifier.balance(each);
      count += 1;
      const lasted = performance.now() - began;
      if (lasted >= 1_000 * seconds) return (1_000 * count) / lasted;
    }
  }
}
