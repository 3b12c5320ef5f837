/** Numbers, amounts, times and ids as people read them, in the language in use. */

import { type Bytes, encodeDidKey, encodeNamedAccount, toHex } from "counterfoil-verify";
import { h, ltr } from "./dom.js";
import { locale } from "./messages/index.js";

/** What is needed to show amounts in whole units. */
export interface Unit {
  readonly symbol: string;
  readonly decimals: number;
}

const AGES: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
/** The last moment that a date can be of, ms. */
const TIME_MAX = 8_640_000_000_000_000n;
/** A longer number does not fit into a box of the picture. */
const DIGITS_MAX = 13;

export function number(value: bigint | number): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** An amount, exactly: a double would lose its last digits. */
export function amount(units: bigint, unit?: Unit): string {
  const decimals = unit?.decimals ?? 0;
  if (!decimals) return number(units);
  const scale = 10n ** BigInt(decimals);
  const digits = new Intl.NumberFormat(locale, { useGrouping: false });
  const point = new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === "decimal");
  const fraction = Array.from((units % scale).toString().padStart(decimals, "0"), (digit) =>
    digits.format(BigInt(digit)),
  );
  return `${number(units / scale)}${point?.value ?? "."}${fraction.join("")}`;
}

/** An amount where there is little room: the long ones rounded. */
export function roughly(units: bigint, unit?: Unit): string {
  const exact = amount(units, unit);
  if (exact.length <= DIGITS_MAX) return exact;
  const value = Number(units) / 10 ** (unit?.decimals ?? 0);
  const notation = value >= 0.001 && value < 1e9 ? "standard" : "scientific";
  return `≈ ${new Intl.NumberFormat(locale, { notation, maximumSignificantDigits: 4 }).format(value)}`;
}

/** A time in ms, with its zone: that of this device unless another is named. */
export function time(ms: bigint, timeZone?: string): string {
  if (ms > TIME_MAX) return `${number(ms)} ms`;
  const shown = { year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale, { ...shown, timeZoneName: "short", timeZone }).format(Number(ms));
}

/** A time in ms as ISO 8601 has it. */
export function isoTime(ms: bigint): string {
  return ms > TIME_MAX ? `${ms} ms` : new Date(Number(ms)).toISOString();
}

/** A day, counted from 1970-01-01. */
export function day(days: number): string {
  if (BigInt(days) * 86_400_000n > TIME_MAX) return number(days);
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(days * 86_400_000);
}

/** How long ago a time in ms was. */
export function age(ms: bigint, now = Date.now()): string {
  const seconds = (Number(ms) - now) / 1_000;
  const [unit, size] = AGES.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale).format(Math.trunc(seconds / size), unit);
}

/** Bytes in hexadecimal digits, in full. */
export function hex(data: Uint8Array): HTMLElement {
  return ltr(toHex(data) || "–");
}

/** The beginning of a hash: enough to tell it from those beside it. */
export function short(data: Uint8Array): string {
  return `${toHex(data.subarray(0, 4))}…`;
}

/** An account, in full, in both of its spellings: from the id alone none can tell by which one it is known. */
export function account(id: Bytes): HTMLElement {
  return h("span", {}, ltr(encodeDidKey(id)), h("br"), ltr(encodeNamedAccount(id)));
}

/** An account, short, in a sentence. */
export function shortAccount(id: Bytes): HTMLElement {
  const whole = encodeDidKey(id);
  return h("bdi", { dir: "ltr", class: "code", title: whole }, `${whole.slice(0, 16)}…${whole.slice(-4)}`);
}
