/** SHA-256, by WebCrypto, which browsers, node, deno and workers have. */

import { type Bytes, concat, utf8 } from "./bytes.js";

/** The hash of these bytes, one after the other: 32 bytes. */
export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

/** The id of a record: the hash of its kind and its fixed-width parts, 32 bytes. Formats, *Names*. */
export function recordId(kind: string, ...parts: readonly Uint8Array[]): Promise<Bytes> {
  return sha256(utf8(`counterfoil/${kind}/v1\n`), ...parts);
}
