/** The page: what is opened, with what it is checked, and what came of it. */

import { type Bytes, decodeAccount, fromHex, toHex, Verifier, WireError } from "counterfoil-verify";
import {
  contradictionFacts,
  factList,
  facts,
  fieldsOf,
  idOf,
  operationsOf,
  sentence,
  subject,
  timeOf,
  type Units,
  unitOf,
  unitsOf,
} from "./claims.js";
import { type Child, h, ltr } from "./dom.js";
import { type Contradiction, examine, type Finding, type Proven, type Refusal } from "./examine.js";
import { isoTime, number, time } from "./format.js";
import { canKeep, forgetTrust, keep, keepTrust, recall, recallTrust } from "./keep.js";
import {
  beginsWith,
  type Carried,
  decodeFragment,
  EQUIVOCATION,
  embedded,
  encodeFragment,
  type KeyFile,
  type Loaded,
  load,
  originOf,
} from "./load.js";
import { fill, isLanguage, LANGUAGES, type Language, speak, text } from "./messages/index.js";
import { pictureOf } from "./picture.js";
import { canReadCodes, QR_BYTES_MAX, qrOf, readCodes } from "./qr.js";
import { stepsOf } from "./steps.js";
import { type Fault, NO_TRUST, type Trust, verifierOf, witnessLines } from "./trust.js";

/** How far a ledger's clock may be ahead of this one's, as verifiers have it. */
const TOLERANCE_MS = 300_000n;
/** After so many ms of checking the page draws how far it is, */
const BREATH_MS = 50;
/** and after so many it says it: a screen reader that is told more often says nothing else. */
const TELL_MS = 3_000;

interface Proof {
  readonly data: Bytes;
  /** Undefined until it is checked, for want of a key. */
  finding: Finding | undefined;
}

const state = {
  proofs: [] as Proof[],
  /** The place of the one that is shown. */
  chosen: 0,
  trust: NO_TRUST,
  /** A key that came with what was opened, and is not the one that is used. */
  otherKey: undefined as string | undefined,
  fault: undefined as Fault | undefined,
  account: "",
  notices: [] as (() => Child)[],
  verifier: undefined as Verifier | undefined,
  /** Whether somebody named the witnesses here: they are asked for, whatever key comes. */
  hasOwnWitnesses: false,
  /** Counts what is opened, so that what is read slowly does not come after what was opened later. */
  opened: 0,
  /** Counts the checks, so that one that was overtaken stops. */
  run: 0,
};

const result = h("div", { class: "result" });
const notices = h("div", { class: "notices", role: "alert" });
const status = h("p", { class: "status", role: "status" });
const progress = h("progress");
const progressText = h("p");
/** What `status` says of a long check, seen, and more often. */
const busy = h("div", { hidden: true, "aria-hidden": "true", class: "busy" }, progress, progressText);
const inputs = h("section", { class: "inputs" });
const header = h("header", { class: "bar" });
const main = h("main", {});

/** A text that somebody typed as an account: either of its spellings, or 64 hexadecimal digits. */
function accountFrom(typed: string): Bytes {
  return /^[0-9a-f]{64}$/i.test(typed) ? fromHex(typed) : decodeAccount(typed);
}

