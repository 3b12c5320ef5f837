/** The Borsh codec: types made from the layouts. Formats, *Encoding*. */

import { type Bytes, concat, textOf, utf8 } from "./bytes.js";
import { badWire, describe, WireError } from "./errors.js";
import { LAYOUTS, type Layouts, NESTED, NO_ACTIONS, OPERATIONS } from "./layouts.js";

const TRANSACTION_BYTES_MAX = 60_000;

class Reader {
  place = 0;
  depth = 0;
  constructor(readonly data: Uint8Array) {}

  take(count: number): Bytes {
    const end = this.place + count;
    if (end > this.data.length) badWire(`at byte ${this.place}`, `${count} more bytes`, this.data.length - this.place);
    const part = this.data.slice(this.place, end);
    this.place = end;
    return part as Bytes;
  }

  integer(size: number): bigint {
    return this.take(size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  number(size: number): number {
    return Number(this.integer(size));
  }
}

/** How one type is read and, with checks, written. */
interface Type {
  read(reader: Reader): unknown;
  write(out: Uint8Array[], value: unknown, where: string): void;
}

function littleEndian(value: bigint | number, size: number): Bytes {
  let rest = BigInt.asUintN(8 * size, BigInt(value));
  return Uint8Array.from({ length: size }, () => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
}

function wrongType(where: string, expected: string, value: unknown): never {
  throw new TypeError(`${where}: expected ${expected}, found ${describe(value)}`);
}

function integer(size: number, isSigned: boolean): Type {
  const bits = 8 * size;
  const least = isSigned ? -(1n << BigInt(bits - 1)) : 0n;
  const limit = least + (1n << BigInt(bits));
  const expected = isSigned ? `from -2**${bits - 1} to 2**${bits - 1} - 1` : `from 0 to 2**${bits} - 1`;
  return {
    read: (reader) => {
      const value = reader.integer(size);
      if (size <= 4) return Number(value);
      return isSigned ? BigInt.asIntN(bits, value) : value;
    },
    write: (out, value, where) => {
      const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
      if (!isWhole) wrongType(where, "a bigint or a whole number", value);
      const found = BigInt(value);
      if (found < least || found >= limit) badWire(where, `an integer ${expected}`, describe(value));
      out.push(littleEndian(found, size));
    },
  };
}

const boolean: Type = {
  read: (reader) => {
    const { place } = reader;
    const byte = reader.number(1);
    if (byte > 1) badWire(`at byte ${place}`, "a boolean, 00 or 01", byte.toString(16).padStart(2, "0"));
    return byte === 1;
  },
  write: (out, value, where) => {
    if (typeof value !== "boolean") wrongType(where, "a boolean", value);
    out.push(littleEndian(value ? 1 : 0, 1));
  },
};

function fixedBytes(size: number): Type {
  return {
    read: (reader) => reader.take(size),
    write: (out, value, where) => {
      if (!(value instanceof Uint8Array)) wrongType(where, `a Uint8Array of ${size} bytes`, value);
      if (value.length !== size) badWire(where, `${size} bytes`, value.length);
      out.push(value);
    },
  };
}

/** Refuses what is longer than a transaction may be, and so any part of one. */
export function bounded(size: number, where: string): void {
  if (size > TRANSACTION_BYTES_MAX) badWire(where, `at most ${TRANSACTION_BYTES_MAX} bytes`, size);
}

const anyBytes: Type = {
  read: (reader) => reader.take(reader.number(4)),
  write: (out, value, where) => {
    if (!(value instanceof Uint8Array)) wrongType(where, "a Uint8Array", value);
    bounded(value.length, where);
    out.push(littleEndian(value.length, 4), value);
  },
};

const text: Type = {
  read: (reader) => {
    const length = reader.number(4);
    const { place } = reader;
    return textOf(reader.take(length)) ?? badWire(`at byte ${place}`, "UTF-8", "other bytes");
  },
  write: (out, value, where) => {
    if (typeof value !== "string") wrongType(where, "a string", value);
    if (/\p{Surrogate}/u.test(value)) badWire(where, "Unicode text", "a lone surrogate");
    const encoded = utf8(value);
    bounded(encoded.length, where);
    out.push(littleEndian(encoded.length, 4), encoded);
  },
};

function list(element: Type): Type {
  return {
    read: (reader) => {
      const { place } = reader;
      const count = reader.number(4);
      // Every element takes a byte or more, so that a false count is refused before anything is made for it.
      const left = reader.data.length - reader.place;
      if (count > left) badWire(`at byte ${place}`, `at most ${left} elements`, count);
      return Array.from({ length: count }, () => element.read(reader));
    },
    write: (out, value, where) => {
      if (!Array.isArray(value)) wrongType(where, "an array", value);
      bounded(value.length, where);
      out.push(littleEndian(value.length, 4));
      value.forEach((each, index) => element.write(out, each, `${where}[${index}]`));
    },
  };
}

function option(element: Type): Type {
  return {
    read: (reader) => {
      const { place } = reader;
      const tag = reader.number(1);
      if (tag > 1) badWire(`at byte ${place}`, "00 (absent) or 01 (present)", tag.toString(16).padStart(2, "0"));
      return tag ? element.read(reader) : null;
    },
    write: (out, value, where) => {
      const isThere = (value ?? null) !== null;
      out.push(littleEndian(isThere ? 1 : 0, 1));
      if (isThere) element.write(out, value, where);
    },
  };
}

/** The name of a field in TypeScript: `valid_until` is `validUntil`. */
function fieldName(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function fieldsOf(layout: string): [string, Type][] {
  return layout
    .split(" ")
    .filter(Boolean)
    .map((field) => {
      const [name = "", kind = ""] = field.split(":");
      return [fieldName(name), typeOf(kind)];
    });
}

function structure(name: string, layout: string): Type {
  const fields = fieldsOf(layout);
  return {
    read: (reader) => Object.fromEntries(fields.map(([field, kind]) => [field, kind.read(reader)])),
    write: (out, value, where) => {
      if (typeof value !== "object" || value === null) wrongType(where, name, value);
      for (const [field, kind] of fields) {
        kind.write(out, (value as Record<string, unknown>)[field], `${where}.${field}`);
      }
    },
  };
}

interface Variant {
  tag: number;
  kind: string;
  fields: Type;
}

/** One of several structures, told apart by a tag on the wire and by `kind` here. */
function variants(name: string, all: readonly Variant[]): Type {
  return {
    read: (reader) => {
      const found = variantAt(name, all, reader);
      return { kind: found.kind, ...(found.fields.read(reader) as object) };
    },
    write: (out, value, where) => {
      writeVariant(name, all, (value as { kind?: unknown } | null)?.kind, value, out, where);
    },
  };
}

/** One of several names. */
function choice(name: string, all: readonly Variant[]): Type {
  return {
    read: (reader) => variantAt(name, all, reader).kind,
    write: (out, value, where) => writeVariant(name, all, value, {}, out, where),
  };
}

function variantAt(name: string, all: readonly Variant[], reader: Reader): Variant {
  const { place } = reader;
  const tag = reader.number(1);
  const found = all.find((each) => each.tag === tag);
  if (found) return found;
  const message = `at byte ${place}: expected a known tag of ${name}, found ${tag.toString(16).padStart(2, "0")}`;
  throw new WireError(message, name === "Operation");
}

function writeVariant(
  name: string,
  all: readonly Variant[],
  kind: unknown,
  value: unknown,
  out: Uint8Array[],
  where: string,
): void {
  const found = all.find((each) => each.kind === kind);
  if (!found) {
    throw new TypeError(
      `${where}: expected ${name}, one of ${all.map((each) => each.kind).join(", ")}; found ${describe(kind)}`,
    );
  }
  out.push(littleEndian(found.tag, 1));
  found.fields.write(out, value, where === name ? found.kind : where);
}

/** A type within itself, at most so deep. */
function nested(name: string, depthMax: number): Type {
  const whole = (): Type => types.get(`of ${name}`) ?? remember(`of ${name}`, compileLayout(name));
  return {
    read: (reader) => {
      reader.depth += 1;
      if (reader.depth > depthMax)
        badWire(`at byte ${reader.place}`, `${name} nested at most ${depthMax} deep`, "deeper");
      const value = whole().read(reader);
      reader.depth -= 1;
      return value;
    },
    write: (out, value, where) => whole().write(out, value, where),
  };
}

/** Any operation that a proposal may be about, so that none has proposals in it. */
const action: Type = {
  read: (reader) => {
    const { place } = reader;
    const tag = reader.number(1);
    if (NO_ACTIONS.includes(tag))
      badWire(`at byte ${place}`, "an operation that a proposal may be about", tag.toString(16));
    reader.place = place;
    return typeOf("Operation").read(reader);
  },
  write: (out, value, where) => {
    const kind = (value as { kind?: unknown } | null)?.kind;
    const isNone = OPERATIONS.some(([tag, name]) => name === kind && NO_ACTIONS.includes(tag));
    if (isNone) badWire(where, "an operation that a proposal may be about", kind);
    typeOf("Operation").write(out, value, where);
  },
};

const types = new Map<string, Type>();

function remember(name: string, made: Type): Type {
  types.set(name, made);
  return made;
}

function typeOf(name: string): Type {
  return types.get(name) ?? remember(name, compile(name));
}

function compile(name: string): Type {
  if (name.endsWith("?")) return option(typeOf(name.slice(0, -1)));
  if (name.startsWith("[")) return list(typeOf(name.slice(1, -1)));
  if (name === "Action") return action;
  if (name === "Operation") {
    return variants(
      name,
      OPERATIONS.map(([tag, kind, layout]) => ({ tag, kind, fields: structure(kind, layout) })),
    );
  }
  const depthMax = NESTED[name];
  if (depthMax !== undefined) return nested(name, depthMax);
  if (name in LAYOUTS) return compileLayout(name);
  if (name === "bool") return boolean;
  if (name === "str") return text;
  if (name === "bytes") return anyBytes;
  if (name === "id") return fixedBytes(32);
  if (name.startsWith("bytes")) return fixedBytes(Number(name.slice(5)));
  return integer(Number(name.slice(1)) / 8, name.startsWith("i"));
}

function compileLayout(name: string): Type {
  const layout = LAYOUTS[name] ?? "";
  if (!/^\d/.test(layout)) return structure(name, layout);
  const all = layout.split(" | ").map((variant) => {
    const [tag = "", kind = "", ...rest] = variant.split(" ");
    return { tag: Number(tag), kind, fields: structure(kind, rest.join(" ")), isPlain: rest.length === 0 };
  });
  return all.every((variant) => variant.isPlain) ? choice(name, all) : variants(name, all);
}

/**
 * The one value that exactly these bytes encode.
 *
 * @throws WireError: the bytes end early or late, or are no value's one encoding.
 */
export function decode<Name extends keyof Layouts>(name: Name, data: Uint8Array): Layouts[Name] {
  const reader = new Reader(data);
  let value: unknown;
  try {
    value = typeOf(name).read(reader);
  } catch (error) {
    if (error instanceof WireError) throw new WireError(`${name}, ${error.message}`, error.isNewer);
    throw error;
  }
  if (reader.place !== data.length) badWire(name, `${reader.place} bytes`, data.length);
  return value as Layouts[Name];
}

/**
 * The bytes of a value.
 *
 * @throws TypeError: a value of another type.
 * @throws WireError: a number out of range, bytes of another length.
 */
export function encode<Name extends keyof Layouts>(name: Name, value: Layouts[Name]): Bytes {
  const out: Uint8Array[] = [];
  typeOf(name).write(out, value, name);
  return concat(...out);
}
