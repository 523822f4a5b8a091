// The verifier as a module: what a page, a test or another program calls.

import { openPage } from "./page.js";
import { parseTrustRoot } from "./trust_root.js";
import type { Question } from "./context.js";
import type { Report } from "./report.js";
import { verify as verifyBundle } from "./verifier.js";

export { Malformed } from "./errors.js";
export { parseTrustRoot } from "./trust_root.js";
export { CHECKS, VERDICTS } from "./verdicts.js";
export { ed25519Verifier } from "./signatures.js";
export type { Question, Report };

/** Bytes of a bundle and of a trust root, and what is asked. Throws Malformed for a trust root of another form. */
export function verify(bundle: Uint8Array, trustRoot: Uint8Array, question: Question = {}): Report {
  return verifyBundle(bundle, parseTrustRoot(trustRoot), question);
}

if (typeof document !== "undefined") openPage();
