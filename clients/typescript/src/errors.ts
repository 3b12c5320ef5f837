/** What is refused, and why. */

import { latin1 } from "./bytes.js";
import type { ReasonCode } from "./layouts.js";

/** Bytes or values that are no encoding of what they should be. */
export class WireError extends Error {
  override readonly name = "WireError";

  /** `isNewer`: an operation that this version does not know. */
  constructor(
    message: string,
    readonly isNewer = false,
  ) {
    super(message);
  }
}

/** A signature that does not hold, or a key that is none. */
export class SignatureError extends Error {
  override readonly name = "SignatureError";
}

/** What was handed out does not prove what it claims. */
export class ProofError extends Error {
  override readonly name = "ProofError";
  /** A short stable code, one of `REASONS`. */
  readonly reason: ReasonCode;

  constructor(message: string, reason: ReasonCode) {
    super(message);
    this.reason = reason;
  }
}

/** Refuses with a reason: what, what was expected, what was found. */
export function refuse(reason: ReasonCode, what: string, expected: unknown, found: unknown): never {
  throw new ProofError(`${what}: expected ${String(expected)}, found ${String(found)}`, reason);
}

const NEWER = ": made by a newer Counterfoil";

/** Refuses another version than 1, the only one of every format that is known here. */
export function checkVersion(what: string, found: number | undefined): void {
  if (found !== undefined && found !== 1) {
    refuse("unknown_version", `${what}, version`, 1, found > 1 ? found + NEWER : found);
  }
}

/** Refuses what begins otherwise than it should; differently where a later version would begin so. */
export function notFile(reason: ReasonCode, what: string, data: Uint8Array, found = "other bytes"): never {
  const head = latin1(data.subarray(0, 40));
  checkVersion(what, Number(/^counterfoil\/[a-z-]{1,20}\/v([2-9]|[1-9]\d{1,2})\n/.exec(head)?.[1] ?? 1));
  return refuse(reason, what, `'counterfoil/${what}/v1\\n' at the beginning`, found);
}

/** Runs what may find that bytes are no encoding, which is a reason to refuse a proof. */
export function asProof<Value>(what: string, reason: ReasonCode, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { message, isNewer } = error;
    throw new ProofError(`${what}: ${message}${isNewer ? NEWER : ""}`, isNewer ? "unknown_version" : reason);
  }
}

/** Refuses bytes or values that are no encoding. */
export function badWire(what: string, expected: unknown, found: unknown): never {
  throw new WireError(`${what}: expected ${String(expected)}, found ${String(found)}`);
}

/** A short text for messages: never long, whatever the value. */
export function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "string") {
    const [shown, rest] =
      value.length > 60 ? [value.slice(0, 40), ` and ${value.length - 40} more characters`] : [value, ""];
    // What hides, or turns the text around it, is spelled out.
    return JSON.stringify(shown).replace(/\p{C}/gu, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`) + rest;
  }
  if (typeof value === "bigint" || typeof value === "number") return value.toString().slice(0, 60);
  return value === null ? "null" : typeof value;
}
