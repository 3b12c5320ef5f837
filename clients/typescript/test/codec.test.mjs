/** The vectors of encodings: each is decoded and encoded to the same bytes, and what is none is refused. */

import assert from "node:assert/strict";
import test from "node:test";
import * as counterfoil from "counterfoil-verify";
import { camel } from "./cases.mjs";
import { readVectors } from "./vectors.mjs";

const { TABLES, WireError, decode, encode, fromHex, toHex } = counterfoil;
const FAMILIES = ["account", "asset", "move", "hold", "campaign", "attest", "governance", "distribute", "ledger"];
const ENTRIES = ["Genesis", "Applied", "Commit", "OperatorChange"];

function roundTrip(layout, bytes) {
  const value = decode(layout, fromHex(bytes));
  assert.equal(toHex(encode(layout, value)), bytes);
  return value;
}

function refused(layout, { bytes, why }) {
  assert.throws(() => decode(layout, fromHex(bytes)), WireError, why);
}

for (const family of FAMILIES) {
  test(`operations of the family ${family}`, () => {
    const { accept, refuse } = readVectors(family);
    for (const { value, bytes } of accept) {
      const decoded = roundTrip("Operation", bytes);
      assert.equal(decoded.kind, value.is);
      for (const [name, expected] of Object.entries(value)) {
        if (typeof expected === "string" && name !== "is") {
          const found = decoded[camel(name)];
          assert.equal(
            found instanceof Uint8Array ? toHex(found) : String(found).toLowerCase(),
            expected.toLowerCase(),
            name,
          );
        }
      }
    }
    refuse.forEach((each) => refused("Operation", each));
  });
}

test("transactions", async () => {
  const { accept, refuse } = readVectors("transactions");
  for (const each of accept) {
    const { transaction } = roundTrip("SignedTransaction", each.bytes);
    assert.equal(toHex(encode("Transaction", transaction)), each.transaction);
    const id = await counterfoil.transactionId(transaction);
    assert.equal(toHex(id), each.id);
    assert.equal(toHex(counterfoil.signMessage(id)), each.message);
  }
  refuse.forEach((each) => refused("SignedTransaction", each));
});

test("records", () => {
  const { accept, refuse } = readVectors("records");
  const layoutOf = (table) => TABLES[table][1];
  for (const { table, bytes } of accept) if (layoutOf(table) !== "Holding") roundTrip(layoutOf(table), bytes);
  for (const each of refuse) if (layoutOf(each.table) !== "Holding") refused(layoutOf(each.table), each);
});

test("entries", () => {
  const { accept } = readVectors("entries");
  for (const { bytes } of accept) roundTrip(ENTRIES[Number.parseInt(bytes.slice(0, 2), 16)], bytes.slice(2));
});

test("conditions are nested four deep, and no deeper", () => {
  const nested = (depth) => (depth === 1 ? { kind: "by_payer" } : { kind: "not", of: nested(depth - 1) });
  const deep = encode("Condition", nested(4));
  assert.deepEqual(decode("Condition", deep), nested(4));
  assert.throws(() => decode("Condition", encode("Condition", nested(5))), /nested at most 4 deep/);
});
