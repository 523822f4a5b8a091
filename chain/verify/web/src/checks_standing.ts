// Check 16: who belongs to the consignment, by its records. docs/spec/standing.md, "Input".

import { toBigInt } from "./bytes.js";
import { inChainOrder } from "./checks_records.js";
import { type Context, Finding, type RecordState } from "./context.js";
import type { Json } from "./json.js";
import { readMandate } from "./mandates.js";
import { type Competence, findStanding, type Standing, type Statement } from "./standing.js";
import { say } from "./verdicts.js";

const LIMIT = 1000;
/** Sections whose `office` and `border_office` say an office. */
const OFFICE_SECTIONS = ["declaration", "request", "transport_document", "assessment", "tax_payment"];

export function checkStanding(context: Context): Finding {
  const finding = new Finding();
  if (!context.isConsignment) {
    finding.skip("VALID", say("it is asked of consignments", "仅对货物证明包提出"));
    finding.isAnswered = true;
    return finding;
  }
  const states = inChainOrder(context).filter((state) => state.notCounted === null);
  const owner = ownerOf(context.bundle.ucr!);
  const statements: Statement[] = [];
  for (const state of states) {
    const statement = stateOf(context, state);
    if (statement === null) {
      const { id } = state.record;
      finding.skip("CANNOT_TELL", say(`record ${id}: what held for its block is not shown`, `记录 ${id}：未出示其区块适用的版本`));
      return finding;
    }
    statements.push(statement);
  }
  const competence = (i: number, sayers: Set<string>): Competence => competenceOf(context, states, i, sayers);
  const denied = findStanding(owner, statements, (i, sayers) => competence(i, sayers) === "yes");
  const granted = findStanding(owner, statements, (i, sayers) => competence(i, sayers) !== "no");
  if (!isSame(denied, granted)) {
    finding.skip("CANNOT_TELL", say("whether an authority that names members was competent is not shown", "未出示指明成员的机关是否有管辖权"));
    return finding;
  }
  states.forEach((state, i) => {
    if (!denied.counts[i]) {
      context.notCount(state, say("its issuer has no standing in this consignment, or said more than it might", "其签发者在该货物中没有地位，或所出具记录超过上限"));
    }
  });
  context.set = setOf(context, owner, denied);
  return finding;
}

/** The company in a UCR: its USCC, where the country is China. */
function ownerOf(ucr: string): string | null {
  return /^[0-9]CN([0-9A-Z]{18})-/.exec(ucr)?.[1] ?? null;
}

function setOf(context: Context, owner: string | null, standing: Standing): string[] {
  const { header, authorities } = context.bundle;
  const listed = (authorities ?? []).filter((change) => change.listed && change.block < header.number);
  const set = new Set([
    ...standing.named,
    ...listed.map((change) => change.member),
    ...(owner === null ? [] : [owner]),
  ]);
  return [...set].sort();
}

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.named.size === b.named.size &&
    [...a.named].every((name) => b.named.has(name)) &&
    a.counts.every((counts, i) => counts === b.counts[i])
  );
}

/** What held for a record's block; null where that is not shown. */
function stateOf(context: Context, state: RecordState): Statement | null {
  const { record } = state;
  const { block, timestamp } = context.batchOf(state);
  const limit = context.known.policies.get("lane-records-max")!.inForce(block);
  const isParties = record.type === "trade.parties";
  const operator = isParties ? context.known.operators.get(record.issuer)!.inForce(block) : null;
  if (limit === undefined || operator === undefined) return null;
  const scope = operator?.scope ?? null;
  return {
    id: record.id,
    issuer: record.issuer,
    type: record.type,
    block,
    day: beijingDay(timestamp),
    mandate: record.type === "trade.mandate" ? readMandate(record) : null,
    replaces: record.amends ?? record.withdraws,
    withdraws: record.withdraws !== null,
    names: record.disclosures.flatMap(({ section, value }) =>
      section === "names" && typeof value === "string" ? [value] : [],
    ),
    isAuthority: isAuthority(context, record.issuer, block),
    isOperator: !!scope && (scope === "*" || context.bundle.ucr!.slice(1).startsWith(scope)),
    limit: limit === null ? LIMIT : Number(toBigInt(limit.value)),
  };
}

/** The day in Beijing, YYYY-MM-DD, of Unix seconds; empty beyond the calendar. */
function beijingDay(seconds: number): string {
  return seconds < 2 ** 37 ? new Date((seconds + 8 * 3600) * 1000).toISOString().slice(0, 10) : "";
}

function isAuthority(context: Context, uscc: string, block: number): boolean {
  const changes = (context.bundle.authorities ?? []).filter((change) => change.member === uscc && change.block < block);
  return changes.at(-1)?.listed ?? false;
}

/** Whether the issuer of a record was competent for an office that one of the sayers says. */
function competenceOf(context: Context, states: RecordState[], i: number, sayers: Set<string>): Competence {
  const { issuer } = states[i]!.record;
  const { block } = context.batchOf(states[i]!);
  let isOpen = false;
  for (const state of states) {
    if (!sayers.has(state.record.issuer)) continue;
    const { offices, isWithheld } = officesOf(state);
    isOpen ||= isWithheld;
    for (const office of offices) {
      const holder = context.known.assignments.get(office)?.inForce(block);
      if (holder === undefined) isOpen = true;
      else if (holder?.member === issuer) return "yes";
    }
  }
  return isOpen ? "open" : "no";
}

/** The offices that a record says, and whether an element that may say one is withheld. */
function officesOf({ record }: RecordState): { offices: string[]; isWithheld: boolean } {
  const sections = record.sections.filter(({ name }) => name === "references" || OFFICE_SECTIONS.includes(name));
  const shown = new Set(record.disclosures.map(({ digest }) => digest));
  const isWithheld = sections.some(({ digests }) => digests.some((digest) => !shown.has(digest)));
  const values = record.disclosures.flatMap(({ section, value }): Json[] => {
    if (!(value instanceof Map)) return [];
    if (section === "references") return value.get("kind") === "declaration" ? [value.get("value") ?? null] : [];
    if (!OFFICE_SECTIONS.includes(section)) return [];
    return ["office", "border_office"].flatMap((name) => {
      const office = value.get(name);
      return office instanceof Map ? [office.get("value") ?? null] : [];
    });
  });
  const offices = values.flatMap((value) => (typeof value === "string" ? (/^[0-9]{4}/.exec(value) ?? []) : []));
  return { offices, isWithheld };
}
