// Who belongs to a consignment, by its records: a pure function. docs/spec/standing.md.

import { findMandates, isInForce, type MandateText } from "./mandates.js";

/** Whether a member was competent for an office: proved, not, or not to be told from what is shown. */
export type Competence = "yes" | "no" | "open";

export interface Statement {
  id: string;
  issuer: string;
  type: string;
  /** The block that anchored it, and its day in Beijing. */
  block: number;
  day: string;
  /** What it says as one side of a mandate. */
  mandate: MandateText | null;
  /** The record that it amends or withdraws. */
  replaces: string | null;
  withdraws: boolean;
  /** The members whom it names, in its order. */
  names: string[];
  isAuthority: boolean;
  isOperator: boolean;
  /** How many records of its issuer are looked at by the rules of its block. */
  limit: number;
}

export interface Standing {
  /** Members named, by a free namer or by whom one names. */
  named: Set<string>;
  /** Per statement: whether it counts. */
  counts: boolean[];
}

const FURTHER_NAMES = 16;

/**
 * The set of a consignment whose UCR is `owner`'s, from its statements in chain order.
 * `isCompetent` says of a statement of an authority whether it is competent, once those are known who may say an office.
 */
export function findStanding(
  owner: string | null,
  statements: Statement[],
  isCompetent: (statement: number, sayers: Set<string>) => boolean,
): Standing {
  const looked = lookAt(statements);
  const isOwner = (one: Statement): boolean => owner !== null && one.issuer === owner;
  const mandates = owner === null ? [] : findMandates(owner, statements.filter((_, i) => looked[i]));
  const isMandated = statements.map(({ issuer, block, day }) =>
    mandates.some((mandate) => mandate.terms.agent === issuer && isInForce(mandate, block, day)),
  );
  const mayName = ({ type }: Statement): boolean => !type.startsWith("audit.") && type !== "customs.request";
  const freely = new Set<string>();
  const first = statements.map(
    (one, i) =>
      looked[i]! &&
      mayName(one) &&
      (isOwner(one) || isMandated[i]! || (one.isOperator && one.isAuthority && one.type === "trade.parties")),
  );
  statements.forEach((one, i) => first[i] && one.names.forEach((name) => freely.add(name)));
  const sayers = new Set(freely);
  if (owner !== null) sayers.add(owner);
  for (const one of statements) if (one.isOperator) sayers.add(one.issuer);
  statements.forEach((one, i) => {
    const isFree = looked[i]! && mayName(one) && one.isAuthority && one.type.startsWith("customs.");
    if (isFree && isCompetent(i, sayers)) one.names.forEach((name) => freely.add(name));
  });
  const named = new Set(freely);
  const further = new Map<string, Set<string>>();
  statements.forEach((one, i) => {
    if (!looked[i] || !mayName(one) || isOwner(one) || isMandated[i] || !freely.has(one.issuer)) return;
    const own = further.get(one.issuer) ?? new Set<string>();
    further.set(one.issuer, own);
    for (const name of one.names) {
      if (name !== one.issuer && own.size < FURTHER_NAMES) own.add(name);
    }
  });
  for (const own of further.values()) for (const name of own) named.add(name);
  const counts = statements.map((one, i) => {
    if (!looked[i]) return false;
    if (isOwner(one) || named.has(one.issuer)) return true;
    if (one.isAuthority && /^(?:customs|tax|audit)\./.test(one.type)) return true;
    return one.isOperator && one.type === "trade.parties";
  });
  return { named, counts };
}

/** Of each issuer the first records in chain order, as many as the rules of a record's block allow. */
function lookAt(statements: Statement[]): boolean[] {
  const said = new Map<string, number>();
  return statements.map(({ issuer, limit }) => {
    const before = said.get(issuer) ?? 0;
    said.set(issuer, before + 1);
    return before < limit;
  });
}
