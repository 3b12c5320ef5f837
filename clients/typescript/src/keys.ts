/** Keys, and what they sign: transactions, and slips of campaigns. Formats, *Transactions*. */

import { ed25519 } from "@noble/curves/ed25519.js";
import { encodeDidKey } from "./account.js";
import { type Bytes, concat, toHex, utf8 } from "./bytes.js";
import { encode } from "./codec.js";
import { badWire } from "./errors.js";
import { sha256 } from "./hash.js";
import { signMessage, transactionId } from "./ids.js";
import type { Operation, RoleSignature, Slip } from "./layouts.js";

const DERIVATION_SALT = utf8("counterfoil/key/v1");
export const AUTHORIZERS_MAX = 16;
const VALID_MS = 120_000n;

/** An Ed25519 key that signs: for the account that it is the id of, or with `on` for one that has named it. */
export class Key {
  /** The public key, 32 bytes, which is the id of its own account. */
  readonly account: Bytes;
  readonly #seed: Bytes;

  private constructor(seed: Bytes) {
    this.#seed = seed;
    this.account = ed25519.getPublicKey(seed) as Bytes;
  }

  /** A new random key. */
  static generate(): Key {
    return new Key(crypto.getRandomValues(new Uint8Array(32)));
  }

  /**
   * The key of 32 secret bytes.
   *
   * @throws WireError: another length.
   */
  static fromSeed(seed: Uint8Array): Key {
    return new Key(checkSeed(seed));
  }

  /**
   * The key that a member uses in one programme, out of one seed for all of them: nobody can tell without the seed that
   * the keys of two programmes are one person's. HKDF, RFC 5869, with SHA-256.
   *
   * @param seed 32 secret bytes, which are no key of themselves.
   * @param programme The programme's name: its ledger's origin, say.
   * @throws WireError: a seed of another length, or a name that is empty or no Unicode text.
   */
  static async derive(seed: Uint8Array, programme: string): Promise<Key> {
    if (programme === "" || /\p{Surrogate}/u.test(programme))
      badWire("programme", "a name", "an empty text or none of Unicode");
    const secret = await crypto.subtle.importKey("raw", checkSeed(seed), "HKDF", false, ["deriveBits"]);
    const how = { name: "HKDF", hash: "SHA-256", salt: DERIVATION_SALT, info: utf8(programme) };
    return new Key(new Uint8Array(await crypto.subtle.deriveBits(how, secret, 256)));
  }

  /** The text of its own account: `did:key:z6Mk…`. */
  get did(): string {
    return encodeDidKey(this.account);
  }

  /** This key as one of those that an account with a record has named. */
  on(account: Bytes): Signer {
    return { account, key: this };
  }

  /** The signature of any bytes, 64 bytes. */
  sign(message: Uint8Array): Bytes {
    return ed25519.sign(message, this.#seed) as Bytes;
  }

  /** Its account, never its secret. */
  toString(): string {
    return `Key(${this.did})`;
  }
}

function checkSeed(seed: Uint8Array): Bytes {
  if (seed.length !== 32) badWire("seed", "32 bytes", seed.length);
  return Uint8Array.from(seed);
}

/** A key that signs for an account that has named it. */
export interface Signer {
  readonly account: Bytes;
  readonly key: Key;
}

type Of<Kind extends Operation["kind"]> = Omit<Extract<Operation, { kind: Kind }>, "kind">;
type Absent<Fields> = { [Name in keyof Fields]: null extends Fields[Name] ? Name : never }[keyof Fields];
/** The fields of an operation; what may be absent may be left out. */
export type OperationFields<Kind extends Operation["kind"]> = Omit<Of<Kind>, Absent<Of<Kind>>> &
  Partial<Pick<Of<Kind>, Absent<Of<Kind>>>>;

/** An operation, by its name on the wire: `operation("transfer", { asset, sender, to, amount: 5n })`. */
export function operation<Kind extends Operation["kind"]>(kind: Kind, fields: OperationFields<Kind>): Operation {
  return { kind, ...fields } as unknown as Operation;
}

/** What is to be signed. */
export interface Unsigned {
  /** The ledger's id, 32 bytes. */
  readonly ledger: Bytes;
  /** What is done, all or nothing. */
  readonly operations: readonly Operation[];
  /** Before which time it may be applied, ms; in two minutes if left out. */
  readonly validUntil?: bigint;
  /** 16 bytes that no other transaction of its first signer has; random if left out. */
  readonly nonce?: Bytes;
}

/** A signed transaction. */
export interface Signed {
  /** Its id, 32 bytes: by it the ledger knows it again. */
  readonly id: Bytes;
  /** What is sent to the ledger. */
  readonly bytes: Bytes;
}

/**
 * Signs a transaction by each of these keys.
 *
 * @param signers 1 to 16 that differ, the first of which its nonce belongs to.
 * @throws TypeError, WireError: no operations, a value of another type or out of range, signers that are none, or too many
 * bytes.
 */
export async function signTransaction(unsigned: Unsigned, ...signers: readonly (Key | Signer)[]): Promise<Signed> {
  const { ledger, operations } = unsigned;
  if (!operations.length) badWire("operations", "1 or more", 0);
  const keys = signers.map((signer) => (signer instanceof Key ? signer : signer.key));
  const authorizers = signers.map((signer) =>
    signer instanceof Key
      ? { account: signer.account, key: null }
      : { account: signer.account, key: signer.key.account },
  );
  const distinct = new Set(authorizers.map((each) => toHex(encode("Authorizer", each)))).size;
  if (distinct !== signers.length || distinct < 1 || distinct > AUTHORIZERS_MAX) {
    badWire("signers", `1 to ${AUTHORIZERS_MAX} that differ`, `${signers.length}, ${distinct} of them different`);
  }
  const transaction = {
    version: 1,
    ledger,
    validUntil: unsigned.validUntil ?? BigInt(Date.now()) + VALID_MS,
    nonce: unsigned.nonce ?? crypto.getRandomValues(new Uint8Array(16)),
    authorizers,
    operations,
  };
  const id = await transactionId(transaction);
  const signatures = keys.map((key) => key.sign(signMessage(id)));
  return { id, bytes: encode("SignedTransaction", { transaction, signatures }) };
}

/** What is signed of a slip. */
export async function slipMessage(ledger: Bytes, campaign: Bytes, slip: Slip): Promise<Bytes> {
  return concat(utf8("counterfoil/slip/v1\n"), ledger, await sha256(campaign, encode("Slip", slip)));
}

/** Signs a slip in a role of its campaign. */
export async function signSlip(
  ledger: Bytes,
  campaign: Bytes,
  slip: Slip,
  role: number,
  key: Key,
): Promise<RoleSignature> {
  return { role, key: key.account, signature: key.sign(await slipMessage(ledger, campaign, slip)) };
}
