/**
 * The signature rule: both points are canonical encodings and not of small order, S is less than the group's order, and
 * the cofactored equation holds. Formats, *Signatures*.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { toHex } from "./bytes.js";
import { SignatureError } from "./errors.js";

/** Whether 32 bytes are a canonical encoding of a point that is not of small order. */
export function isPublicKey(key: Uint8Array): boolean {
  if (key.length !== 32) return false;
  try {
    return !ed25519.Point.fromBytes(key, false).isSmallOrder();
  } catch {
    return false;
  }
}

/**
 * Checks an Ed25519 signature by the ledger's rule.
 *
 * @param publicKey 32 bytes.
 * @param message Any bytes.
 * @param signature 64 bytes.
 * @throws SignatureError: it does not hold.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  if (publicKey.length !== 32 || signature.length !== 64) {
    const found = `${publicKey.length} and ${signature.length}`;
    throw new SignatureError(`signature: expected a key of 32 and a signature of 64 bytes, found ${found}`);
  }
  // Not zip215: encodings must be canonical, and the key not of small order; its equation is the cofactored one. That R
  // is of small order it lets pass.
  const holds =
    isPublicKey(signature.subarray(0, 32)) && ed25519.verify(signature, message, publicKey, { zip215: false });
  if (!holds) throw new SignatureError(`signature by ${toHex(publicKey)}: other bytes were signed, or by another key`);
}
