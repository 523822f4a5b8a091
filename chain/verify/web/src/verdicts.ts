// Verdicts, outcomes and reasons. docs/spec/checks.md.

/** By exit code. */
export const VERDICTS = {
  VALID: 0,
  NO_VERDICT: 2,
  UNTRUSTED_CHAIN: 10,
  INVALID: 11,
  OTHER_SUBJECT: 12,
  ENTRIES_MISSING: 20,
  UNWITNESSED: 21,
  NOT_COVERED: 22,
  CANNOT_TELL: 23,
  REUSED: 30,
  UNPROVEN: 31,
  CONTESTED: 32,
  COMPROMISED: 33,
  REVOKED_SINCE: 34,
  AMENDED: 35,
  WITHDRAWN: 36,
} as const;

export type Verdict = keyof typeof VERDICTS;
export type Outcome = "PASS" | "FAIL" | "SKIPPED" | "ERROR";

/** A sentence for people. */
export interface Text {
  en: string;
  zh: string;
}

export const say = (en: string, zh: string): Text => ({ en, zh });

const RANK: Verdict[] = ["UNTRUSTED_CHAIN", "INVALID", "NO_VERDICT"];

/** The one that applies: the lowest number but 0; only UNTRUSTED_CHAIN and INVALID go before NO_VERDICT. */
export function gravest(verdicts: Iterable<Verdict>): Verdict {
  const rank = (verdict: Verdict): number => {
    if (verdict === "VALID") return 100;
    const place = RANK.indexOf(verdict);
    return place < 0 ? VERDICTS[verdict] : place;
  };
  return [...verdicts].reduce((worst, verdict) => (rank(verdict) < rank(worst) ? verdict : worst), "VALID" as Verdict);
}

export interface CheckName {
  number: number;
  name: string;
  promise: string;
  /** Checks that must be answered first, in the order in which they are named as missing. */
  restsOn: number[];
}

const check = (number: number, name: string, promise: string, ...restsOn: number[]): CheckName => ({
  number,
  name,
  promise,
  restsOn,
});

export const CHECKS: CheckName[] = [
  check(1, "well-formed", "P8"),
  check(2, "chain", "P2", 1),
  check(3, "seals", "P2", 2),
  check(4, "contracts", "P2 P3", 3),
  check(5, "commitments", "P2", 4),
  check(6, "inclusion", "P2", 5),
  check(7, "binding", "P1 P4", 6, 12),
  check(8, "signatures", "P1", 1),
  check(9, "in-force", "P3", 4, 5, 6),
  check(10, "since", "P3", 9),
  check(11, "amendments", "P4", 6, 9, 13),
  check(12, "tags", "P4", 4),
  check(13, "lanes", "P4", 7, 16, 14),
  check(14, "checkpoint", "P4", 4),
  check(15, "receipts", "P9", 6, 14),
  check(16, "standing", "P4 P13", 7, 9),
  check(17, "witnessed", "P14", 4),
  check(18, "stamped", "P14", 17),
  check(19, "findings", "P10", 13),
  check(20, "single-use", "P12", 9, 13),
];

export interface Answer {
  check: CheckName;
  outcome: Outcome;
  verdict: Verdict;
  reasons: Text[];
}
