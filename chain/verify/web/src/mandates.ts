// Mandates: which broker may act for the owner, as two records of one text say it. docs/spec/standing.md, "Mandates".

import type { Json } from "./json.js";
import { type SignedRecord, USCC } from "./records.js";
import type { Statement } from "./standing.js";

const MOST_LISTED = 64;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const OFFICE = /^[0-9]{4}$/;
const GOODS = /^[0-9]{2,10}$/;
const RECORD_ID = /^[A-Za-z0-9_-]{43}$/;

export interface Terms {
  principal: string;
  agent: string;
  starts: string;
  ends: string;
  offices: string[];
  goods: string[];
}

export interface MandateText {
  terms: Terms;
  /** Id of the offer that it confirms; null where it is the offer. */
  offer: string | null;
}

export interface Mandate {
  terms: Terms;
  sinceBlock: number;
  endedBlock: number;
}

/** What a record's `mandate` section says; null where that is not of the form. */
export function readMandate(record: SignedRecord): MandateText | null {
  const value = record.disclosures.find(({ section }) => section === "mandate")?.value;
  if (!(value instanceof Map)) return null;
  const [principal, agent] = [match(USCC, value.get("principal")), match(USCC, value.get("agent"))];
  const [starts, ends] = [match(DAY, value.get("starts")), match(DAY, value.get("ends"))];
  const offices = readTexts(OFFICE, value.get("offices") ?? []);
  const goods = readTexts(GOODS, value.get("goods") ?? []);
  if (principal === null || agent === null || starts === null || ends === null || offices === null || goods === null)
    return null;
  const offer = value.get("offer") ?? null;
  if (offer !== null && match(RECORD_ID, offer) === null) return null;
  return { terms: { principal, agent, starts, ends, offices, goods }, offer: match(RECORD_ID, offer) };
}

/** The owner's mandates among these statements, those that ended too. */
export function findMandates(owner: string, statements: Statement[]): Mandate[] {
  const replaced = new Map<string, number>();
  for (const { type, issuer, replaces, block } of statements) {
    if (type !== "trade.mandate" || replaces === null) continue;
    const key = `${issuer} ${replaces}`;
    replaced.set(key, Math.min(replaced.get(key) ?? block, block));
  }
  const sides = new Map(statements.filter((one) => one.mandate !== null && !one.withdraws).map((one) => [one.id, one]));
  return [...sides.values()].flatMap((confirmation): Mandate[] => {
    const offer = sides.get(confirmation.mandate!.offer ?? "");
    if (offer === undefined || !isPair(owner, offer, confirmation)) return [];
    const ends = [offer, confirmation].map(({ issuer, id }) => replaced.get(`${issuer} ${id}`) ?? Infinity);
    return [
      {
        terms: confirmation.mandate!.terms,
        sinceBlock: Math.max(offer.block, confirmation.block),
        endedBlock: Math.min(...ends),
      },
    ];
  });
}

/** Whether a mandate holds for a record anchored in a block, on its day in Beijing. */
export function isInForce({ terms, sinceBlock, endedBlock }: Mandate, block: number, day: string): boolean {
  return sinceBlock < block && block <= endedBlock && terms.starts <= day && day <= terms.ends;
}

function isPair(owner: string, offer: Statement, confirmation: Statement): boolean {
  const { terms, offer: before } = offer.mandate!;
  if (before !== null || JSON.stringify(terms) !== JSON.stringify(confirmation.mandate!.terms)) return false;
  if (terms.principal !== owner || terms.agent === owner) return false;
  const [ours, theirs] = offer.issuer === owner ? [offer, confirmation] : [confirmation, offer];
  return ours.issuer === owner && theirs.issuer === terms.agent && ours.names.includes(terms.agent);
}

function match(pattern: RegExp, value: Json | undefined): string | null {
  return typeof value === "string" && pattern.test(value) ? value : null;
}

function readTexts(pattern: RegExp, value: Json): string[] | null {
  if (!Array.isArray(value) || value.length > MOST_LISTED) return null;
  const texts = value.flatMap((item) => match(pattern, item) ?? []);
  return texts.length === value.length ? texts : null;
}
