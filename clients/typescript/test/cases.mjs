/** What every client must say of clients/proofs.json, checked without node, so that browsers check it, too. */

import { fromBase64, fromHex, ProofError, toHex, Verifier } from "../dist/index.js";

const BYTES = new Set(["ledger", "asset", "account", "key", "record_id"]);

/** A name of the wire in TypeScript. */
export function camel(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** The options of a case, as this package calls and types them. */
function optionsOf({ ledger, tolerance_ms: toleranceMs, witnesses, need, ...options }) {
  const typed = (name, value) => (name === "table" ? value : BYTES.has(name) ? fromHex(value) : BigInt(value));
  const given = Object.entries(options).filter(([, value]) => value !== null);
  return {
    made: {
      ledger: ledger ? fromHex(ledger) : undefined,
      toleranceMs: toleranceMs ? Number(toleranceMs) : undefined,
      witnesses,
      need: need ? Number(need) : undefined,
    },
    call: Object.fromEntries(given.map(([name, value]) => [camel(name), typed(name, value)])),
  };
}

/** The claim or the reason. */
async function answer(run) {
  try {
    return { claim: await run() };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const isGood = /expected .*found/s.test(error.message) && error.message.length < 1_000;
    return { reason: isGood ? error.reason : `a message that says too little or too much: ${error.message}` };
  }
}

/** A value as it stands in the cases. */
function plain(value) {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) {
    const cosignature = ({ witness, time }) => [witness.name, String(time)];
    return JSON.stringify(value.map((each) => (each instanceof Uint8Array ? toHex(each) : cosignature(each))));
  }
  return value === null ? null : String(value);
}

function expect(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

/** Checks a case. */
export async function checkCase({ vkeys, inputs }, { method, vkey, inputs: places, options, proof, claim, reason }) {
  const { made, call } = optionsOf(options);
  const verifier = await Verifier.of(vkeys[vkey], made);
  const [first, second] = places.map((place) => fromBase64(inputs[place]));
  const last = proof?.map((step) => fromHex(step));
  const found = await answer(() => (last ? verifier.consistency(first, second, last) : verifier[method](first, call)));
  expect(found.reason, reason, "reason");
  for (const [name, expected] of Object.entries(claim ?? {})) {
    expect(plain(found.claim[camel(name)]), Array.isArray(expected) ? JSON.stringify(expected) : expected, name);
  }
}

/** Checks what each changed byte of an input is refused for. */
export async function checkEveryByte({ vkeys, inputs }, { method, vkey, input, options, change, reasons }) {
  const { made, call } = optionsOf(options);
  const verifier = await Verifier.of(vkeys[vkey], made);
  const data = fromBase64(inputs[input]);
  const expected = reasons.flatMap(([reason, count]) => Array(count).fill(reason));
  expect(expected.length, data.length, "reasons");
  for (const [place, reason] of expected.entries()) {
    const changed = Uint8Array.from(data);
    changed[place] ^= change;
    expect((await answer(() => verifier[method](changed, call))).reason, reason, `byte ${place}`);
  }
}

/** All of them: how many there are, and what is wrong. */
export async function checkAll(proofs) {
  const failures = [];
  const attempt = async (name, run) => {
    try {
      await run();
    } catch (error) {
      failures.push(`${name}: ${error}`);
    }
  };
  for (const each of proofs.cases) await attempt(each.name, () => checkCase(proofs, each));
  for (const each of proofs.every_byte) {
    await attempt(`every byte of a ${each.method}`, () => checkEveryByte(proofs, each));
  }
  return { count: proofs.cases.length + proofs.every_byte.length, failures };
}
