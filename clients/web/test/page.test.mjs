/** The built page in Chromium, from a file, as people open it. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before, describe } from "node:test";
import { deflateRawSync, gzipSync, inflateRawSync } from "node:zlib";
import { encodeDidKey, encodeQuestion, fromHex, ProofError, REASONS, toHex, Verifier } from "counterfoil-verify";
import decodeQR from "qr/decode.js";
import {
  BUILT,
  checked,
  fileLike,
  makeLedger,
  noChromium,
  noLedger,
  openBrowser,
  openFiles,
  textOf,
} from "./browser.mjs";

const LANGUAGES = ["en", "ar", "he", "fa"];
const built = readFileSync(BUILT, "utf8");
const {
  vkeys,
  inputs,
  cases,
  every_byte: everyByte,
} = JSON.parse(readFileSync(new URL("../../proofs.json", import.meta.url), "utf8"));
const bytesOf = (place) => Buffer.from(inputs[place], "base64");
const balance = cases.find(({ method, claim }) => method === "balance" && claim?.amount === "120");
const cosigned = cases.find(({ method, claim }) => method === "balance" && claim?.cosignatures?.length > 1);
/** Of which the second checkpoint is the later one. */
const evidence = ["two.evidence", bytesOf(everyByte.find(({ method }) => method === "equivocation").input)];
const [vkey] = vkeys;
/** Another key of a ledger of the same name, by which nothing here is signed. */
const otherVkey = (() => {
  const key = Buffer.concat([Buffer.from([1]), Buffer.alloc(32, 5)]);
  const hash = createHash("sha256").update("club.example/beans\n").update(key).digest("hex");
  return `club.example/beans+${hash.slice(0, 8)}+${key.toString("base64")}`;
})();

let browser;
before(async () => {
  if (!noChromium) browser = await openBrowser();
});
after(() => browser?.close());