function ownAccount(): Bytes | undefined {
  try {
    return state.account ? accountFrom(state.account) : undefined;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

/** Of which ledger what was opened says that it is. */
function origin(): string | undefined {
  return state.proofs.map(({ data }) => originOf(data)).find((name) => name !== undefined);
}

/** The name of the ledger whose key it is. */
function ledgerOf(trust: Trust): string | undefined {
  return trust.vkey.trim().split("+")[0] || undefined;
}

/** Takes these proofs in place of those before, with the keys that came with them, and checks them. */
async function open(
  proofs: readonly Bytes[],
  offered: Trust | undefined,
  keys: readonly KeyFile[] = [],
): Promise<void> {
  state.proofs = proofs.map((data) => ({ data, finding: undefined }));
  state.chosen = 0;
  state.otherKey = undefined;
  // Where a key came along, it counts for which ledger that is: by no other key could these proofs be proven. If the
  // proofs' own word counted, one about another ledger put first would hide that the key is not the one kept.
  const name = offered ? ledgerOf(offered) : origin();
  const kept = name === undefined ? undefined : recallTrust(name);
  const isOwn = (state.trust.source === "typed" || state.trust.source === "file") && state.trust.vkey !== "";
  // What somebody brought goes before what was kept, and that before what came with the proof, which is worth least.
  if (!isOwn) {
    const { witnesses, need } = state.trust;
    state.trust = kept ?? offered ?? (state.trust.source === "kept" ? NO_TRUST : state.trust);
    if (state.hasOwnWitnesses) state.trust = { ...state.trust, witnesses, need };
  }
  for (const key of keys) takeKey(key);
  if (offered && offered.vkey.trim() !== state.trust.vkey.trim()) state.otherKey = offered.vkey;
  // What came of something else must not stand for this while it is checked.
  result.replaceChildren();
  drawInputs();
  drawNotices();
  await check();
}

/** Checks everything again: after files, keys or an account came or changed. */
async function check(): Promise<void> {
  state.run += 1;
  const { run } = state;
  const { proofs } = state;
  const account = ownAccount();
  setChecking(true);
  status.textContent = "";
  const made = state.trust.vkey.trim() ? await verifierOf(state.trust) : undefined;
  if (run !== state.run) return;
  state.verifier = made instanceof Verifier ? made : undefined;
  state.fault = made instanceof Verifier ? undefined : made;
  drawFaults();
  for (const proof of proofs) proof.finding = undefined;
  let drawn = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  for (const [place, proof] of state.verifier ? proofs.entries() : []) {
    if (!mayCheck(proof.data)) continue;
    const finding = await examine(state.verifier as Verifier, proof.data, account);
    if (run !== state.run) return;
    proof.finding = finding;
    const now = performance.now();
    if (now - drawn < BREATH_MS) continue;
    const done = fill(text.checking, { done: number(place + 1), all: number(proofs.length) }).textContent;
    busy.hidden = false;
    progress.value = (place + 1) / proofs.length;
    progressText.textContent = done;
    if (now - told > TELL_MS) {
      status.textContent = done;
      told = now;
    }
    await new Promise((resolve) => setTimeout(resolve));
    if (run !== state.run) return;
    drawn = performance.now();
  }
  tell();
  await drawResult();
  if (run === state.run) setChecking(false);
}

/** Until a check is done, what is drawn is what came of the one before: it is neither to be read nor clicked. */
function setChecking(isChecking: boolean): void {
  result.inert = isChecking;
  result.setAttribute("aria-busy", String(isChecking));
  busy.hidden = true;
}

/** Says what came of a check, for those who do not see it. */
function tell(): void {
  const findings = state.proofs.map(({ finding }) => finding);
  if (!findings.length) status.textContent = "";
  else if (!isAnyChecked()) status.textContent = text.unchecked;
  else if (findings.length === 1) {
    status.textContent = fill(text.checkedOne, { verdict: verdict(findings[0]) }).textContent;
  } else status.textContent = howMany().textContent;
}

function howMany(): DocumentFragment {
  const proven = state.proofs.filter(({ finding }) => isProven(finding)).length;
  return fill(text.checkedAll, { all: number(state.proofs.length), proven: number(proven) });
}

function isAnyChecked(): boolean {
  return state.proofs.some(({ finding }) => finding !== undefined);
}

function isProven(finding: Finding | undefined): finding is Proven {
  return finding !== undefined && finding.kind !== "equivocation" && finding.kind !== "refused";
}

function verdict(finding: Finding | undefined): string {
  if (finding?.kind === "equivocation") return text.contradicted;
  return finding === undefined ? text.unchecked : isProven(finding) ? text.proven : text.refused;
}

/** The name of its colours: evidence has those of a refusal, for it is bad news. */
function mark(finding: Finding | undefined): "unchecked" | "proven" | "refused" {
  return finding === undefined ? "unchecked" : isProven(finding) ? "proven" : "refused";
}

/** Evidence accuses an operator, so that it is not checked with a key that whoever accuses him brought along. */
function mayCheck(data: Bytes): boolean {
  return !(beginsWith(data, EQUIVOCATION) && isOffered());
}

/** Whether the key came with what was opened. */
function isOffered(): boolean {
  return state.trust.source === "page" || state.trust.source === "link";
}

// What is opened ------------------------------------------------------------------------------------------------------

/** Begins to open something; says later whether nothing else was opened since. */
function begin(): () => boolean {
  state.notices = [];
  state.opened += 1;
  const { opened } = state;
  return () => opened === state.opened;
}

async function openFiles(files: readonly File[]): Promise<void> {
  const isLatest = begin();
  const proofs: Bytes[] = [];
  const keys: KeyFile[] = [];
  let offered: Trust | undefined;
  for (const file of files) {
    const loaded = await load(file);
    const carried = loaded.kind === "image" ? await carriedByImage(file) : undefined;
    if (!isLatest()) return;
    if (loaded.kind === "proofs") proofs.push(...loaded.proofs);
    else if (loaded.kind === "refused") noticeRefused(file, loaded);
    else if (loaded.kind !== "image") keys.push(loaded);
    else if (carried) {
      proofs.push(...carried.proofs);
      offered ??= offeredBy(carried);
    }
  }
  if (proofs.length || state.notices.length) await open(proofs, offered, keys);
  else {
    for (const key of keys) takeKey(key);
    drawInputs();
    drawNotices();
    await check();
  }
  if (isLatest()) document.getElementById(state.proofs.length ? "verdict" : "files")?.focus();
}

/** With what is checked, but for witnesses that came inside a page: whoever made the page may have made them up. */
function ownTrust(): Trust {
  const { trust, hasOwnWitnesses } = state;
  return trust.source === "page" && !hasOwnWitnesses ? { ...trust, witnesses: "", need: "" } : trust;
}

function takeKey({ kind, vkey }: KeyFile): void {
  const trust = ownTrust();
  if (kind === "vkey") state.trust = { ...trust, vkey, source: "file" };
  else {
    const witnesses = new Set([...witnessLines(trust), vkey]);
    state.trust = { ...trust, witnesses: [...witnesses].join("\n") };
    state.hasOwnWitnesses = true;
  }
  state.otherKey = undefined;
}

function noticeRefused(file: File, refused: Extract<Loaded, { kind: "refused" }>): void {
  const most = "most" in refused ? number(refused.most) : "";
  const values = { name: h("bdi", {}, file.name), size: number(file.size), most };
  state.notices.push(() => fill(text[refused.why], values));
}

/** What the first code with a proof in a picture carries. */
async function carriedByImage(file: File): Promise<Carried | undefined> {
  if (!canReadCodes()) {
    state.notices.push(() => text.imageUnsupported);
    return undefined;
  }
  const link = (await readCodes(file)).find((code) => /#(?:.*&)?proof=/.test(code));
  if (link !== undefined) return carriedBy(link.slice(link.indexOf("#") + 1));
  state.notices.push(() => fill(text.imageNothing, { name: h("bdi", {}, file.name) }));
  return undefined;
}

async function carriedBy(fragment: string): Promise<Carried | undefined> {
  const carried = await decodeFragment(fragment);
  if (!carried) state.notices.push(() => text.linkBad);
  return carried;
}

function offeredBy({ vkey }: Carried): Trust | undefined {
  return vkey ? { ...NO_TRUST, vkey, source: "link" } : undefined;
}

async function openFragment(fragment: string, isLatest: () => boolean): Promise<void> {
  if (!fragment) return;
  const carried = await carriedBy(fragment);
  if (!isLatest()) return;
  if (isLanguage(carried?.language)) {
    speak(carried.language);
    drawAll();
  }
  if (!carried) await open([], undefined);
  else if (carried.proofs.length) await open(carried.proofs, offeredBy(carried));
}

async function openEmbedded(): Promise<void> {
  const found = embedded();
  if (found === null) {
    state.notices.push(() => text.pageBad);
    drawNotices();
  } else if (found) {
    const { vkey, witnesses, need, proofs } = found;
    const offered = {
      vkey,
      witnesses: witnesses.join("\n"),
      need: need === null ? "" : String(need),
      source: "page",
    } as const;
    await open(proofs, offered);
  }
}

// What is drawn -------------------------------------------------------------------------------------------------------

function drawAll(): void {
  drawHeader();
  drawNotices();
  drawInputs();
  // A check that is under way draws what came of it at its end.
  if (result.inert) return;
  tell();
  void drawResult();
}

function drawHeader(): void {
  const themes = (["auto", "light", "dark"] as const).map((name) => [name, text.themes[name]] as const);
  const languages = Object.entries(LANGUAGES).map(([name, { name: own }]) => [name, own] as const);
  header.replaceChildren(
    h("p", { class: "brand" }, h("bdi", { dir: "ltr", lang: "en" }, "Counterfoil")),
    select("language", text.language, languages, document.documentElement.lang, (value) => {
      speak(value as Language);
      keep("language", value);
      drawAll();
      document.getElementById("language")?.focus();
    }),
    select("theme", text.theme, themes, document.documentElement.dataset.theme ?? "auto", (value) => {
      setTheme(value);
      keep("theme", value);
    }),
  );
}

function setTheme(name: string | undefined): void {
  if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

function select(
  id: string,
  label: string,
  options: readonly (readonly [string, string])[],
  chosen: string,
  change: (value: string) => void,
): HTMLElement {
  const made = options.map(([value, name]) => {
    const lang = id === "language" ? value : undefined;
    return h("option", { value, lang, selected: value === chosen }, name);
  });
  const listen = (event: Event): void => change((event.target as HTMLSelectElement).value);
  return h("label", {}, h("span", {}, label), h("select", { id, change: listen }, ...made));
}

function drawNotices(): void {
  const { otherKey } = state;
  const warning = (): Child => fill(text.keyOther, { other: ltr(otherKey ?? "") });
  const all = otherKey === undefined ? state.notices : [...state.notices, warning];
  notices.replaceChildren(...all.map((notice) => h("p", {}, notice())));
}

/** A labelled field, with help and room for what is wrong with it. */
function field(id: string, label: string, help: Child, input: HTMLInputElement | HTMLTextAreaElement): HTMLElement {
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-help ${id}-fault`);
  input.setAttribute("autocomplete", "off");
  input.setAttribute("spellcheck", "false");
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    h("p", { class: "fault", id: `${id}-fault` }),
    h("p", { class: "help", id: `${id}-help` }, help),
  );
}

function drawInputs(): void {
  const isOpened = state.proofs.length > 0;
  main.classList.toggle("opened", isOpened);
  const files = h("input", {
    type: "file",
    id: "files",
    multiple: true,
    change: (event) => {
      const input = event.target as HTMLInputElement;
      const chosen = [...(input.files ?? [])];
      // Emptied, so that choosing the same file again is noticed.
      input.value = "";
      void openFiles(chosen);
    },
  });
  const { trust } = state;
  const edit = (part: "vkey" | "witnesses" | "need") => (event: Event) => {
    const { value } = event.target as HTMLInputElement;
    if (part === "vkey") {
      state.trust = { ...ownTrust(), vkey: value, source: "typed" };
      state.otherKey = undefined;
      [witnesses.value, need.value] = [state.trust.witnesses, state.trust.need];
    } else {
      const isPages = ownTrust() !== state.trust;
      state.trust = { ...state.trust, [part]: value };
      // How many of a page's witnesses are asked for does not make them one's own.
      if (part === "witnesses" || !isPages) state.hasOwnWitnesses = state.trust.witnesses.trim() !== "";
    }
    drawNotices();
    drawTrust();
    void check();
  };
  const vkey = h("textarea", { rows: 3, dir: "ltr", class: "code", input: edit("vkey") }, trust.vkey);
  const witnesses = h("textarea", { rows: 2, dir: "ltr", class: "code", input: edit("witnesses") }, trust.witnesses);
  const need = h("input", { inputmode: "numeric", dir: "ltr", value: trust.need, input: edit("need") });
  const account = h("input", {
    dir: "ltr",
    class: "code",
    value: state.account,
    input: (event) => {
      state.account = (event.target as HTMLInputElement).value.trim();
      void check();
    },
  });
  inputs.replaceChildren(
    h(
      "div",
      { class: "drop" },
      isOpened ? undefined : h("h1", {}, text.intro),
      isOpened ? undefined : h("p", { class: "lead" }, text.introText),
      h("div", { class: "choose" }, files, h("label", { for: "files" }, isOpened ? text.chooseMore : text.choose)),
      h("p", { class: "help" }, text.drop),
    ),
    h("h2", {}, text.settings),
    field("vkey", text.key, text.keyHelp, vkey),
    h("div", { id: "trust" }),
    field("account", text.account, text.accountHelp, account),
    h(
      "details",
      { open: trust.witnesses !== "" },
      h("summary", {}, text.witnessed),
      field("witnesses", text.witnesses, text.witnessesHelp, witnesses),
      field("need", text.need, text.needHelp, need),
    ),
  );
  drawTrust();
  drawFaults();
}

/** Where the key came from, and whether it is kept. */
function drawTrust(): void {
  const place = document.getElementById("trust");
  const { trust } = state;
  const name = ledgerOf(trust);
  if (!place) return;
  if (name === undefined) {
    place.replaceChildren();
    return;
  }
  const kept = recallTrust(name);
  const isKept = (["vkey", "witnesses", "need"] as const).every((part) => kept?.[part] === trust[part]);
  const says = h("p", { class: "help" });
  const toggle = (): void => {
    const isDone = isKept ? forgetTrust(name) : keepTrust(name, state.trust);
    if (isDone) drawTrust();
    else says.textContent = text.cannotKeep;
    document.getElementById("keep")?.focus();
  };
  const children: Child[] = [
    keyNote("help"),
    canKeep ? h("button", { type: "button", id: "keep", click: toggle }, isKept ? text.forget : text.keep) : undefined,
    says,
  ];
  place.replaceChildren(...children.filter((child) => child !== undefined));
}

function drawFaults(): void {
  const { fault } = state;
  const said = (id: Fault["field"]): Child => {
    if (fault?.field !== id) return undefined;
    if (id === "need") return fill(text.needBad, { most: number(Number(fault.detail)) });
    return fill(text.keyBad, { detail: ltr(fault.detail) });
  };
  const isBadAccount = state.account !== "" && ownAccount() === undefined;
  const bad = isBadAccount ? fill(text.accountBad, { detail: ltr(state.account.slice(0, 80)) }) : undefined;
  for (const [id, words] of [
    ...(["vkey", "witnesses", "need"] as const).map((id) => [id, said(id)] as const),
    ["account", bad] as const,
  ]) {
    document.getElementById(id)?.setAttribute("aria-invalid", String(words !== undefined));
    document.getElementById(`${id}-fault`)?.replaceChildren(...(words === undefined ? [] : [words]));
  }
}

async function drawResult(): Promise<void> {
  const { proofs, chosen } = state;
  const proof = proofs[chosen];
  if (!proof) {
    result.replaceChildren();
    return;
  }
  const { run } = state;
  const units = unitsOf(proofs.map(({ finding }) => finding));
  const { finding } = proof;
  const parts: Child[] = [];
  if (proofs.length > 1) parts.push(drawSummary(units));
  if (isProven(finding)) parts.push(...(await drawProven(finding, units)));
  else if (finding?.kind === "equivocation") parts.push(...drawContradiction(finding));
  else if (finding) parts.push(...drawRefusal(finding));
  else parts.push(drawUnchecked(proof.data));
  const shared = await drawShare(proof);
  // Somebody may have opened or chosen something else meanwhile.
  if (run !== state.run || chosen !== state.chosen) return;
  result.replaceChildren(...[...parts, shared].filter((part) => part !== undefined));
}

function drawSummary(units: Units): HTMLElement {
  const areAllProven = state.proofs.every(({ finding }) => isProven(finding));
  const rows = state.proofs.map(({ finding, data }, place) => {
    const moment = isProven(finding) ? timeOf(finding) : undefined;
    const about = isProven(finding) ? subject(finding, units) : ltr(originOf(data) ?? "?");
    const choose = async (): Promise<void> => {
      state.chosen = place;
      await drawResult();
      document.getElementById("verdict")?.focus();
    };
    const isShown = place === state.chosen;
    return h(
      "tr",
      {},
      h(
        "td",
        {},
        h(
          "button",
          { type: "button", "aria-current": isShown ? "true" : undefined, click: () => void choose() },
          about,
        ),
        isProven(finding) ? h("div", { class: "note" }, idOf(finding)) : undefined,
      ),
      h(
        "td",
        { class: mark(finding) },
        verdict(finding),
        finding?.kind === "refused" ? ltr(` ${finding.reason}`) : undefined,
      ),
      h("td", {}, moment === undefined ? "–" : time(moment)),
    );
  });
  return h(
    "section",
    { class: "summary" },
    h("h2", { id: "summary" }, text.summary),
    isAnyChecked() ? h("p", { class: areAllProven ? "note" : "warning" }, howMany()) : undefined,
    h(
      "div",
      { class: "rows", tabindex: 0, role: "region", "aria-labelledby": "summary" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...Object.values(text.columns).map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}

/** The ticket: the stub says the verdict, the other part says what it is about. */
function ticket(finding: Finding | undefined, number: string | undefined, ...children: Child[]): HTMLElement {
  const sign = { proven: "✓", refused: finding?.kind === "equivocation" ? "≠" : "✕", unchecked: "?" }[mark(finding)];
  return h(
    "section",
    { class: `ticket ${mark(finding)}`, "aria-labelledby": "verdict" },
    h(
      "div",
      { class: "stub" },
      h("span", { class: "sign", "aria-hidden": "true" }, sign),
      h("h1", { id: "verdict", tabindex: -1 }, verdict(finding)),
      number === undefined ? undefined : h("span", { class: "serial", "aria-hidden": "true" }, ltr(`№ ${number}`)),
    ),
    h("div", { class: "body" }, ...children),
  );
}

async function drawProven(proven: Proven, units: Units): Promise<Child[]> {
  const verifier = state.verifier as Verifier;
  const unit = unitOf(proven, units);
  const moment = timeOf(proven);
  const notes: Child[] = [];
  if (proven.kind === "record" && proven.claim.table === "holders") {
    const own = ownAccount();
    notes.push(
      h("p", { class: "note" }, own && toHex(own) === toHex(proven.claim.recordId) ? text.yours : text.notYours),
    );
    if (!unit) notes.push(h("p", { class: "note" }, text.minor));
  }
  if (moment !== undefined && moment > BigInt(Date.now()) + TOLERANCE_MS) {
    notes.push(h("p", { class: "warning" }, text.future, " ", ltr(isoTime(moment))));
  }
  notes.push(keyNote());
  const steps = await stepsOf(proven, verifier.key, unit);
  const parts: Child[] = [
    ticket(proven, toHex(rootOf(proven)).slice(0, 8), h("p", { class: "sentence" }, sentence(proven, units)), ...notes),
    h("section", {}, h("h2", {}, text.how), h("p", {}, text.howText), pictureOf(steps)),
    h(
      "section",
      {},
      h("h2", {}, text.facts),
      factList(facts(proven, units, state.trust.vkey.trim(), verifier.witnesses.length > 0)),
      h("p", { class: "note" }, text.limits),
    ),
  ];
  if (proven.kind === "record" && proven.claim.value !== null && proven.claim.table !== "holders") {
    const { kind, ...value } = proven.claim.value as { kind?: string };
    parts.push(
      h(
        "section",
        {},
        h("h2", {}, text.fields),
        h("p", { class: "note" }, text.fieldsHelp),
        kind === undefined ? undefined : h("p", {}, ltr(kind)),
        fieldsOf(value),
      ),
    );
  }
  if (proven.kind === "receipt") {
    const { transaction, effects } = proven.claim;
    const acted = effects.filter(({ kind }) => kind !== "nothing");
    parts.push(
      h(
        "section",
        {},
        h("h2", {}, text.operations),
        h("p", { class: "note" }, text.fieldsHelp, " ", text.authority),
        operationsOf(transaction.operations),
        ...(acted.length ? [h("h3", {}, text.effects), fieldsOf({ effects })] : []),
      ),
    );
  }
  return parts;
}

/** Where the key came from. */
function keyNote(style: "note" | "help" = "note"): HTMLElement {
  const { source } = state.trust;
  const name = ledgerOf(state.trust) ?? "";
  return h("p", { class: isOffered() ? "warning" : style }, fill(text.keyFrom[source], { origin: ltr(name) }));
}

function drawContradiction(contradiction: Contradiction): Child[] {
  const { claim } = contradiction;
  const values = { origin: h("strong", {}, ltr(claim.origin)), size: number(claim.treeSize) };
  return [
    ticket(
      contradiction,
      undefined,
      h("p", { class: "sentence" }, fill(text.contradiction, values)),
      h("p", {}, text.contradictionText),
      keyNote(),
    ),
    h("section", {}, h("h2", {}, text.facts), factList(contradictionFacts(claim, state.trust.vkey.trim()))),
  ];
}

function rootOf(proven: Proven): Bytes {
  return proven.kind === "record" ? proven.claim.stateRoot : proven.claim.rootHash;
}

function drawRefusal(refusal: Refusal): Child[] {
  const { reason, detail, stage, stages } = refusal;
  const failed = stages.indexOf(stage);
  const items = stages.map((each, place) => {
    const how = place < failed ? "held" : place === failed ? "failed" : "open";
    const sign = { held: "✓", failed: "✕", open: "·" }[how];
    return h(
      "li",
      { class: how },
      h("span", { "aria-hidden": "true", class: "sign" }, sign),
      h("span", {}, text.stage[each]),
      h("span", { class: "how" }, text.stageState[how]),
    );
  });
  return [
    ticket(
      refusal,
      undefined,
      h("p", { class: "sentence" }, fill(text.refusedText, { stage: h("strong", {}, text.stage[stage]) })),
      h("p", {}, text.reasons[reason]),
      h(
        "dl",
        {},
        h("dt", {}, text.reason),
        h("dd", {}, ltr(reason)),
        h("dt", {}, text.detail),
        h("dd", {}, h("div", { dir: "ltr", lang: "en", class: "code" }, detail)),
      ),
    ),
    h("section", {}, h("h2", {}, text.stages), h("ol", { class: "stages" }, ...items)),
  ];
}

function drawUnchecked(data: Bytes): HTMLElement {
  const name = originOf(data) ?? origin();
  const message = mayCheck(data) ? text.keyNeeded : text.ownKeyNeeded;
  const focus = (): void => document.getElementById("vkey")?.focus();
  return ticket(
    undefined,
    undefined,
    h("p", { class: "sentence" }, name === undefined ? text.keyNeededUnknown : fill(message, { origin: ltr(name) })),
    h("p", {}, h("button", { type: "button", class: "primary", click: focus }, text.keyEnter)),
  );
}

/** The address to which links lead: where the page is published, or its own; undefined where that leads nowhere else. */
function linkBase(): string | undefined {
  const base = document.documentElement.dataset.linkBase || location.href.split("#")[0] || "";
  return /^https?:/.test(base) ? base : undefined;
}

async function drawShare(proof: Proof): Promise<HTMLElement | undefined> {
  if (!isProven(proof.finding)) return undefined;
  const base = linkBase();
  const title = h("h2", {}, text.share);
  if (base === undefined) return h("section", { class: "share" }, title, h("p", {}, text.shareFile));
  const [bare, whole] = await Promise.all([
    encodeFragment([proof.data]),
    encodeFragment([proof.data], state.trust.vkey.trim()),
  ]);
  const link = h("input", { readonly: true, id: "link", dir: "ltr", class: "code", "aria-label": text.link });
  const code = h("div", { class: "code-of-link" });
  const says = h("span", { role: "status" });
  const withKey = h("input", { type: "checkbox", checked: true, change: () => draw() });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link.value);
      says.textContent = text.copied;
    } catch {
      // Not allowed, or not there: a person still can.
      link.select();
      says.textContent = text.copyFailed;
    }
  };
  function draw(): void {
    link.value = `${base}#${withKey.checked ? whole : bare}`;
    says.textContent = "";
    const { length } = new TextEncoder().encode(link.value);
    code.replaceChildren(
      length > QR_BYTES_MAX
        ? h("p", { class: "note" }, fill(text.qrTooLong, { bytes: number(length), most: number(QR_BYTES_MAX) }))
        : qrOf(link.value, text.qr),
    );
  }
  draw();
  return h(
    "section",
    { class: "share" },
    title,
    h("p", {}, text.shareText),
    h("label", { class: "check" }, withKey, h("span", {}, text.shareKey)),
    link,
    h("p", { class: "buttons" }, h("button", { type: "button", click: () => void copy() }, text.copy), says),
    code,
  );
}

// The beginning -------------------------------------------------------------------------------------------------------

function listenForDrops(): void {
  let depth = 0;
  const over = (change: number) => (event: Event) => {
    event.preventDefault();
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", over(1));
  addEventListener("dragleave", over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    void openFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

function noticeBroken(reason: unknown): void {
  // Whatever is drawn may be of something else by now.
  state.run += 1;
  setChecking(false);
  status.textContent = "";
  result.replaceChildren();
  state.notices = [() => fill(text.broken, { detail: ltr(String(reason).slice(0, 300)) })];
  drawNotices();
}

/** The language asked for: kept, or the first of the browser's that the page speaks. */
function preferred(): Language {
  const wanted = [recall("language"), ...navigator.languages.map((name) => name.split("-")[0])];
  return wanted.find(isLanguage) ?? "en";
}

async function start(): Promise<void> {
  addEventListener("unhandledrejection", ({ reason }) => noticeBroken(reason));
  addEventListener("error", ({ message }) => noticeBroken(message));
  setTheme(recall("theme"));
  const asked = new URLSearchParams(location.search).get("lang");
  speak(isLanguage(asked) ? asked : preferred());
  main.append(notices, busy, status, result, inputs);
  document.body.append(header, main);
  drawAll();
  if (!globalThis.crypto?.subtle) {
    state.notices = [() => text.noSubtle];
    inputs.hidden = true;
    drawNotices();
    return;
  }
  listenForDrops();
  addEventListener("hashchange", () => {
    const isLatest = begin();
    drawNotices();
    void openFragment(location.hash.slice(1), isLatest);
  });
  const isLatest = begin();
  await openEmbedded();
  if (isLatest()) await openFragment(location.hash.slice(1), isLatest);
}

void start();
