// The report: verdict, checks with their reasons, and the records as people read them.

import type { Context } from "./context.js";
import type { Malformed } from "./errors.js";
import { coveredUntil } from "./checks_chain.js";
import { inChainOrder, newestOf } from "./checks_records.js";
import type { Json } from "./json.js";
import type { Fate } from "./checks_receipts.js";
import type { Replay } from "./finding_replay.js";
import { MemberKind } from "./facts.js";
import type { Cosignature } from "./notes.js";
import { disclosedUcrs } from "./records.js";
import type { TrustRoot } from "./trust_root.js";
import { type Answer, CHECKS, gravest, type Outcome, type Text, type Verdict, VERDICTS, say } from "./verdicts.js";

export interface ReportedCheck {
  number: number;
  name: string;
  promise: string;
  outcome: Outcome;
  verdict: Verdict;
  reasons: Text[];
}

export interface ReportedRecord {
  record_id: string;
  type: string;
  issuer: string;
  issued_at: number;
  issuer_is_governor: boolean;
  batch: number;
  block: number;
  anchored_at: number;
  not_counted: Text | null;
  since: Text[];
  amends: string | null;
  amended_by: string | null;
  ucrs: string[];
  /** Per section how many elements it has and which are shown. */
  sections: { name: string; count: number; shown: { index: number; value: Json }[] }[];
}

export interface Report {
  verdict: Verdict;
  exit_code: number;
  kind: string | null;
  subjects: string[];
  verdicts: { [subject: string]: Verdict };
  trust_root: string;
  header_number: number | null;
  header_time: number | null;
  covered_until_block: number | null;
  remarks: Text[];
  checks: ReportedCheck[];
  records: ReportedRecord[];
  receipts: { record_id: string; fate: Fate }[];
  cosigned_by: Cosignature[];
  findings: Replay[];
}

function emptyReport(root: TrustRoot, verdict: Verdict, remarks: Text[], checks: ReportedCheck[]): Report {
  return {
    verdict,
    exit_code: VERDICTS[verdict],
    kind: null,
    subjects: [],
    verdicts: {},
    trust_root: root.fingerprint,
    header_number: null,
    header_time: null,
    covered_until_block: null,
    remarks,
    checks,
    records: [],
    receipts: [],
    cosigned_by: [],
    findings: [],
  };
}

export function reportNoVerdict(root: TrustRoot, reason: Text): Report {
  return emptyReport(root, "NO_VERDICT", [reason], []);
}

export function reportMalformed(root: TrustRoot, error: Malformed): Report {
  const checks = CHECKS.map((check): ReportedCheck => {
    const { number, name, promise } = check;
    if (number === 1) {
      const reason = { en: error.message, zh: `格式错误：${error.message}` };
      return { number, name, promise, outcome: "FAIL", verdict: "INVALID", reasons: [reason] };
    }
    const reason = say("rests on check 1 (well-formed)", "依赖第 1 项检查（well-formed）");
    return { number, name, promise, outcome: "SKIPPED", verdict: "CANNOT_TELL", reasons: [reason] };
  });
  return emptyReport(root, "INVALID", [], checks);
}

export function reportOf(context: Context, answers: Answer[], verdicts: Map<string, Verdict>): Report {
  const { bundle, root } = context;
  const verdict = gravest(verdicts.values());
  const isRefuted = verdict === "UNTRUSTED_CHAIN" || verdict === "INVALID" || verdict === "NO_VERDICT";
  return {
    verdict,
    exit_code: VERDICTS[verdict],
    kind: bundle.kind,
    subjects: bundle.subjects,
    verdicts: Object.fromEntries(verdicts),
    trust_root: root.fingerprint,
    header_number: bundle.header.number,
    header_time: bundle.header.timestamp,
    covered_until_block: isRefuted || answers[13]!.outcome === "SKIPPED" ? null : coveredUntil(context),
    remarks: context.remarks,
    checks: answers.map(({ check, outcome, verdict: own, reasons }) => {
      const { number, name, promise } = check;
      return { number, name, promise, outcome, verdict: own, reasons };
    }),
    records: inChainOrder(context).map((state) => reportRecord(context, state)),
    receipts: context.fates,
    cosigned_by: context.cosignedBy,
    findings: context.replays,
  };
}

function reportRecord(context: Context, state: Context["records"][number]): ReportedRecord {
  const { record } = state;
  const batch = context.batchOf(state);
  return {
    record_id: record.id,
    type: record.type,
    issuer: record.issuer,
    issued_at: record.issuedAt,
    issuer_is_governor: state.memberVersion?.kind === MemberKind.GOVERNOR,
    batch: batch.index,
    block: batch.block,
    anchored_at: batch.timestamp,
    not_counted: state.notCounted,
    since: state.since,
    amends: record.amends,
    amended_by: state.amendedBy === null ? null : newestOf(context, state),
    ucrs: disclosedUcrs(record),
    sections: record.sections.map(({ name, digests }) => ({
      name,
      count: digests.length,
      shown: record.disclosures.filter(({ section }) => section === name).map(({ index, value }) => ({ index, value })),
    })),
  };
}