describe("the file", () => {
  test("has less than 220 kB, 75 kB compressed", () => {
    const size = Buffer.byteLength(built);
    const sent = gzipSync(built, { level: 9 }).length;
    assert.ok(size < 220_000 && sent < 75_000, `${size} and ${sent} bytes`);
  });

  test("allows its own script and style by their hashes, and nothing else", () => {
    const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(built);
    const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const [, style] = /<style>(.*?)<\/style>/s.exec(built);
    const [, script] = /<script>(.*?)<\/script>/s.exec(built);
    assert.equal(
      policy,
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  test("is beside the Python package, the same", () => {
    assert.equal(readFileSync(new URL("../../../python/counterfoil/page.html", import.meta.url), "utf8"), built);
  });
});

/** The file of a case: where the question stands apart from its statement, put before it as files have it. */
function fileOf({ inputs: [input], options }) {
  const data = bytesOf(input);
  const { table = "holders", key = options.asset ?? "", record_id: id = options.account } = options;
  const isBare = data.subarray(0, 24).toString("latin1") === "counterfoil/statement/v1";
  return isBare && id ? Buffer.concat([encodeQuestion(table, fromHex(key ?? ""), fromHex(id)), data]) : data;
}

/** What the verifier says of a file with these keys and no other options, asked for what the file begins as. */
async function expected(each) {
  const {
    vkey: place,
    options: { witnesses, need },
  } = each;
  const verifier = await Verifier.of(vkeys[place], { witnesses, need: need === undefined ? undefined : Number(need) });
  const data = fileOf(each);
  const beginning = data.subarray(0, 30).toString("latin1");
  const kinds = {
    receipt: "c2sp.org/tlog-proof@",
    checkpoint: "club.example/beans\n",
    equivocation: "counterfoil/equivocation/v1\n",
  };
  const [method = "record"] = Object.keys(kinds).filter((kind) => beginning.startsWith(kinds[kind]));
  try {
    await verifier[method](data);
    return method === "equivocation" ? "Two histories" : "Proven";
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return `Not proven ${error.reason}`;
  }
}

describe("every case that clients are tested with", { skip: noChromium }, () => {
  const groups = new Map();
  for (const each of cases) {
    if (each.method === "consistency") continue;
    const {
      vkey: place,
      options: { witnesses, need },
    } = each;
    const key = JSON.stringify([place, witnesses, need]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const told = new Set();

  test("is proven or refused for its reason", async () => {
    let count = 0;
    let same = 0;
    for (const group of groups.values()) {
      const page = await browser.page();
      const [{ vkey: place, options }] = group;
      await page.fill("#vkey", vkeys[place]);
      if (options.witnesses) {
        await page.click(".inputs summary");
        await page.fill("#witnesses", options.witnesses.join("\n"));
        if (options.need !== undefined && options.need !== null) await page.fill("#need", String(options.need));
      }
      // One more, so that there is a table of several in any case.
      await openFiles(page, ["more", "nothing"], ...group.map((each) => [each.name, fileOf(each)]));
      const results = (await page.locator("tbody td:nth-child(2)").allInnerTexts()).map((text) => text.trim());
      assert.equal(results.shift(), "Not proven malformed_question");
      for (const [index, each] of group.entries()) {
        const should = await expected(each);
        assert.equal(results[index], should, each.name);
        count += 1;
        same += should === (each.reason ? `Not proven ${each.reason}` : "Proven") ? 1 : 0;
        if (!told.has(results[index])) {
          told.add(results[index]);
          await page
            .locator("tbody button")
            .nth(index + 1)
            .click();
          await assertTold(page, results[index], each.name);
        }
      }
      assert.deepEqual(page.failed, []);
      await page.context().close();
    }
    // The others are refused for options that the page does not have: which ledger, how old, which record.
    assert.ok(count > 450 && same > 430, `${same} of ${count}`);
  });

  test("names accounts in both spellings, and hashes as hashes", async () => {
    const page = await browser.page();
    await page.fill("#vkey", vkey);
    const told = async (name) => {
      const { claim, inputs: places } = cases.find(({ claim: found }) => found?.table === name && found.raw);
      await openFiles(page, [name, bytesOf(places[0])]);
      return [fromHex(claim.raw), await textOf(page, ".fields")];
    };
    const [redemption, atWhom] = await told("redemptions");
    assert.ok(atWhom.includes(` at ${encodeDidKey(redemption.subarray(32, 64))} acct1`), atWhom);
    const [resolution, rule] = await told("resolutions");
    assert.ok(rule.includes(` subject ${toHex(resolution.subarray(64, 96))} option`), rule);
    await page.context().close();
  });

  test("changed in any byte, is refused at a stage that the page can name", async () => {
    const page = await browser.page();
    await page.fill("#vkey", vkey);
    for (const { method, input, change, vkey: place } of everyByte) {
      if (place !== 0) continue;
      const whole = bytesOf(input);
      const files = [];
      for (let byte = 0; byte < whole.length; byte += 7) {
        const changed = Buffer.from(whole);
        changed[byte] ^= change;
        files.push([`${method} ${byte}`, changed]);
      }
      await openFiles(page, ...files);
      const results = await page.locator("tbody td:nth-child(2)").allInnerTexts();
      assert.equal(results.length, files.length);
      // A change may ask something else that is proven too, such as the absence of another record: never with no result.
      assert.ok(results.every((text) => /^(Proven|Not proven [a-z_]+)$/.test(text.trim())));
    }
    assert.deepEqual(page.failed, []);
    await page.context().close();
  });
});

/** That a refusal says in words where and why, in all languages; of what is proven, that it says so. */
async function assertTold(page, result, name) {
  const verdict = await textOf(page, "#verdict");
  const [, reason] = result.split("Not proven ");
  if (reason === undefined) {
    assert.equal(verdict, result, name);
    return;
  }
  assert.ok(REASONS.includes(reason));
  assert.equal(verdict, "Not proven", name);
  const body = await textOf(page, ".ticket .body");
  assert.match(body, /The check failed here: .+\./, name);
  assert.match(body, new RegExp(`Reason ${reason} Expected and found .*expected .*found `), name);
  assert.equal(await page.locator(".stages .failed").count(), 1, name);
  const before = await page.locator(".stages .failed ~ .held").count();
  assert.equal(before, 0, name);
}

describe("what is proven", { skip: noLedger }, () => {
  let made;
  let file;
  before(() => {
    made = makeLedger();
    file = (name) => [name, readFileSync(join(made.folder, name))];
  });
  after(() => made?.remove());

  test("is said in a sentence, exactly, in whole units where the asset's record is there", async () => {
    const page = await browser.page();
    await openFiles(page, file("ann.statement"), file("club.vkey"));
    assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
    assert.equal(await textOf(page, ".status"), "Checked: Proven.");
    assert.match(
      await textOf(page, ".sentence"),
      /^On \d+ \w+ \d{4} at \d\d:\d\d UTC, did:key:z6Mk\w+…\w{4} held 123,456,789,012,345,678,781 of 40,000,000,000,123,456,789,012,345,679,681 minor units in circulation of the asset [0-9a-f]{8}…, by the ledger club\.example\/beans\.$/,
    );
    assert.match(await textOf(page, ".ticket .body"), /Minor units are the smallest/);
    await openFiles(page, file("ann.statement"), file("bean.statement"));
    assert.match(
      await textOf(page, ".sentence"),
      /held 1,234,567,890,123,456,787\.81 of 400,000,000,001,234,567,890,123,456,796\.81 BEAN in circulation, by/,
    );
    assert.equal(await page.locator("tbody tr").count(), 2);
    assert.match(
      await textOf(page, "tbody tr:nth-child(1)"),
      /^a balance: 1,234,567,890,123,456,787\.81 BEAN did:key:z6Mk\w+…\w{4} Proven/,
    );
    assert.match(await textOf(page, "tbody tr:nth-child(2)"), /^the terms of an asset: BEAN [0-9a-f]{8}… Proven/);
    const facts = await textOf(page, ".result dl");
    for (const fact of [made.ann, "club.example/beans", "not asked: you named no witnesses", "Time, UTC 20"]) {
      assert.ok(facts.includes(fact), `${fact} in ${facts}`);
    }
    assert.deepEqual([page.asked, page.failed], [[], []]);
    await page.context().close();
  });

  test("is also that nothing is there", async () => {
    const page = await browser.page();
    await openFiles(page, file("nobody.statement"), file("bean.statement"), file("club.vkey"));
    assert.match(
      await textOf(page, ".sentence"),
      /held no BEAN, by the ledger club\.example\/beans\. In circulation were 400,/,
    );
    await openFiles(page, file("freeze.statement"));
    assert.match(await textOf(page, ".sentence"), /had no such record: a freeze of an account\.$/);
    assert.match(
      await textOf(page, ".told p"),
      /Step 1 of \d+ The directory of tables shows at this place that there is no such table/,
    );
    await page.context().close();
  });

  test("of a receipt are its operations, of a checkpoint its size", async () => {
    const page = await browser.page();
    await openFiles(page, file("gift.receipt"), file("club.vkey"));
    assert.match(
      await textOf(page, ".sentence"),
      /^On .+ UTC, the ledger club\.example\/beans applied this transaction: transfer\.$/,
    );
    assert.ok((await textOf(page, ".result")).includes(`sender ${made.ann}`));
    await openFiles(page, file("last.checkpoint"));
    assert.match(
      await textOf(page, ".sentence"),
      /^The ledger club\.example\/beans has signed a log of \d+ entries\.$/,
    );
    await page.context().close();
  });

  test("of an asset's record are all its fields", async () => {
    const page = await browser.page();
    await openFiles(page, file("bean.statement"), file("club.vkey"));
    const said = await textOf(page, ".result");
    for (const fact of ["symbol BEAN", "decimals 2", "supply_cap 10,000,000", "claw_back none", "paused no"]) {
      assert.ok(said.includes(fact), fact);
    }
    await page.context().close();
  });

  test("of a member's exit bundle is each statement and receipt", async () => {
    const page = await browser.page();
    await openFiles(page, file("ann.exit"), file("club.vkey"));
    assert.equal(await textOf(page, ".status"), "Checked: 5. Proven: 5.");
    await page.context().close();
  });

  test("of a ledger that is named as files begin is not mistaken for a statement", async () => {
    const page = await browser.page();
    await openFiles(page, file("demo.checkpoint"), file("demo.vkey"));
    assert.match(await textOf(page, ".sentence"), /^The ledger counterfoil\/demo has signed a log of \d+ entries\.$/);
    await page.context().close();
  });

  test("of another page that somebody sent is checked here, with one's own key", async () => {
    const page = await browser.page();
    const sent = ["ann.html", readFileSync(made.prove("sent.html", ["balance", "BEAN", made.ann]))];
    await openFiles(page, sent);
    assert.equal(await textOf(page, "#verdict"), "Not checked");
    assert.equal(await page.inputValue("#vkey"), "");
    await openFiles(page, sent, file("club.vkey"));
    assert.equal(await textOf(page, ".status"), "Checked: 2. Proven: 2.");
    assert.match(await textOf(page, ".ticket .body"), /This key is from a file that you chose/);
    await page.setInputFiles("#files", [
      fileLike(["cut.html", sent[1].toString().replace('"proofs": ["', '"proofs": ["_')]),
    ]);
    await page.waitForSelector(".notices p");
    assert.match(await textOf(page, ".notices"), /cut\.html is a bundle of proofs that is not whole/);
    await page.context().close();
  });

  test("does not stand for what is opened next and cannot be read", async () => {
    const page = await browser.page("https://page.example/");
    const [name, bundle] = file("ann.exit");
    for (const [payload, notice] of [
      [[name, bundle.subarray(0, -1)], /ann\.exit is a bundle of proofs that is not whole/],
      [["vote.ballots", "counterfoil/ballots/v1\n"], /vote\.ballots is a file of ballots/],
      [
        ["film.statement", Buffer.alloc(2_000_001)],
        /film\.statement has 2,000,001 bytes\. Files of its kind have at most/,
      ],
    ]) {
      await openFiles(page, file("ann.statement"), file("club.vkey"));
      assert.equal(await textOf(page, "#verdict"), "Proven");
      await page.setInputFiles("#files", [fileLike(payload)]);
      await page.waitForSelector(".notices p");
      await page.waitForSelector("#verdict", { state: "detached" });
      assert.match(await textOf(page, ".notices"), notice);
      assert.equal(await page.textContent(".status"), "");
      assert.equal(await page.evaluate(() => document.activeElement.id), "files");
    }
    await openFiles(page, file("ann.statement"));
    await page.evaluate(() => {
      location.hash = "proof=1zAAAA";
    });
    await page.waitForSelector("#verdict", { state: "detached" });
    assert.deepEqual(page.failed, []);
    // Nor where the page has a fault.
    await openFiles(page, file("ann.statement"));
    await page.evaluate(() => {
      setTimeout(() => {
        throw new Error("out of order");
      });
    });
    await page.waitForSelector("#verdict", { state: "detached" });
    assert.match(await textOf(page, ".notices"), /This page has a fault: .*out of order/);
    assert.equal(await page.getAttribute(".result", "aria-busy"), "false");
    await page.context().close();
  });

  test("does not stand for what is still checked, and how far that is, is shown and seldom said", async () => {
    const page = await browser.page();
    await openFiles(page, file("ann.statement"), file("club.vkey"));
    await page.evaluate(() => {
      globalThis.told = [];
      const status = document.querySelector(".status");
      const see = () => globalThis.told.push([performance.now(), status.textContent]);
      new MutationObserver(see).observe(status, { childList: true });
    });
    const [, statement] = file("ann.statement");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(statement.length);
    const many = Array(3_000).fill(Buffer.concat([length, statement]));
    await page.setInputFiles("#files", [
      fileLike(["many.exit", Buffer.concat([Buffer.from("counterfoil/exit/v1\n"), Buffer.alloc(32), ...many])]),
    ]);
    await page.waitForSelector(".busy:not([hidden])");
    const [verdicts, shown, value] = await page.evaluate(() => [
      document.querySelectorAll("#verdict").length,
      document.querySelector(".busy").textContent,
      document.querySelector("progress").value,
    ]);
    assert.deepEqual([verdicts, value > 0 && value < 1], [0, true]);
    assert.match(shown, /Checking: [\d,]+ of 3,000/);
    await checked(page);
    assert.equal(await page.isVisible(".busy"), false);
    const told = await page.evaluate(() => globalThis.told.filter(([, text]) => text));
    assert.match(told[0][1], /^Checking: [\d,]+ of 3,000$/);
    assert.equal(told.at(-1)[1], "Checked: 3,000. Proven: 3,000.");
    const pauses = told.slice(1, -1).map(([time], place) => time - told[place][0]);
    assert.ok(
      pauses.every((pause) => pause > 2_900),
      String(pauses),
    );
    await page.context().close();
  });

  test("is what was dropped last, whatever is read last", async () => {
    const page = await browser.page();
    await openFiles(page, file("club.vkey"), file("bean.statement"));
    await page.evaluate(
      ([first, last]) => {
        const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const drop = (files) => {
          const dataTransfer = new DataTransfer();
          for (const each of files) dataTransfer.items.add(each);
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        };
        drop(Array.from({ length: 60 }, (_, place) => new File([bytes(first)], `${place}`)));
        drop([new File([bytes(last)], "last")]);
      },
      [file("ann.statement")[1].toString("base64"), file("gift.receipt")[1].toString("base64")],
    );
    await page.waitForFunction(() => /applied this/.test(document.querySelector(".sentence")?.textContent));
    await page.waitForTimeout(500);
    assert.match(await textOf(page, ".sentence"), /applied this transaction: transfer/);
    assert.equal(await page.locator("tbody tr").count(), 0);
    await page.context().close();
  });

  test("among many is told from what is not", async () => {
    const page = await browser.page();
    const bad = Buffer.from(file("ann.statement")[1]);
    bad[300] ^= 1;
    await openFiles(page, file("ann.statement"), ["bad.statement", bad], file("club.vkey"));
    assert.equal(await textOf(page, ".summary .warning"), "Checked: 2. Proven: 1.");
    await openFiles(page, file("ann.statement"), file("bean.statement"));
    assert.equal(await textOf(page, ".summary .note"), "Checked: 2. Proven: 2.");
    assert.equal(await page.locator(".summary .warning").count(), 0);
    await page.context().close();
  });

  test("is printed whole, in dark ink", async () => {
    const page = await browser.page();
    await openFiles(page, ...Array(30).fill(file("ann.statement")), file("club.vkey"));
    await page.selectOption("#theme", "dark");
    const seen = () =>
      page.evaluate(() => {
        const { clientHeight, scrollHeight } = document.querySelector(".rows");
        return [clientHeight === scrollHeight, getComputedStyle(document.body).color];
      });
    assert.deepEqual(await seen(), [false, "rgb(236, 230, 216)"]);
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await seen(), [true, "rgb(30, 27, 21)"]);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.selectOption("#theme", "auto", { force: true });
    assert.deepEqual(await seen(), [true, "rgb(30, 27, 21)"]);
    await page.context().close();
  });

  test("fails, once changed, at the part that was changed", async () => {
    const [, whole] = file("ann.statement");
    const page = await browser.page();
    await openFiles(page, file("club.vkey"), file("ann.statement"));
    let place = whole.indexOf("counterfoil/statement/v1\n") + 25;
    for (const [part, stage] of [
      ["record proof", "the way from the record to its table’s root"],
      ["directory proof", "the way from the table to the state root"],
      ["commit entry", "the way through the log to the checkpoint"],
      ["inclusion hashes", "the way through the log to the checkpoint"],
      ["note", "the signature under the checkpoint"],
    ]) {
      const length = whole.readUInt32BE(place);
      const changed = Buffer.from(whole);
      // The last byte of the hashes and sums, and of a note a digit of the size of the log, which is signed.
      const at = part === "note" ? whole.indexOf("\n", place + 4) + 1 : place + 4 + length - 1;
      changed[at] ^= 1;
      await openFiles(page, ["changed.statement", changed]);
      assert.match(await textOf(page, ".sentence"), new RegExp(`failed here: ${stage}\\.$`), part);
      place += 4 + length;
    }
    await openFiles(page, ["cut.statement", whole.subarray(0, -1)]);
    assert.match(await textOf(page, ".sentence"), /failed here: the form of the file\.$/);
    await page.context().close();
  });

  test("is stepped through with keys, each step read out", async () => {
    for (const [lang, forth] of [
      ["en", "ArrowRight"],
      ["ar", "ArrowLeft"],
    ]) {
      const page = await browser.page(BUILT, { query: `?lang=${lang}` });
      await openFiles(page, file("ann.statement"), file("bean.statement"), file("club.vkey"));
      const steps = await page.locator(".row").count();
      assert.ok(steps > 12);
      const step = () => textOf(page, ".told p[aria-live=polite]");
      const at = () =>
        page.evaluate(() => [...document.querySelectorAll(".row")].findIndex((row) => row.matches(".now")));
      // To the picture by keys alone, from where the focus was put.
      for (let tries = 0; tries < 10; tries += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate(() => document.activeElement.matches(".path"))) break;
      }
      const first = await step();
      await page.keyboard.press("ArrowDown");
      assert.equal(await at(), 1);
      assert.notEqual(await step(), first);
      await page.keyboard.press(forth);
      assert.equal(await at(), 2);
      await page.keyboard.press("ArrowUp");
      assert.equal(await at(), 1);
      await page.keyboard.press("End");
      assert.equal(await at(), steps - 1);
      await page.keyboard.press("ArrowDown");
      assert.equal(await at(), steps - 1);
      const isSeen = await page.evaluate(() => {
        const [row, box] = [".row.now", ".path"].map((name) => document.querySelector(name).getBoundingClientRect());
        return row.bottom <= box.bottom + 1 && row.top >= box.top;
      });
      assert.ok(isSeen, "the last row is scrolled to");
      await page.keyboard.press("Home");
      assert.equal(await step(), first);
      // The buttons, too.
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      assert.equal(await at(), 1);
      assert.equal(await page.locator("details ol li").count(), steps);
      await page.context().close();
    }
  });

  test("is drawn to the root that was signed: each pair gives what the next one has", async () => {
    const page = await browser.page();
    await openFiles(page, file("ann.statement"), file("bean.statement"), file("club.vkey"));
    const sentences = await page
      .locator(".told details li")
      .evaluateAll((items) => items.map((item) => item.textContent));
    let hash;
    let pairs = 0;
    for (const sentence of sentences) {
      const hashes = sentence.match(/[0-9a-f]{64}/g) ?? [];
      if (sentence.startsWith("The left half")) {
        assert.ok(hashes.slice(0, -1).includes(hash), sentence);
        pairs += 1;
      }
      hash = hashes.at(-1) ?? hash;
    }
    assert.ok(pairs > 8, `${pairs} pairs`);
    const note = file("last.checkpoint")[1].toString();
    const root = Buffer.from(note.split("\n")[2], "base64").toString("hex");
    assert.ok(sentences.some((sentence) => sentence.startsWith("The checkpoint of") && sentence.includes(root)));
    await page.context().close();
  });

  test("is compared with one's own account", async () => {
    const page = await browser.page();
    await openFiles(page, file("ann.statement"), file("club.vkey"));
    assert.match(await textOf(page, ".ticket .body"), /The file says that it is about this account/);
    await page.fill("#account", made.ann);
    await page.waitForFunction(() => document.body.textContent.includes("This is the account that you entered."));
    await page.fill("#account", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp");
    await page.waitForSelector(".ticket.refused");
    assert.match(await textOf(page, ".ticket .body"), /Reason wrong_question/);
    await page.fill("#account", "bob");
    await page.waitForFunction(() =>
      /This is not an account/.test(document.getElementById("account-fault").textContent),
    );
    assert.equal(await page.getAttribute("#account", "aria-invalid"), "true");
    await page.context().close();
  });

  test("travels in a link and its QR code, and opens from a file again", async () => {
    const page = await browser.page("https://page.example/check.html");
    await openFiles(page, file("ann.statement"), file("club.vkey"));
    const link = await page.inputValue("#link");
    assert.match(link, /^https:\/\/page\.example\/check\.html#proof=1[pz][A-Za-z0-9_-]+&vkey=club/);
    assert.equal(
      scan(await page.locator(".qr path").getAttribute("d"), await page.getAttribute(".qr", "viewBox")),
      link,
    );
    await page.uncheck(".check input");
    const bare = await page.inputValue("#link");
    assert.ok(!bare.includes("vkey") && link.startsWith(bare));
    await page.context().close();

    const fragment = new URL(link).hash.slice(1);
    const again = await browser.page(BUILT, { fragment });
    await checked(again);
    assert.equal(await textOf(again, "#verdict"), "Proven");
    assert.match(await textOf(again, ".ticket .body"), /This key came with the link\. Whoever made the link could/);
    assert.match(await textOf(again, ".share"), /This page is a file on this device/);
    // Changed in one bit it is refused, cut off it is no proof.
    const [, packed] = /proof=([^&]+)/.exec(fragment);
    const changed = packed.startsWith("1z")
      ? inflateRawSync(Buffer.from(packed.slice(2), "base64url"))
      : Buffer.from(packed.slice(2), "base64url");
    assert.deepEqual(changed, file("ann.statement")[1]);
    changed[400] ^= 1;
    await again.evaluate(
      (hash) => {
        location.hash = hash;
      },
      fragment.replace(packed, `1p${changed.toString("base64url")}`),
    );
    await again.waitForSelector(".ticket.refused");
    await again.evaluate(() => {
      location.hash = "proof=1zAAAA";
    });
    await again.waitForSelector(".notices p");
    assert.match(await textOf(again, ".notices"), /The link does not carry a whole proof/);
    assert.deepEqual([again.asked, again.failed], [[], []]);
    await again.context().close();
  });

  test("that a link claims to be small cannot fill the memory", async () => {
    const page = await browser.page();
    const bomb = await page.evaluate(async () => {
      const stream = new Blob([new Uint8Array(50_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
      const packed = new Uint8Array(await new Response(stream).arrayBuffer());
      return btoa(packed.reduce((text, byte) => text + String.fromCharCode(byte), ""));
    });
    const fragment = `proof=1z${bomb.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
    await page.evaluate((hash) => {
      location.hash = hash;
    }, fragment);
    await page.waitForSelector(".notices p");
    assert.match(await textOf(page, ".notices"), /does not carry a whole proof/);
    await page.context().close();
  });

  test("that a link has many of cannot fill it either", async () => {
    const page = await browser.page(BUILT, {
      prepare: () => {
        globalThis.unpacked = 0;
        const Real = DecompressionStream;
        globalThis.DecompressionStream = class extends Real {
          constructor(format) {
            super(format);
            globalThis.unpacked += 1;
          }
        };
      },
    });
    const proof = `proof=1z${deflateRawSync(Buffer.alloc(2_000_000), { level: 9 }).toString("base64url")}`;
    await page.evaluate((hash) => {
      location.hash = hash;
    }, Array(50).fill(proof).join("&"));
    await page.waitForSelector(".notices p");
    assert.match(await textOf(page, ".notices"), /does not carry a whole proof/);
    assert.equal(await page.evaluate(() => globalThis.unpacked), 11);
    await page.context().close();
  });

  test("comes inside the page that prove --html writes, with a warning about its key", async () => {
    const page = await browser.page(made.prove("ann.html", ["balance", "BEAN", made.ann]));
    await checked(page);
    assert.match(await textOf(page, ".sentence"), /held 1,234,567,890,123,456,787\.81 of .+ BEAN in circulation/);
    assert.match(await textOf(page, ".ticket .body"), /This key came inside this page\. Whoever made the page could/);
    assert.equal(await textOf(page, ".status"), "Checked: 2. Proven: 2.");
    assert.deepEqual([page.asked, page.failed], [[], []]);
    await page.locator("tbody button").nth(1).click();
    await page.waitForFunction(() => /the terms of an asset/.test(document.querySelector(".sentence")?.textContent));
    assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
    await page.context().close();
    const changed = join(made.folder, "changed.html");
    const whole = readFileSync(join(made.folder, "ann.html"), "utf8");
    writeFileSync(
      changed,
      whole.replace(/("proofs": \["[A-Za-z0-9+/]{600})./, (_, start) => `${start}_`),
    );
    const broken = await browser.page(changed);
    await broken.waitForSelector(".notices p");
    assert.match(await textOf(broken, ".notices"), /What this page was made with cannot be read/);
    await broken.context().close();
  });

  test("holds for every kind of page that prove --html writes", async () => {
    const page = await browser.page(made.prove("terms.html", ["record", "assets", "BEAN"]));
    await checked(page);
    assert.match(await textOf(page, ".sentence"), /had this record: the terms of an asset: BEAN\.$/);
    await page.context().close();
    const entry = await browser.page(made.prove("entry.html", ["entry", "2"]));
    await checked(entry);
    assert.equal(await textOf(entry, "#verdict"), "Proven");
    await entry.context().close();
  });

  test("is shown as text, whatever it says", async () => {
    const page = await browser.page(made.prove("markup.html", ["record", "assets", "BEAN"], "markup.ledger"));
    await checked(page);
    assert.match(
      await textOf(page, ".sentence"),
      /the ledger <\/script><img\/src=x\/onerror=alert\(1\)> had this record/,
    );
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual([page.asked, page.failed], [[], []]);
    await page.context().close();
  });

  test("can be read with assistive tools in every language, light and dark, wide and narrow", async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
    const bad = Buffer.from(file("ann.statement")[1]);
    bad[300] ^= 1;
    const views = {
      empty: [],
      "without a key": [file("ann.statement")],
      proven: [file("ann.statement"), file("bean.statement"), file("club.vkey")],
      refused: [["bad.statement", bad], file("club.vkey")],
      "two histories": [evidence, ["club.vkey", vkey]],
    };
    for (const lang of LANGUAGES) {
      for (const colorScheme of ["light", "dark"]) {
        for (const [view, files] of Object.entries(views)) {
          const where = `${lang}, ${colorScheme}, ${view}`;
          const narrow = { width: 320, height: 640 };
          const page = await browser.page("https://page.example/", {
            query: `?lang=${lang}`,
            colorScheme,
            ...(colorScheme === "dark" && { viewport: narrow }),
          });
          await page.evaluate(axe);
          if (files.length) {
            await page.setInputFiles("#files", files.map(fileLike));
            await page.waitForSelector("#verdict");
          }
          for (const summary of await page.locator("summary").all()) await summary.click();
          const { violations } = await page.evaluate(() => globalThis.axe.run());
          assert.deepEqual(
            violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]),
            [],
            where,
          );
          await page.setViewportSize(narrow);
          const sizes = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.deepEqual(sizes, [320, 320], `${where}: nothing sticks out sideways`);
          assert.equal(await page.evaluate(() => document.documentElement.dir), lang === "en" ? "ltr" : "rtl");
          assert.deepEqual(page.failed, [], where);
          await page.context().close();
        }
      }
    }
  });
});

/** What a reader of QR codes, which is not by those who draw them, reads in the modules of a path. */
function scan(path, viewBox) {
  const size = Number(viewBox.split(" ")[2]);
  const scale = 4;
  const data = new Uint8Array(size * size * scale * scale * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h/g)) {
    for (let down = 0; down < scale; down += 1) {
      const start = ((Number(y) * scale + down) * size * scale + Number(x) * scale) * 4;
      for (let right = 0; right < scale; right += 1) data.fill(0, start + right * 4, start + right * 4 + 3);
    }
  }
  return decodeQR({ width: size * scale, height: size * scale, data }, { timeLimit: 10_000 });
}

describe("evidence of two histories", { skip: noChromium }, () => {
  test("is neither proven nor refused, and shows both of them", async () => {
    const { treeSize, rootHashes, checkpoints } = await (await Verifier.of(vkey)).equivocation(evidence[1]);
    const page = await browser.page();
    await openFiles(page, evidence, ["club.vkey", vkey]);
    assert.equal(await textOf(page, "#verdict"), "Two histories");
    assert.equal(await textOf(page, ".status"), "Checked: Two histories.");
    assert.match(
      await textOf(page, ".sentence"),
      /^The operator of club\.example\/beans has signed two histories: the first 4 entries of the log have two different roots\.$/,
    );
    const said = await textOf(page, ".result");
    assert.equal(treeSize, 4n);
    for (const root of [...rootHashes, checkpoints[1].rootHash]) assert.ok(said.includes(toHex(root)));
    assert.match(
      said,
      /First checkpoint 4 entries, root .* Second checkpoint 6 entries, root .* Beginning of the second 4 entries/,
    );
    assert.equal(await page.locator(".ticket.refused").count(), 1);
    assert.equal(await page.locator(".share, .path, .ticket.proven").count(), 0);
    assert.ok(!said.includes("It does not prove what happened"));
    await openFiles(page, evidence, ["bob.statement", bytesOf(balance.inputs[0])]);
    assert.equal(await textOf(page, ".summary .warning"), "Checked: 2. Proven: 1.");
    const cut = Buffer.from(evidence[1]);
    cut[cut.length - 1] ^= 1;
    await openFiles(page, ["cut.evidence", cut]);
    assert.match(await textOf(page, ".sentence"), /failed here: the contradiction between the two checkpoints\.$/);
    assert.deepEqual(page.failed, []);
    await page.context().close();
  });

  test("is not checked with a key that came with it", async () => {
    const page = await browser.page("https://page.example/", {
      fragment: `proof=1p${evidence[1].toString("base64url")}&vkey=${encodeURIComponent(vkey)}`,
    });
    await checked(page);
    assert.equal(await textOf(page, "#verdict"), "Not checked");
    assert.match(
      await textOf(page, ".sentence"),
      /evidence against the operator of club\.example\/beans\. It is checked only/,
    );
    assert.equal(await textOf(page, ".status"), "Not checked");
    await page.click("#keep");
    await openFiles(page, evidence);
    assert.equal(await textOf(page, "#verdict"), "Two histories");
    assert.match(await textOf(page, ".ticket .body"), /You kept this key on this device/);
    await page.context().close();
  });
});

describe("the key", { skip: noChromium }, () => {
  const statement = ["bob.statement", bytesOf(balance.inputs[0])];

  test("is asked for, by the name of the ledger, and focused", async () => {
    const page = await browser.page();
    await openFiles(page, statement);
    assert.equal(await textOf(page, "#verdict"), "Not checked");
    assert.match(await textOf(page, ".sentence"), /verifier key of club\.example\/beans is needed/);
    await page.click(".ticket button");
    assert.equal(await page.evaluate(() => document.activeElement.id), "vkey");
    await page.keyboard.insertText(vkey);
    await page.waitForSelector(".ticket.proven");
    assert.match(await textOf(page, "#trust"), /You entered this key/);
    await page.fill("#vkey", otherVkey);
    await page.waitForSelector(".ticket.refused");
    assert.match(await textOf(page, ".ticket .body"), /not signed with the key entered here.*Reason wrong_key/);
    await page.fill("#vkey", "club.example/beans+00000000+nonsense");
    await page.waitForSelector(".ticket.unchecked");
    assert.match(await textOf(page, "#vkey-fault"), /This is not a verifier key: .*expected .*found/);
    await page.context().close();
  });

  test("is kept for its ledger, goes before one that a link brings, and can be forgotten", async () => {
    const page = await browser.page("https://page.example/");
    await openFiles(page, statement);
    await page.fill("#vkey", vkey);
    await page.click("#keep");
    assert.equal(await textOf(page, "#keep"), "Forget it");
    const fragment = new URL(await page.inputValue("#link")).hash.slice(1);
    const forged = fragment.replace(/vkey=.*/, `vkey=${encodeURIComponent(otherVkey)}`);
    await page.goto("about:blank");
    await page.goto(`https://page.example/#${forged}`);
    await checked(page);
    assert.equal(await textOf(page, "#verdict"), "Proven");
    assert.match(await textOf(page, ".ticket .body"), /You kept this key on this device/);
    assert.match(await textOf(page, ".notices"), /Careful: what you opened brought another key than yours/);
    // Nor does it help to put a proof about another ledger first.
    const stranger = Buffer.from("other.example/log\n1\nAAAA\n\n— other.example/log AAAAAAAA\n").toString("base64url");
    await page.goto("about:blank");
    await page.goto(`https://page.example/#proof=1p${stranger}&${forged}`);
    await checked(page);
    assert.match(await textOf(page, ".notices"), /Careful: what you opened brought another key than yours/);
    assert.match(await textOf(page, "tbody tr:nth-child(2)"), /Proven/);
    await page.click("#keep");
    await page.goto("about:blank");
    await page.goto(`https://page.example/#${forged}`);
    await checked(page);
    assert.equal(await textOf(page, "#verdict"), "Not proven");
    await page.context().close();
  });

  test("is neither kept for pages from files, nor taken from what another file may have kept", async () => {
    const page = await browser.page(BUILT, {
      prepare: `localStorage.setItem("counterfoil:ledger:club.example/beans", ${JSON.stringify(
        JSON.stringify({ vkey, witnesses: "", need: "" }),
      )})`,
    });
    await openFiles(page, statement);
    assert.equal(await textOf(page, "#verdict"), "Not checked");
    await page.fill("#vkey", vkey);
    await page.waitForSelector(".ticket.proven");
    assert.equal(await page.locator("#keep").count(), 0);
    await page.context().close();
  });

  test("of a witness that somebody named is asked for, whatever was kept", async () => {
    const [witness, other] = cosigned.options.witnesses;
    const page = await browser.page("https://page.example/");
    await page.fill("#vkey", vkey);
    await page.click("#keep");
    await page.reload();
    await openFiles(page, ["shop.witness", witness], statement);
    assert.equal(await page.inputValue("#witnesses"), witness);
    for (const _ of "twice") {
      assert.match(await textOf(page, ".ticket .body"), /Reason too_few_witnesses/);
      await openFiles(page, statement);
    }
    await page.fill("#witnesses", other);
    await openFiles(page, statement);
    assert.equal(await page.inputValue("#witnesses"), other);
    assert.match(await textOf(page, ".ticket .body"), /Reason too_few_witnesses/);
    // Those that were kept are not forgotten for one that is opened along.
    await page.click("#keep");
    await page.reload();
    await openFiles(page, ["shop.witness", witness], statement);
    assert.equal(await page.inputValue("#witnesses"), `${other}\n${witness}`);
    // An empty field names none: what was kept counts again.
    await page.fill("#witnesses", "");
    await openFiles(page, statement);
    assert.equal(await page.inputValue("#witnesses"), other);
    await page.context().close();
  });

  test("of witnesses that came inside a page does not count beside a key of one's own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "counterfoil-page-"));
    try {
      const path = join(folder, "cosigned.html");
      const { witnesses } = cosigned.options;
      const embedded = { vkey, witnesses, need: 1, proofs: [inputs[cosigned.inputs[0]]] };
      const place = '<script type="application/json" id="embedded">';
      writeFileSync(
        path,
        built.replace(place, () => place + JSON.stringify(embedded)),
      );
      for (const bring of [
        (page) => page.fill("#vkey", `${vkey}\n`),
        (page) => openFiles(page, ["club.vkey", vkey]),
        async (page) => {
          await page.fill("#need", "2");
          await page.fill("#vkey", `${vkey}\n`);
        },
      ]) {
        const page = await browser.page(path);
        await checked(page);
        assert.match(await textOf(page, ".result"), /Cosigned by shop\.example\/witness, on/);
        assert.match(
          await textOf(page, ".ticket .warning"),
          /could have put in other keys, of the ledger and of witnesses/,
        );
        await bring(page);
        await page.waitForFunction(() => /you named no witnesses/.test(document.querySelector(".result").textContent));
        assert.deepEqual([await page.inputValue("#witnesses"), await page.inputValue("#need")], ["", ""]);
        assert.equal(await page.locator(".warning").count(), 0);
        await page.context().close();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("alone leaves the focus where files are chosen", async () => {
    const page = await browser.page();
    await page.setInputFiles("#files", [fileLike(["club.vkey", vkey])]);
    await page.waitForFunction(() => document.activeElement.id === "files");
    assert.equal(await page.inputValue("#vkey"), vkey);
    await page.context().close();
  });

  test("is used where the browser lets nothing be kept", async () => {
    const page = await browser.page("https://page.example/", {
      prepare: () => {
        Object.defineProperty(globalThis, "localStorage", {
          get() {
            throw new DOMException("denied", "SecurityError");
          },
        });
      },
    });
    await page.fill("#vkey", vkey);
    await openFiles(page, statement);
    assert.equal(await textOf(page, "#verdict"), "Proven");
    await page.click("#keep");
    assert.match(await textOf(page, "#trust"), /lets the page keep nothing here/);
    await page.selectOption("#theme", "dark");
    await page.selectOption("#language", "he");
    await page.waitForFunction(() => document.getElementById("verdict").textContent === "הוכח");
    assert.equal(await page.evaluate(() => document.activeElement.id), "language");
    assert.deepEqual(page.failed, []);
    await page.context().close();
  });

  test("of witnesses is asked for as many as are needed, and what they signed is shown", async () => {
    const page = await browser.page();
    await page.fill("#vkey", vkeys[cosigned.vkey]);
    await page.click(".inputs summary");
    await page.fill("#witnesses", cosigned.options.witnesses.join("\n"));
    await page.fill("#need", "0");
    await openFiles(page, ["cosigned", bytesOf(cosigned.inputs[0])]);
    const names = cosigned.claim.cosignatures.map(([name]) => name);
    const said = await textOf(page, ".result");
    for (const name of names) assert.match(said, new RegExp(`${name.replaceAll(".", "\\.")}, on \\d+ \\w+ \\d{4}`));
    await page.locator(".told .primary").click();
    await page.locator(".path").press("End");
    assert.match(await textOf(page, ".told p"), /has cosigned it, on/);
    await page.fill("#need", "99");
    await page.waitForSelector(".ticket.unchecked");
    assert.match(await textOf(page, "#need-fault"), /Expected a whole number from 0 to/);
    await page.context().close();
  });
});

describe("what is no proof", { skip: noChromium }, () => {
  test("is not read where it is larger than any is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "counterfoil-page-"));
    try {
      const large = join(folder, "film.statement");
      writeFileSync(large, "");
      truncateSync(large, 100_000_000);
      const page = await browser.page(BUILT, {
        prepare: () => {
          globalThis.bytesRead = 0;
          const { arrayBuffer } = Blob.prototype;
          Blob.prototype.arrayBuffer = function read() {
            globalThis.bytesRead += this.size;
            return arrayBuffer.call(this);
          };
        },
      });
      await page.setInputFiles("#files", large);
      await page.waitForSelector(".notices p");
      assert.equal(
        await textOf(page, ".notices"),
        "film.statement has 100,000,000 bytes. Files of its kind have at most 2,000,000, so it was not read.",
      );
      assert.ok((await page.evaluate(() => globalThis.bytesRead)) <= 64);
      await page.context().close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("is named: a picture, ballots, a text", async () => {
    const page = await browser.page();
    await page.setInputFiles("#files", [{ name: "code.png", mimeType: "image/png", buffer: Buffer.from("x") }]);
    await page.waitForSelector(".notices p");
    // Chromium on Linux does not read codes; where it does, there is none in this picture.
    assert.match(await textOf(page, ".notices"), /cannot read QR codes from pictures|There is no QR code/);
    await page.setInputFiles("#files", [fileLike(["vote.ballots", "counterfoil/ballots/v1\n"])]);
    await page.waitForFunction(() => /ballots/.test(document.querySelector(".notices").textContent));
    await page.fill("#vkey", vkey);
    await openFiles(page, ["letter.txt", "Dear Ann, you have 1,000 points."]);
    assert.match(await textOf(page, ".ticket .body"), /This is not a file of proofs.*Reason malformed_question/);
    assert.deepEqual(page.failed, []);
    await page.context().close();
  });

  test("is said of a picture with a code of something else", async () => {
    const page = await browser.page(BUILT, {
      // Chromium on Linux reads no codes: this stands for what finds the text of one.
      prepare: () => {
        globalThis.createImageBitmap = async () => ({});
        globalThis.BarcodeDetector = class {
          async detect() {
            return [{ rawValue: globalThis.code }];
          }
        };
      },
    });
    const open = async (code) => {
      await page.evaluate((text) => {
        globalThis.code = text;
      }, code);
      await page.setInputFiles("#files", [{ name: "code.png", mimeType: "image/png", buffer: Buffer.from("x") }]);
    };
    const proof = `proof=1p${Buffer.from(inputs[balance.inputs[0]], "base64").toString("base64url")}`;
    await open(`https://page.example/#lang=en&${proof}&vkey=${encodeURIComponent(vkey)}`);
    await page.waitForSelector(".ticket.proven");
    assert.match(await textOf(page, ".ticket .body"), /This key came with the link/);
    await open("https://shop.example/#offers");
    await page.waitForSelector("#verdict", { state: "detached" });
    assert.match(await textOf(page, ".notices"), /There is no QR code with a proof in code\.png/);
    await page.context().close();
  });

  test("is dropped like a file that is chosen", async () => {
    const page = await browser.page();
    await page.fill("#vkey", vkey);
    const data = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], "bob.statement"));
      return transfer;
    }, inputs[balance.inputs[0]]);
    await page.dispatchEvent("body", "drop", { dataTransfer: data });
    await page.waitForSelector(".ticket.proven");
    await page.context().close();
  });
});

test("where the browser gives no WebCrypto, the page says so", { skip: noChromium }, async () => {
  const page = await browser.page("http://page.example/");
  assert.equal(await page.evaluate(() => globalThis.isSecureContext), false);
  assert.match(await textOf(page, ".notices"), /does not let this page hash, so nothing can be checked here/);
  assert.equal(await page.isVisible("#files"), false);
  await page.context().close();
});
