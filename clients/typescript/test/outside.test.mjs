/** Vectors of others, where they are: signatures, RFC 6962 trees, signed notes, tlog-proofs, did:key, and sum maps. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import {
  decodeAccount,
  fromBase64,
  fromHex,
  Key,
  openNote,
  ProofError,
  parseLogProof,
  parseNoteKey,
  SignatureError,
  toHex,
  utf8,
  verifyConsistency,
  verifyInclusion,
  verifyMapProof,
  verifySignature,
  WireError,
} from "counterfoil-verify";

const folder = new URL("../../../../shared/vectors/", import.meta.url);
const skip = existsSync(folder) ? false : `no vectors of others: ${folder.pathname} is not there`;
const bytesOf = (path) => readFileSync(new URL(path, folder));
const json = (path) => JSON.parse(bytesOf(path));
const lines = (path) => bytesOf(path).toString().trim().split("\n");

/** What the Python verifier refuses them for; null where they hold. */
const reasons = JSON.parse(readFileSync(new URL("../../reasons.json", import.meta.url), "utf8"));

/** The code of the refusal; null where there is none. */
async function reason(run) {
  try {
    await run();
  } catch (error) {
    if (error instanceof ProofError) return error.reason;
    throw error;
  }
  return null;
}

/** That each is refused, or holds, as in Python. */
async function same(name, runs) {
  assert.equal(runs.length, reasons[name].length);
  for (const [place, run] of runs.entries()) assert.equal(await reason(run), reasons[name][place], `${name} ${place}`);
}

test("signatures: 1,401 verdicts", { skip }, () => {
  const cases = new Map();
  const put = (set, id, key, message, signature) =>
    cases.set(`${set} ${id}`, [fromHex(key), message, fromHex(signature)]);
  json("ed25519-speccheck/cases.json").forEach((each, at) =>
    put("speccheck", at, each.pub_key, fromHex(each.message), each.signature),
  );
  json("zip215/small_order.json").forEach((each, at) => put("zip215", at, each.vk, utf8(each.msg_ascii), each.sig));
  json("cctv-ed25519/ed25519vectors.json").forEach((each) =>
    put("cctv", each.number, each.key, utf8(each.msg), each.sig),
  );
  for (const { publicKey, tests } of json("wycheproof/ed25519_test.json").testGroups) {
    tests.forEach((each) => put("wycheproof", each.tcId, publicKey.pk, fromHex(each.msg), each.sig));
  }
  gunzipSync(bytesOf("rfc8032/sign.input.gz"))
    .toString()
    .trim()
    .split("\n")
    .forEach((line, at) => {
      const [, key, message, signed] = line.split(":");
      put("sign_input", at, key, fromHex(message), signed.slice(0, 128));
    });
  const verdicts = lines("ed25519-rule/verdicts.tsv")
    .slice(1)
    .map((line) => line.split("\t"));
  assert.equal(verdicts.length, 1_401);
  for (const [set, id, expected] of verdicts) {
    let accepted = true;
    try {
      verifySignature(...cases.get(`${set} ${id}`));
    } catch (error) {
      assert.ok(error instanceof SignatureError, String(error));
      accepted = false;
    }
    assert.equal(accepted, expected === "1", `${set} ${id}`);
  }
});

test("inclusion in a log", { skip }, async () => {
  const probes = lines("merkle-rfc6962/inclusion.jsonl").map((line) => JSON.parse(line));
  const runs = probes.map(({ leafHash, leafIdx, treeSize, proof, root }) => () => {
    const hashes = (proof ?? []).map((step) => fromBase64(step ?? ""));
    const [leaf, top] = [fromBase64(leafHash ?? ""), fromBase64(root ?? "")];
    return verifyInclusion(leaf, BigInt(leafIdx), BigInt(treeSize), hashes, top);
  });
  await same("merkle-rfc6962/inclusion.jsonl", runs);
});

test("consistency of a log", { skip }, async () => {
  const probes = lines("merkle-rfc6962/consistency.jsonl").map((line) => JSON.parse(line));
  const runs = probes.map(({ size1, size2, root1, root2, proof }) => () => {
    const hashes = (proof ?? []).map((step) => fromBase64(step ?? ""));
    return verifyConsistency(BigInt(size1), BigInt(size2), fromBase64(root1 ?? ""), fromBase64(root2 ?? ""), hashes);
  });
  await same("merkle-rfc6962/consistency.jsonl", runs);
});

test("signed notes", { skip }, async () => {
  const { bad_vkeys: bad, open } = json("signed-note/sumdb_note.json");
  const parses = bad.map((vkey) => () => parseNoteKey(vkey));
  await same("signed-note, verifier keys", parses);
  const runs = open.map((each) => async () => {
    const note = each.note_hex ? fromHex(each.note_hex) : utf8(each.note);
    const isEd25519 = (vkey) => Buffer.from(vkey.split("+").slice(2).join("+"), "base64")[0] === 1;
    const keys = await Promise.all(each.vkeys.filter(isEd25519).map((vkey) => parseNoteKey(vkey)));
    const names = keys.map((key) => key.name);
    const signers = openNote(note, keys).signers.map((key) => key.name);
    const verified = each.verified.filter((name) => names.includes(name));
    assert.deepEqual(signers, verified);
  });
  await same("signed-note, notes", runs);
});

test("tlog-proofs", { skip }, async () => {
  const { marshal, must_fail: bad } = json("tlog-proof/formats.json");
  for (const { want, index, extra } of marshal) {
    const proof = parseLogProof(utf8(want));
    assert.equal(proof.index, BigInt(index));
    assert.equal(proof.extra === null ? null : Buffer.from(proof.extra).toString(), extra);
  }
  const runs = bad.map((text) => async () => parseLogProof(utf8(text)));
  await same("tlog-proof", runs);
});

test("did:key", { skip }, () => {
  for (const [did, { seed }] of Object.entries(json("did-key/ed25519-x25519.json"))) {
    assert.equal(Key.fromSeed(fromHex(seed)).did, did);
    assert.equal(toHex(decodeAccount(did)), toHex(Key.fromSeed(fromHex(seed)).account));
  }
  for (const name of ["secp256k1", "x25519"]) {
    for (const did of Object.keys(json(`did-key/${name}.json`))) assert.throws(() => decodeAccount(did), WireError);
  }
});

for (const name of [
  "empty",
  "one",
  "two",
  "three_close",
  "seventeen",
  "hundred_close",
  "thousand",
  "values",
  "forged",
]) {
  test(`sum map: ${name}`, { skip }, async () => {
    const { root, sum, proofs = [], must_fail: bad } = json(`sum-map/${name}.json`);
    for (const each of proofs) {
      const found = await verifyMapProof(fromHex(root), fromHex(each.key), fromHex(each.proof));
      assert.equal(found.total, BigInt(sum));
      assert.equal(found.value !== null, each.present);
      if (each.present) assert.deepEqual([found.sum, toHex(found.value)], [BigInt(each.sum), each.value]);
    }
    const runs = bad.map((each) => () => verifyMapProof(fromHex(each.root), fromHex(each.key), fromHex(each.proof)));
    await same(`sum-map/${name}.json`, runs);
  });
}
