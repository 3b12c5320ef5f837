/** Account texts: `did:key:z6Mk…` for key accounts, `acct1…` for named ones. Formats, *Names*. */

import { type Bytes, fromBigEndian, toBigEndian } from "./bytes.js";
import { badWire, describe } from "./errors.js";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32M = 0x2bc830a3;
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const DID_KEY = "did:key:z";
const PREFIX = "acct";

function checkAccount(account: Uint8Array): bigint {
  if (account.length !== 32) badWire("account", "32 bytes", account.length);
  return fromBigEndian(account);
}

/**
 * The text of a key account: `did:key:z6Mk…`.
 *
 * @throws WireError: not 32 bytes.
 */
export function encodeDidKey(account: Uint8Array): string {
  let number = (0xed01n << 256n) | checkAccount(account);
  let letters = "";
  for (; number; number /= 58n) letters = (BASE58[Number(number % 58n)] ?? "") + letters;
  return DID_KEY + letters;
}

/**
 * The text of a named account: bech32m, `acct1…`.
 *
 * @throws WireError: not 32 bytes.
 */
export function encodeNamedAccount(account: Uint8Array): string {
  const data = fiveBits(checkAccount(account) << 4n, 52);
  const checksum = (bech32Checksum([...data, 0, 0, 0, 0, 0, 0]) ^ BECH32M) >>> 0;
  return `${PREFIX}1${[...data, ...fiveBits(BigInt(checksum), 6)].map((value) => BECH32[value]).join("")}`;
}

/**
 * The id that an account text spells. Each account has one text of each kind; anything else is refused.
 *
 * @throws WireError: neither of the two texts.
 */
export function decodeAccount(text: string): Bytes {
  const isDidKey = text.startsWith(DID_KEY);
  const account = text.length > 80 ? undefined : isDidKey ? decodeDidKey(text) : decodeNamedAccount(text);
  return account ?? badWire("account", "did:key:z6Mk… or acct1…", describe(text));
}

function decodeDidKey(text: string): Bytes | undefined {
  let number = 0n;
  for (const letter of text.slice(DID_KEY.length)) {
    const digit = BASE58.indexOf(letter);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  if (number >> 256n !== 0xed01n) return undefined;
  const account = toBigEndian(BigInt.asUintN(256, number), 32);
  return encodeDidKey(account) === text ? account : undefined;
}

function decodeNamedAccount(text: string): Bytes | undefined {
  const data = Array.from(text.slice(PREFIX.length + 1), (letter) => BECH32.indexOf(letter));
  if (!text.startsWith(`${PREFIX}1`) || data.length !== 58 || data.includes(-1)) return undefined;
  const number = data.slice(0, 52).reduce((value, part) => (value << 5n) | BigInt(part), 0n);
  const account = toBigEndian(number >> 4n, 32);
  // Encoding again checks the checksum and the four bits of padding at once.
  return encodeNamedAccount(account) === text ? account : undefined;
}

function fiveBits(number: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, place) => Number((number >> BigInt(5 * (count - 1 - place))) & 31n));
}

function bech32Checksum(data: readonly number[]): number {
  const prefix = Array.from(PREFIX, (letter) => letter.charCodeAt(0));
  let checksum = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = checksum >>> 25;
    checksum = (((checksum & 0x1ffffff) << 5) ^ value) >>> 0;
    GENERATORS.forEach((generator, bit) => {
      if ((top >> bit) & 1) checksum = (checksum ^ generator) >>> 0;
    });
  }
  return checksum;
}
