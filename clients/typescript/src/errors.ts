/** What is refused, and why. */

import type { ReasonCode } from "./layouts.js";

/** Bytes or values that are no encoding of what they should be. */
export class WireError extends Error {
  override readonly name = "WireError";
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

/** Refuses bytes or values that are no encoding. */
export function badWire(what: string, expected: unknown, found: unknown): never {
  throw new WireError(`${what}: expected ${String(expected)}, found ${String(found)}`);
}

/** A short text for messages: never long, whatever the value. */
export function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "string") {
    return value.length <= 60
      ? JSON.stringify(value)
      : `${JSON.stringify(value.slice(0, 40))} and ${value.length - 40} more characters`;
  }
  if (typeof value === "bigint" || typeof value === "number") return value.toString().slice(0, 60);
  return value === null ? "null" : typeof value;
}
