/** What the page says in each language: everything, with the same places in it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { OPERATIONS, REASONS, TABLES } from "counterfoil-verify";
import { buildSync } from "esbuild";

const { outputFiles } = buildSync({
  stdin: {
    contents: ["ar", "en", "fa", "he"].map((name) => `export { ${name} } from "./${name}.js";`).join("\n"),
    resolveDir: fileURLToPath(new URL("../src/messages", import.meta.url)),
  },
  bundle: true,
  format: "esm",
  write: false,
});
const languages = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);
const LETTERS = { ar: /\p{Script=Arabic}/u, en: /[A-Za-z]/, fa: /\p{Script=Arabic}/u, he: /\p{Script=Hebrew}/u };
const proofs = JSON.parse(readFileSync(new URL("../../proofs.json", import.meta.url), "utf8"));

/** Every message by its path. */
function flat(messages, path = "") {
  return Object.entries(messages).flatMap(([name, each]) =>
    typeof each === "string" ? [[path + name, each]] : flat(each, `${path}${name}.`),
  );
}

const english = new Map(flat(languages.en));
const places = (message) => message.match(/\{\w+\}/g)?.sort() ?? [];

for (const [name, messages] of Object.entries(languages)) {
  test(`${name} says everything, with the same places`, () => {
    const said = new Map(flat(messages));
    assert.deepEqual([...said.keys()].sort(), [...english.keys()].sort());
    for (const [path, message] of said) {
      assert.notEqual(message.trim(), "", path);
      assert.deepEqual(places(message), places(english.get(path)), path);
    }
  });

  test(`${name} has a sentence of its own for every reason, table and operation`, () => {
    const found = proofs.cases.flatMap(({ reason }) => reason ?? []);
    const changed = proofs.every_byte.flatMap(({ reasons }) => reasons.flatMap(([reason]) => reason ?? []));
    for (const reason of new Set([...REASONS, ...found, ...changed])) {
      assert.match(messages.reasons[reason] ?? "", LETTERS[name], reason);
      if (name !== "en") assert.notEqual(messages.reasons[reason], languages.en.reasons[reason]);
    }
    for (const table of Object.keys(TABLES)) assert.match(messages.tables[table] ?? "", LETTERS[name], table);
    for (const [, operation] of OPERATIONS) assert.match(messages.operation[operation] ?? "", LETTERS[name], operation);
  });
}

test("no two reasons have the same sentence", () => {
  for (const { reasons } of Object.values(languages)) {
    assert.equal(new Set(Object.values(reasons)).size, Object.keys(reasons).length);
  }
});

test("every message is used", () => {
  const sources = ["main", "claims", "steps", "picture", "format"].map((name) =>
    readFileSync(new URL(`../src/${name}.ts`, import.meta.url), "utf8"),
  );
  const code = sources.join("\n");
  // Groups that are looked up by what a proof, a stage or a source is.
  const lookedUp = /^(reasons|tables|operation|stage|stageState|keyFrom|columns)\./;
  const byName = new Set(["tooBig", "tooMany", "unreadable", "ballots", "bundleBad", "direction", "name", "title"]);
  for (const path of english.keys()) {
    if (lookedUp.test(path) || byName.has(path)) continue;
    assert.ok(
      new RegExp(`text\\.${path.replace(".", "\\.")}\\b`).test(code) || code.includes(`text.${path.split(".")[0]}[`),
      path,
    );
  }
});
