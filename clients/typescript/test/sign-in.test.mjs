/** Sign-in: the same texts are signed as in Python, and no others. */

import assert from "node:assert/strict";
import test from "node:test";
import { fromHex, Key, toHex, WireError } from "counterfoil-verify";
import { signIn } from "counterfoil-verify/sign-in";
import { readSignIn } from "./vectors.mjs";

const cases = readSignIn();
const key = Key.fromSeed(fromHex(cases.seed));
const ledger = fromHex(cases.ledger);

function isSigned(text, domain = cases.domain) {
  try {
    signIn(key, text, { domain, ledger });
    return true;
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    assert.ok(error.message.length < 400);
    return false;
  }
}

test("the text is signed as it is", () => {
  assert.equal(toHex(signIn(key, cases.text, { domain: cases.domain, ledger })), cases.signature);
  assert.equal(toHex(signIn(key.on(key.account), cases.text, { domain: cases.domain })), cases.signature);
});

test("the same texts are signed and refused", () => {
  const { text } = cases;
  const texts = [
    ...cases.changes.map(([found, by, signed]) => [text.replace(found, () => by), signed]),
    ...cases.texts,
  ];
  assert.ok(texts.length > 90);
  for (const [each, signed] of texts) assert.equal(isSigned(each), signed, JSON.stringify(each));
  const places = Array.from(text, (_, place) => place);
  const verdicts = (change) => places.map((place) => Number(isSigned(change(place)))).join("");
  assert.equal(
    verdicts((place) => text.slice(0, place) + text.slice(place + 1)),
    cases.without,
  );
  assert.equal(
    verdicts((place) => `${text.slice(0, place)}\n${text.slice(place)}`),
    cases.broken,
  );
});

test("another domain, account or ledger than the app expects", () => {
  for (const [domain, isExpected] of cases.domains) assert.equal(isSigned(cases.text, domain), isExpected);
  const { domain } = cases;
  assert.throws(() => signIn(key, cases.text, { domain, ledger: new Uint8Array(32) }), WireError);
  assert.throws(() => signIn(Key.generate(), cases.text, { domain }), WireError);
  assert.throws(() => signIn(key.on(new Uint8Array(32)), cases.text, { domain }), WireError);
});
