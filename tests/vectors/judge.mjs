// Judges cases with the built TypeScript verifier: lines of tests/vectors/stories.py in, one summary a line out.
import { createInterface } from "node:readline";
import { ed25519Verifier, Malformed, parseRecord, parseTrustRoot, verify } from "../../chain/verify/web/dist/verify.js";
import "../../chain/verify/web/dist/rules.js";

const REFUTED = new Set(["UNTRUSTED_CHAIN", "INVALID", "NO_VERDICT"]);
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64url"));

function judge({ bundle, trust_root, question }) {
  const { as_of: asOf, ucr, record, current, number } = question;
  const report = verify(bytes(bundle), bytes(trust_root), { asOf, ucr, record, current, number });
  const isRefuted = REFUTED.has(report.verdict);
  const records = isRefuted ? [] : report.records;
  return {
    verdict: report.verdict,
    verdicts: report.verdicts,
    checks: report.checks.map((check) => check.outcome),
    counted: Object.fromEntries(records.map((record) => [record.record_id, record.not_counted === null])),
    amended_by: Object.fromEntries(
      records.filter((one) => one.amended_by).map((one) => [one.record_id, one.amended_by]),
    ),
    findings: Object.fromEntries(report.findings.map((one) => [one.record_id, [one.outcome, one.follows_now]])),
    receipts: report.receipts.map((receipt) => receipt.fate),
    erased: Object.fromEntries(
      [...globalThis.tongguan.erasedSections(report)].map(([id, sections]) => [
        id, Object.fromEntries([...sections].map(([name, by]) => [name, [by.record_id, by.rule]])),
      ]),
    ),
    covered_until_block: isRefuted ? null : report.covered_until_block,
  };
}

/** A case of tests/vectors/ed25519.json. */
function judgeSignature({ key, message, signature }) {
  const hex = (text) => new Uint8Array(Buffer.from(text, "hex"));
  const check = ed25519Verifier(hex(key));
  return {
    is_key: check !== null,
    verifies: check !== null && check(new TextEncoder().encode(message), hex(signature)),
  };
}

/** The fingerprint of a trust root, or null where it is refused. */
function judgeTrustRoot({ only_trust_root: text }) {
  try {
    return parseTrustRoot(bytes(text)).fingerprint;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Whether a text of tests/vectors/forms.json is of a record's form. */
function judgeRecord({ only_record: text }) {
  try {
    return parseRecord(text, "record") !== undefined;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

function judgeAny(asked) {
  if ("only_record" in asked) return judgeRecord(asked);
  if ("only_trust_root" in asked) return judgeTrustRoot(asked);
  return "signature" in asked ? judgeSignature(asked) : judge(asked);
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(judgeAny(JSON.parse(line))));
