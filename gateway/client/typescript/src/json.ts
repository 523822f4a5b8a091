/** JSON as the gateway reads and writes it: numbers are integers, decimals are strings. */

import { Malformed } from "./bytes.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** The object in a text; throws Malformed. */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed("not a JSON object");
  return value as JsonObject;
}

/** The text of a value, without spaces; throws Malformed for a fraction, which two readers may round differently. */
export function writeJson(value: Json): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "number" && !Number.isSafeInteger(member)) {
      throw new Malformed("a number is a whole one; write decimals as strings");
    }
    return member;
  });
}
