/** Bytes: joined, compared, and as text and numbers. */

import { badWire, describe } from "./errors.js";

/** Bytes as they are hashed and sent. */
export type Bytes = Uint8Array<ArrayBuffer>;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

/** Bytes after their number, in a byte: at most 255. */
export function counted(data: Uint8Array): Bytes {
  return concat(Uint8Array.of(data.length), data);
}

/** Whether two have the same bytes. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, place) => byte === right[place]);
}

/** Whether it begins with these bytes. */
export function startsWith(data: Uint8Array, beginning: Uint8Array): boolean {
  return data.length >= beginning.length && beginning.every((byte, place) => byte === data[place]);
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Bytes {
  return utf8Encoder.encode(text);
}

/** The text of UTF-8 bytes; undefined where they are none. */
export function textOf(data: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(data);
  } catch {
    return undefined;
  }
}

/** One character a byte, for texts that have to be ASCII. */
export function latin1(data: Uint8Array): string {
  let text = "";
  for (let place = 0; place < data.length; place += 8_192) {
    text += String.fromCharCode(...data.subarray(place, place + 8_192));
  }
  return text;
}

/** Lower-case hexadecimal digits. */
export function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The bytes of hexadecimal digits.
 *
 * @throws WireError: other characters, or half a byte.
 */
export function fromHex(text: string): Bytes {
  if (text.length % 2 || !/^[0-9a-fA-F]*$/.test(text)) badWire("hexadecimal", "pairs of digits", describe(text));
  return Uint8Array.from({ length: text.length / 2 }, (_, place) =>
    Number.parseInt(text.slice(2 * place, 2 * place + 2), 16),
  );
}

/** Base64 with padding. */
export function toBase64(data: Uint8Array): string {
  return btoa(latin1(data));
}

/** The bytes of base64 in its one form; undefined for anything else. */
export function fromBase64(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return undefined;
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // Encoding again refuses what is decoded but not written so: bits after the end.
  return toBase64(data) === text ? data : undefined;
}

/** A number of big-endian bytes. */
export function fromBigEndian(data: Uint8Array): bigint {
  return data.length ? BigInt(`0x${toHex(data)}`) : 0n;
}

/** The big-endian bytes of a number that has room in them. */
export function toBigEndian(value: bigint | number, size: number): Bytes {
  return fromHex(
    BigInt(value)
      .toString(16)
      .padStart(2 * size, "0"),
  );
}
