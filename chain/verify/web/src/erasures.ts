// Which sections of a report's records are erased, as its `audit.erasure` records say. docs/spec/checks.md, "Erased sections".

import type { Json } from "./json.js";
import type { Report, ReportedRecord } from "./report.js";

export interface ErasedBy {
  record_id: string;
  issuer: string;
  at: number;
  rule: string;
  policy: string | null;
  reason: string;
}

const KEPT = new Set(["ucr", "names", "mandate", "erasure"]);
const KEPT_TYPES = new Set(["audit.erasure", "audit.access"]);
const RULES = ["issuer", "owner", "governor"];
const ERASED_MAX = 200;
const SECTIONS_MAX = 32;
const REASON_CHARS_MAX = 4000;
const RECORD_ID = /^[A-Za-z0-9_-]{43}$/;
const SECTION = /^[a-z][a-z_]{0,31}$/;
const HASH = /^[0-9a-f]{64}$/;
const OWNER = /^[0-9]CN([0-9A-Z]{18})-/;

interface Statement {
  rule: string;
  reason: string;
  policy: string | null;
  erased: { record: string; sections: string[] }[];
}

/** By record id and section who had it erased; nothing where the verdict refutes the bundle. */
export function erasedSections(report: Report): Map<string, Map<string, ErasedBy>> {
  const found = new Map<string, Map<string, ErasedBy>>();
  if (["UNTRUSTED_CHAIN", "INVALID", "NO_VERDICT"].includes(report.verdict)) return found;
  const known = new Map(report.records.map((record) => [record.record_id, record]));
  for (const erasing of report.records) {
    const statement = erasing.type === "audit.erasure" && erasing.not_counted === null ? readStatement(erasing) : null;
    for (const { record } of statement?.erased ?? []) {
      const target = known.get(record);
      if (target === undefined || !mayErase(statement!, erasing, target)) continue;
      const sections = found.get(record) ?? new Map<string, ErasedBy>();
      for (const name of sectionsOf(statement!, record)) {
        const section = target.sections.find((one) => one.name === name);
        if (KEPT.has(name) || section === undefined || section.shown.length > 0 || sections.has(name)) continue;
        sections.set(name, byOf(erasing, statement!));
        found.set(record, sections);
      }
    }
  }
  return found;
}

function byOf(erasing: ReportedRecord, { rule, policy, reason }: Statement): ErasedBy {
  return { record_id: erasing.record_id, issuer: erasing.issuer, at: erasing.anchored_at, rule, policy, reason };
}

function sectionsOf({ erased }: Statement, record: string): string[] {
  return [...new Set(erased.filter((line) => line.record === record).flatMap(({ sections }) => sections))].sort();
}

function mayErase({ rule, policy }: Statement, erasing: ReportedRecord, target: ReportedRecord): boolean {
  if (KEPT_TYPES.has(target.type)) return false;
  if (rule === "issuer") return erasing.issuer === target.issuer;
  if (rule === "governor") return erasing.issuer_is_governor && policy !== null;
  return target.ucrs.length > 0 && target.ucrs.every((ucr) => OWNER.exec(ucr)?.[1] === erasing.issuer);
}

/** What its `erasure` section says; null where it withdraws something, or is not of the form. */
function readStatement(record: ReportedRecord): Statement | null {
  const value = record.sections.find(({ name }) => name === "erasure")?.shown[0]?.value;
  if (!(value instanceof Map)) return null;
  const [rule, reason] = [value.get("rule"), value.get("reason")];
  const [policy, listed] = [value.get("policy") ?? null, value.get("erased")];
  if (typeof rule !== "string" || !RULES.includes(rule)) return null;
  if (typeof reason !== "string" || [...reason].length > REASON_CHARS_MAX) return null;
  if (policy !== null && !(typeof policy === "string" && HASH.test(policy))) return null;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > ERASED_MAX) return null;
  const erased = listed.flatMap((line) => readLine(line) ?? []);
  return erased.length === listed.length ? { rule, reason, policy, erased } : null;
}

function readLine(line: Json): { record: string; sections: string[] } | null {
  if (!(line instanceof Map)) return null;
  const [record, listed] = [line.get("record"), line.get("sections")];
  if (typeof record !== "string" || !RECORD_ID.test(record)) return null;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > SECTIONS_MAX) return null;
  const sections = listed.filter((name): name is string => typeof name === "string" && SECTION.test(name));
  return sections.length === listed.length ? { record, sections } : null;
}
