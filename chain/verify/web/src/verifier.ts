// Asks the checks in their order and gives the verdict of each subject. docs/spec/checks.md.

import { isEqual } from "./bytes.js";
import type { Bundle } from "./bundle.js";
import { parseBundle } from "./bundle_reader.js";
import { checkFindings } from "./checks_findings.js";
import { checkChain, checkCheckpoint, checkCommitments, checkContracts, checkSeals } from "./checks_chain.js";
import { checkBinding, checkInclusion, checkLanes, checkTags } from "./checks_lanes.js";
import { checkSingleUse } from "./numbers.js";
import { checkReceipts } from "./checks_receipts.js";
import { checkAmendments, checkInForce, checkSignatures, checkSince } from "./checks_records.js";
import { checkStanding } from "./checks_standing.js";
import { checkStamped, checkWitnessed } from "./checks_witnesses.js";
import { Context, Finding, type Question } from "./context.js";
import { Malformed, NoVerdict } from "./errors.js";
import { type Report, reportMalformed, reportNoVerdict, reportOf } from "./report.js";
import type { TrustRoot } from "./trust_root.js";
import { type Answer, CHECKS, gravest, type Verdict, say } from "./verdicts.js";

const RUN: { [number: number]: (context: Context) => Finding } = {
  2: checkChain,
  3: checkSeals,
  4: checkContracts,
  5: checkCommitments,
  6: checkInclusion,
  7: checkBinding,
  8: checkSignatures,
  9: checkInForce,
  10: checkSince,
  11: checkAmendments,
  12: checkTags,
  13: checkLanes,
  14: checkCheckpoint,
  15: checkReceipts,
  16: checkStanding,
  17: checkWitnessed,
  18: checkStamped,
  19: checkFindings,
  20: checkSingleUse,
};
/** 12 before 7, 16 after 9, 14 before 13, 13 before 11. */
const ORDER = [2, 3, 4, 5, 6, 12, 7, 8, 9, 16, 10, 14, 13, 11, 15, 17, 18, 19, 20];

/** What a bundle proves, under a trust root and for a question. Never throws for what a stranger sent. */
export function verify(file: Uint8Array, root: TrustRoot, question: Question = {}): Report {
  let bundle: Bundle;
  try {
    bundle = parseBundle(file);
  } catch (error) {
    if (error instanceof NoVerdict) return reportNoVerdict(root, error.reason);
    if (error instanceof Malformed) return reportMalformed(root, error);
    throw error;
  }
  if (!isEqual(bundle.consortium, root.consortium)) {
    return reportNoVerdict(root, say("the bundle is of another consortium than the trust root", "证明包与信任根属于不同的联盟"));
  }
  const context = new Context(bundle, root, question);
  const { answers, verdicts } = ask(context);
  return reportOf(context, answers, verdicts);
}

function ask(context: Context): { answers: Answer[]; verdicts: Map<string, Verdict> } {
  const found = new Map<number, Finding>([[1, new Finding()]]);
  for (const number of ORDER) {
    const check = CHECKS[number - 1]!;
    // Who belongs to a consignment is not asked of records, so nothing can be missing for it.
    const restsOn = number === 16 && !context.isConsignment ? [] : check.restsOn;
    const missing = restsOn.find((other) => !found.get(other)!.isAnswered);
    if (missing === undefined) {
      found.set(number, RUN[number]!(context));
      continue;
    }
    const finding = new Finding();
    const { name } = CHECKS[missing - 1]!;
    const verdict = found.get(missing)!.verdictForAll;
    finding.skip(isMandatory(context, number) ? verdict : "VALID", say(`rests on check ${missing} (${name})`, `依赖第 ${missing} 项检查（${name}）`));
    found.set(number, finding);
  }
  const { bundle } = context;
  const all = [...found.values()].flatMap((finding) => finding.verdicts);
  const asked = isOtherSubject(context) ? [{ verdict: "OTHER_SUBJECT" as Verdict, subject: null }] : [];
  const verdicts = new Map(
    bundle.subjects.map((subject) => {
      const own = [...all, ...asked].filter((one) => one.subject === null || one.subject === subject);
      return [subject, gravest(own.map((one) => one.verdict))];
    }),
  );
  const answers = CHECKS.map((check): Answer => {
    const finding = found.get(check.number)!;
    const verdict = finding.outcome === "PASS" ? "VALID" : gravest(finding.verdicts.map((one) => one.verdict));
    return { check, outcome: finding.outcome, verdict, reasons: finding.reasons };
  });
  return { answers, verdicts };
}

function isMandatory(context: Context, number: number): boolean {
  if (number === 17) return context.root.witnesses !== null;
  if (number === 20) return context.bundle.number !== null;
  if (number === 19) return context.bundle.kind === "finding";
  if (number === 15 || number > 17) return false;
  return number !== 11 || (!context.isConsignment && context.question.current === true);
}

function isOtherSubject({ bundle, question }: Context): boolean {
  const { ucr = null, record = null, number = null } = question;
  if (ucr !== null && bundle.ucr !== ucr) return true;
  if (number !== null && !isOfNumber(bundle.number, number.toUpperCase())) return true;
  return record !== null && (bundle.subjects.length !== 1 || bundle.subjects[0] !== record);
}

/** Whether a bundle's number is the one asked for, by itself or with its maker before it. */
function isOfNumber(name: string | null, asked: string): boolean {
  return name !== null && (name === asked || name.slice(19) === asked);
}
