// The record rules: which roles may say a type of record. docs/spec/bundle.md, "Texts".

import type { Bytes } from "./bytes.js";
import { Malformed } from "./errors.js";
import { decodeUtf8, parseJson } from "./json.js";
import { readList, readText } from "./members.js";
import { TYPE } from "./records.js";

/** Roles by their bits in a member's word, lowest first. */
export const ROLES = [
  "BROKER",
  "TRADER",
  "CUSTOMS",
  "CARRIER",
  "TERMINAL",
  "BANK",
  "TAX",
  "REGULATOR",
  "AUDITOR",
  "GATEWAY",
];
const MOST_ROLES = 65_536;

/** Record type to the bits of the roles that may say it; null where the text is of another form. */
export function readRecordRules(text: Bytes): Map<string, number> | null {
  try {
    const rules = parseJson(decodeUtf8(text, "rules"), "rules");
    if (!(rules instanceof Map)) return null;
    return new Map(
      [...rules].map(([type, roles]) => {
        readText(type, "rules", TYPE);
        const bits = readList(roles, `rules.${type}`, { most: MOST_ROLES }, (role, field) => {
          const bit = typeof role === "string" ? ROLES.indexOf(role) : -1;
          if (bit < 0) throw new Malformed(field, "is no role");
          return 1 << bit;
        });
        return [type, bits.reduce((all, bit) => all | bit, 0)];
      }),
    );
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
