/** Keys, and transactions that are signed as the Python package signs them. */

import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";
import {
  decode,
  decodeAccount,
  encodeDidKey,
  encodeNamedAccount,
  fromHex,
  Key,
  operation,
  SignatureError,
  signSlip,
  signTransaction,
  slipMessage,
  toHex,
  verifySignature,
  WireError,
} from "counterfoil-verify";
import { readVectors } from "./vectors.mjs";

const SEED = Uint8Array.from({ length: 32 }, (_, place) => place);
const [ann, bob, cam] = [1, 2, 3].map((byte) => Key.fromSeed(new Uint8Array(32).fill(byte)));
const ids = readVectors("ids");

test("a key for each programme, of one seed", async () => {
  const key = await Key.derive(SEED, "club.example/beans");
  assert.equal(key.did, "did:key:z6MkunTu4nYtFZymci4YRVvkmjYjmJFG1SozmdcEdMCZnRme");
  assert.notEqual((await Key.derive(SEED, "cinema.example/stars")).did, key.did);
  await assert.rejects(Key.derive(SEED, ""), WireError);
  await assert.rejects(Key.derive(SEED, "\ud800"), WireError);
  await assert.rejects(Key.derive(SEED.subarray(1), "club"), WireError);
});

test("a key does not show its seed", () => {
  assert.ok(!inspect(ann, { depth: 9 }).includes("1, 1, 1"));
  assert.equal(String(ann), `Key(${ann.did})`);
  assert.notEqual(Key.generate().did, Key.generate().did);
});

test("account texts", () => {
  for (const each of ids.text) {
    const id = fromHex(each.id);
    assert.equal(encodeDidKey(id), each.key_account);
    assert.equal(encodeNamedAccount(id), each.named_account);
    assert.deepEqual(decodeAccount(each.key_account), id);
    assert.deepEqual(decodeAccount(each.named_account), id);
    for (const text of [each.key_account, each.named_account]) {
      assert.throws(() => decodeAccount(`${text}q`), WireError);
      assert.throws(() => decodeAccount(text.toUpperCase()), WireError);
      assert.throws(() => decodeAccount(text.slice(0, -1)), WireError);
    }
  }
  assert.throws(() => decodeAccount(""), WireError);
});

test("transactions are signed to the same bytes as in Python", async () => {
  const { accept } = readVectors("transactions");
  const known = new Map([ann, bob, cam].map((key) => [toHex(key.account), key]));
  for (const each of accept) {
    const { transaction } = decode("SignedTransaction", fromHex(each.bytes));
    // One has no operations: its bytes are what it is about, no ledger takes it.
    if (!transaction.operations.length) continue;
    const signers = transaction.authorizers.map(({ account, key }) =>
      key ? known.get(toHex(key))?.on(account) : known.get(toHex(account)),
    );
    const made = await signTransaction(transaction, ...signers);
    assert.equal(toHex(made.bytes), each.bytes);
    assert.equal(toHex(made.id), each.id);
  }
});

test("what may be absent may be left out", async () => {
  const asset = new Uint8Array(32).fill(7);
  const transfer = operation("transfer", { asset, sender: ann.account, to: bob.account, amount: 5n });
  const before = BigInt(Date.now());
  const { bytes } = await signTransaction({ ledger: asset, operations: [transfer] }, ann);
  const { transaction, signatures } = decode("SignedTransaction", bytes);
  assert.equal(transaction.operations[0].reference, null);
  assert.ok(transaction.validUntil >= before + 120_000n);
  assert.equal(signatures.length, 1);
});

test("what cannot be signed", async () => {
  const ledger = new Uint8Array(32);
  const pause = operation("pause", { asset: ledger, paused: true, reason: { code: 1, evidence: null } });
  const sign = (change, ...signers) => signTransaction({ ledger, operations: [pause], ...change }, ...signers);
  await assert.rejects(sign({ operations: [] }, ann), /operations: expected 1 or more, found 0/);
  await assert.rejects(sign({}), /signers: expected 1 to 16/);
  await assert.rejects(sign({}, ann, ann), WireError);
  await assert.rejects(sign({ nonce: ledger }, ann), /nonce: expected 16 bytes, found 32/);
  await assert.rejects(sign({ ledger: "club" }, ann), TypeError);
  await assert.rejects(sign({ operations: Array(2_000).fill(pause) }, ann), /at most 60000 bytes/);
  await assert.rejects(
    sign({ operations: [{ kind: "give" }] }, ann),
    /expected Operation, one of open, .*found "give"/,
  );
  const much = operation("mint", { asset: ledger, to: ledger, amount: 2n ** 128n });
  await assert.rejects(sign({ operations: [much] }, ann), /amount: expected an integer from 0 to 2\*\*128 - 1/);
  const half = operation("mint", { asset: ledger, to: ledger, amount: 0.5 });
  await assert.rejects(sign({ operations: [half] }, ann), TypeError);
});

test("slips", async () => {
  for (const each of ids.slip) {
    const [ledger, campaign] = [fromHex(each.ledger), fromHex(each.campaign)];
    const slip = decode("Slip", fromHex(each.slip));
    const message = await slipMessage(ledger, campaign, slip);
    assert.equal(toHex(message), each.message);
    const { role, key, signature } = await signSlip(ledger, campaign, slip, 1, ann);
    assert.equal(role, 1);
    verifySignature(key, message, signature);
    assert.throws(() => verifySignature(bob.account, message, signature), SignatureError);
  }
});
