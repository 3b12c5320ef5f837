/** The languages, and the one in use. */

import type { Child } from "../dom.js";
import { ar } from "./ar.js";
import { en } from "./en.js";
import { fa } from "./fa.js";
import { he } from "./he.js";

/** What every language says. A message that one lacks fails to compile. */
export type Messages = typeof en;

export const LANGUAGES = { en, ar, he, fa } as const satisfies Record<string, Messages>;
export type Language = keyof typeof LANGUAGES;

/** The messages in use. */
export let text: Messages = en;
/** The language in use, for numbers and dates: with the country that the browser is set to, where it says one. */
export let locale = "en";

export function isLanguage(name: unknown): name is Language {
  return typeof name === "string" && Object.hasOwn(LANGUAGES, name);
}

/** Speaks this language from now on; what was drawn before is to be drawn again. */
export function speak(name: Language): void {
  locale = navigator.languages.find((each) => each.split("-")[0] === name) ?? name;
  text = LANGUAGES[name];
  document.documentElement.lang = name;
  document.documentElement.dir = text.direction;
  document.title = text.title;
}

/** A message with its `{places}` taken by these values. */
export function fill(message: string, values: Record<string, Node | string>): DocumentFragment {
  const filled = document.createDocumentFragment();
  message.split(/\{(\w+)\}/).forEach((part, place) => {
    filled.append(place % 2 ? (values[part] ?? missing(part, message)) : part);
  });
  return filled;
}

function missing(name: string, message: string): Child & string {
  throw new Error(`no value for {${name}} of the message: ${message}`);
}
