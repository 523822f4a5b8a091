// The verifier as a module: what a page, a test or another program calls.

import { toHex } from "./bytes.js";
import type { Question } from "./context.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import type { erasedSections } from "./erasures.js";
import type { Report } from "./report.js";
import { parseRecord } from "./records.js";
import { RULE_PACKS } from "./rule_packs.js";
import { ed25519Verifier } from "./signatures.js";
import { parseTrustRoot } from "./trust_root.js";
import { verify as verifyBundle } from "./verifier.js";

export { ed25519Verifier, Malformed, parseRecord, parseTrustRoot };
export type { Question, Report };

/** Bytes of a bundle and of a trust root, and what is asked. Throws Malformed for a trust root of another form. */
export function verify(bundle: Uint8Array, trustRoot: Uint8Array, question: Question = {}): Report {
  return verifyBundle(bundle, parseTrustRoot(trustRoot), question);
}

const api: {
  verify: typeof verify;
  parseTrustRoot: typeof parseTrustRoot;
  Malformed: typeof Malformed;
  rulePacks: typeof RULE_PACKS;
  digestOf: (bytes: Uint8Array) => string;
  /** Added by the file with the rules: it is not needed to verify. */
  erasedSections?: typeof erasedSections;
} = { verify, parseTrustRoot, Malformed, rulePacks: RULE_PACKS, digestOf: (bytes) => toHex(hash(bytes)) };

declare global {
  /** The verifier for a script beside it: a saved page cannot import a module that stands inside it. */
  var tongguan: typeof api;
}

globalThis.tongguan = api;
