/** Chromium with the built page, and a ledger of the Python package, for the tests. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, noChromium } from "../../chromium.mjs";

const at = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const python = at("../../../.venv/bin/python");
const counterfoil = at("../../../.venv/bin/counterfoil");

export const BUILT = at("../dist/index.html");
export { noChromium };
/** Why there is no ledger to test with either. */
export const noLedger = noChromium || (existsSync(python) ? false : "no .venv with the Python package: make test-web");

/** A browser with pages from files; `close` it. */
export async function openBrowser() {
  const browser = await launch();

  /** The page in a context of its own. What it asked for besides itself, and what went wrong, are in `asked` and `failed`. */
  async function page(file = BUILT, { fragment = "", query = "", prepare, ...options } = {}) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
      ...options,
    });
    const opened = await context.newPage();
    const [asked, failed] = [[], []];
    const url = /^https?:/.test(file) ? file : String(pathToFileURL(file));
    opened.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:")) asked.push(request.url());
    });
    opened.on("pageerror", (error) => failed.push(String(error)));
    opened.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") failed.push(message.text());
    });
    if (prepare) await opened.addInitScript(prepare);
    // An address that is none here: it is answered with the page, and nothing leaves this machine.
    await context.route(/^https?:/, (route) =>
      route.request().url().startsWith(url) ? route.fulfill({ path: BUILT, contentType: "text/html" }) : route.abort(),
    );
    await opened.goto(`${url}${query}${fragment && `#${fragment}`}`);
    return Object.assign(opened, { asked, failed });
  }

  return { page, close: () => browser.close() };
}

/** A file as a browser is given it. */
export function fileLike([name, data]) {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(data) };
}

/** Opens these as files; `[name, bytes]` each. Resolves when they are checked. */
export async function openFiles(page, ...files) {
  const payload = files.map(fileLike);
  // What is drawn of files before is not what is waited for.
  await page.evaluate(() => document.getElementById("verdict")?.setAttribute("data-before", ""));
  await page.setInputFiles("#files", payload);
  await checked(page);
}

/** Resolves when what was opened is checked and drawn. */
export async function checked(page) {
  await page.waitForSelector("[aria-busy=false] #verdict:not([data-before])");
}

/** The text of an element, with the spaces that a reader sees. */
export async function textOf(page, selector) {
  // biome-ignore lint/performance/useDomNodeTextContent: a term and what it is of are on lines of their own only there.
  return (await page.locator(selector).first().innerText()).replaceAll(/\s+/g, " ").trim();
}

const MAKE = `
import sys
from pathlib import Path
from counterfoil import Key, Ledger, Transaction
from counterfoil.exit import exit_bundle
from counterfoil.ops import Transfer

folder = Path(sys.argv[1])
operator, roaster, ann, bob = (Key.from_seed(bytes([byte]) * 32) for byte in (1, 2, 3, 4))
with Ledger.create(folder / "club.ledger", origin="club.example/beans", operator=operator) as ledger:
    bean = ledger.create_asset(roaster, "BEAN", decimals=2, supply_cap=10**37)
    for byte in range(40):
        ledger.mint(roaster, bean, to=bytes([byte + 100]) * 32, amount=10**30 + byte)
    ledger.mint(roaster, bean, to=ann.account, amount=123_456_789_012_345_678_901)
    signed = Transaction(ledger.id, [Transfer(asset=bean, sender=ann.account, to=bob.account, amount=120)]).sign(ann)
    ledger.apply([signed])
    note = ledger.checkpoint()
    for name, data in {
        "ann.statement": ledger.prove_balance(bean, ann.account),
        "nobody.statement": ledger.prove_balance(bean, operator.account),
        "bean.statement": ledger.prove("assets", bean),
        "freeze.statement": ledger.prove("freezes", ann.account, key=bean),
        "gift.receipt": ledger.prove_transaction(signed.id),
        "last.checkpoint": note.encode(),
        "club.vkey": ledger.verifier_key.encode(),
        "ann.exit": exit_bundle(ledger, ann.account),
    }.items():
        (folder / name).write_bytes(bytes(data))
    print(ann.did)
# A name may have any printable letters, and may begin as files do.
with Ledger.create(folder / "demo.ledger", origin="counterfoil/demo", operator=operator) as ledger:
    ledger.create_asset(roaster, "BEAN")
    (folder / "demo.checkpoint").write_text(ledger.checkpoint())
    (folder / "demo.vkey").write_text(ledger.verifier_key)
with Ledger.create(folder / "markup.ledger", origin="</script><img/src=x/onerror=alert(1)>", operator=operator) as ledger:
    ledger.create_asset(roaster, "BEAN")
`;

/** A folder with real proofs of a real ledger, and pages that \`counterfoil prove --html\` wrote of it. */
export function makeLedger() {
  const folder = mkdtempSync(join(tmpdir(), "counterfoil-page-"));
  writeFileSync(join(folder, "make.py"), MAKE);
  const ann = execFileSync(python, ["make.py", folder], { cwd: folder, encoding: "utf8" }).trim();
  const prove = (out, args, ledger = "club.ledger") => {
    execFileSync(counterfoil, ["prove", ...args, "-l", ledger, "--html", "-o", out], { cwd: folder });
    return join(folder, out);
  };
  return { folder, ann, prove, remove: () => rmSync(folder, { recursive: true }) };
}
