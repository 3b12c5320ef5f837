/** Sign-in: a service's text is signed once it is clear that it is a sign-in to that service. Formats, *Sign-in*. */

import { decodeAccount } from "./account.js";
import { type Bytes, equal, toHex, utf8 } from "./bytes.js";
import { badWire, describe } from "./errors.js";
import { Key, type Signer } from "./keys.js";

const CHARACTERS_MAX = 8_192;
const ENDING = " wants you to sign in with your Ed25519 account:";

// RFC 3986, appendix A, without the addresses of future versions.
const PLAIN = "A-Za-z0-9\\-._~!$&'()*+,;=";
const PCHAR = `(?:[${PLAIN}:@]|%[0-9A-Fa-f]{2})`;
const SCHEME = "[A-Za-z][A-Za-z0-9+.\\-]*";
const AUTHORITY =
  `(?:(?<user>(?:[${PLAIN}:]|%[0-9A-Fa-f]{2})*)@)?` +
  `(?:\\[(?<ip>[0-9A-Fa-f:.]+)\\]|(?<name>(?:[${PLAIN}]|%[0-9A-Fa-f]{2})*))(?::[0-9]*)?`;
const SEGMENTS = `(?:/${PCHAR}*)*`;
const PATH = `(?://${AUTHORITY}${SEGMENTS}|/(?:${PCHAR}+${SEGMENTS})?|${PCHAR}+${SEGMENTS}|)`;
const whole = (form: string) => new RegExp(`^(?:${form})$`);
const DOMAIN_FORM = whole(AUTHORITY);
const URI_FORM = whole(`${SCHEME}:${PATH}(?:\\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?`);
const STATEMENT_FORM = whole(`[${PLAIN}:/?#[\\]@ ]*`);
const TIME_FORM =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const LINES: readonly (readonly [start: string, isOfForm: (value: string) => boolean, isRequired: boolean])[] = [
  ["URI: ", isUri, true],
  ["Version: ", (value) => value === "1", true],
  ["Chain ID: ", (value) => /^cfoil:[0-9a-f]{32}$/.test(value), true],
  ["Nonce: ", (value) => /^[A-Za-z0-9]{8,}$/.test(value), true],
  ["Issued At: ", isTime, true],
  ["Expiration Time: ", isTime, false],
  ["Not Before: ", isTime, false],
  ["Request ID: ", (value) => whole(`${PCHAR}*`).test(value), false],
];

/** What the app knows of the service, not what the text says. */
export interface SignInExpectation {
  /** The host that the app or the page is connected to, with the port where it is not the usual one: `location.host`. */
  readonly domain: string;
  /** The ledger's id, 32 bytes; any ledger if left out. */
  readonly ledger?: Uint8Array;
}

/**
 * Signs a text that a service sent, if it is a sign-in to that service by the signer's account.
 *
 * @param signer A key signs in to its own account, `key.on(account)` to one that has named it.
 * @param text What the service sent.
 * @returns The signature, 64 bytes.
 * @throws WireError: the text is none of this form, or asks for another domain, account or ledger.
 */
export function signIn(signer: Key | Signer, text: string, expected: SignInExpectation): Bytes {
  const { domain, ledger } = expected;
  const match = DOMAIN_FORM.exec(domain);
  if (!hasHost(match) || match?.groups?.user !== undefined || domain !== domain.toLowerCase()) {
    badWire("domain", "a host in lower case, such as club.example or localhost:8000", describe(domain));
  }
  const found = parse(text);
  if (found.domain !== domain) badWire("sign-in, domain", domain, describe(found.domain));
  if (found.scheme !== undefined && found.scheme !== "https") badWire("sign-in, scheme", "https", found.scheme);
  if (ledger && found.chain !== `cfoil:${toHex(ledger).slice(0, 32)}`) {
    badWire("sign-in, chain id", `that of ${toHex(ledger)}`, found.chain);
  }
  if (!equal(decodeAccount(found.address), signer.account)) {
    badWire("sign-in, account", "the signer's", found.address);
  }
  return (signer instanceof Key ? signer : signer.key).sign(utf8(text));
}

/** Reads a text, and refuses what is not of the form. */
function parse(text: string): { scheme: string | undefined; domain: string; address: string; chain: string } {
  if (text.length > CHARACTERS_MAX) badWire("sign-in", `at most ${CHARACTERS_MAX} characters`, text.length);
  const lines = text.split("\n");
  const line = (place: number) => lines[place] ?? "";
  const refuse = (place: number, wanted: string) =>
    badWire(`sign-in, line ${place + 1}`, wanted, describe(line(place)));
  const asks = line(0).endsWith(ENDING) ? line(0).slice(0, -ENDING.length) : refuse(0, `'…${ENDING}'`);
  const divider = asks.lastIndexOf("://");
  const scheme = divider < 0 ? undefined : asks.slice(0, divider);
  const domain = divider < 0 ? asks : asks.slice(divider + 3);
  if (!hasHost(DOMAIN_FORM.exec(domain))) refuse(0, "the name of a host");
  if (scheme !== undefined && !whole(SCHEME).test(scheme)) refuse(0, "a scheme of RFC 3986");
  if (line(2)) refuse(2, "an empty line");
  // An empty line, or the statement and an empty line.
  const hasStatement = lines[4] === "";
  if (hasStatement ? !STATEMENT_FORM.test(line(3)) : line(3)) refuse(3, "a statement, and an empty line after it");
  let place = hasStatement ? 5 : 4;
  let chain = "";
  for (const [start, isOfForm, isRequired] of LINES) {
    if (line(place).startsWith(start)) {
      const value = line(place).slice(start.length);
      if (!isOfForm(value)) refuse(place, `'${start}…' of its form`);
      if (start === "Chain ID: ") chain = value;
      place += 1;
    } else if (isRequired) refuse(place, `'${start}…'`);
  }
  if (lines[place] === "Resources:") {
    place += 1;
    do {
      if (!line(place).startsWith("- ") || !isUri(line(place).slice(2))) refuse(place, "'- ' and a URI");
      place += 1;
    } while (place < lines.length);
  }
  if (place < lines.length) refuse(place, "the next field in order, each once, or the end");
  return { scheme, domain, address: line(1), chain };
}

/** Whether what matched has a host. */
function hasHost(match: RegExpExecArray | null): boolean {
  return isAuthority(match) && Boolean(match?.groups?.ip || match?.groups?.name);
}

/** Whether it matched, and its address is one if it has any. */
function isAuthority(match: RegExpExecArray | null): boolean {
  const ip = match?.groups?.ip;
  return match !== null && (ip === undefined || URL.canParse(`http://[${ip}]`));
}

function isUri(value: string): boolean {
  return isAuthority(URI_FORM.exec(value));
}

/** Whether it is a time of RFC 3339, of a day that there is. */
function isTime(value: string): boolean {
  const [, year, month, day] = (TIME_FORM.exec(value) ?? []).map(Number);
  if (!year || month === undefined || day === undefined) return false;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
