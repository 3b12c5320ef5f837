/** What is kept on this device. A page from a file may not be let, so that everything works without. */

import type { Trust } from "./trust.js";

const PREFIX = "counterfoil:";

/** Reads what was kept under a name; undefined where nothing was, or may not be. */
export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text under a name, or with undefined forgets it; whether the browser lets us. */
export function keep(name: string, text: string | undefined): boolean {
  try {
    if (text === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, text);
    return true;
  } catch {
    return false;
  }
}

/** Whether keys can be kept: pages from files share what they keep with every other file that somebody opens. */
export const canKeep = /^https?:$/.test(location.protocol);

/** What was kept for a ledger. */
export function recallTrust(origin: string): Trust | undefined {
  if (!canKeep) return undefined;
  try {
    const { vkey, witnesses, need } = JSON.parse(recall(`ledger:${origin}`) ?? "null");
    const isWhole = [vkey, witnesses, need].every((each) => typeof each === "string");
    return isWhole ? { vkey, witnesses, need, source: "kept" } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps with what a ledger is checked. */
export function keepTrust(origin: string, { vkey, witnesses, need }: Trust): boolean {
  return keep(`ledger:${origin}`, JSON.stringify({ vkey, witnesses, need }));
}

export function forgetTrust(origin: string): boolean {
  return keep(`ledger:${origin}`, undefined);
}
