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
  title: Text;
  /** Checks that must be answered first, in the order in which they are named as missing. */
  restsOn: number[];
}

const check = (
  number: number,
  name: string,
  promise: string,
  restsOn: number[],
  en: string,
  zh: string,
): CheckName => ({
  number,
  name,
  promise,
  restsOn,
  title: { en, zh },
});

export const CHECKS: CheckName[] = [
  check(1, "well-formed", "P8", [], "The bundle is well formed", "证明包格式正确"),
  check(2, "chain", "P2", [1], "Chain and genesis are the trust root's", "链与创世块与信任根一致"),
  check(3, "seals", "P2", [2], "The header is sealed by a quorum", "区块头由法定多数验证者签封"),
  check(4, "contracts", "P2 P3", [3], "The contracts' code and storage are proved", "合约代码与存储得到证明"),
  check(5, "commitments", "P2", [4], "Each batch is the one committed to", "每个批次与链上承诺一致"),
  check(6, "inclusion", "P2", [5], "Each record was anchored", "每条记录均已上链锚定"),
  check(7, "binding", "P1 P4", [6, 12], "Each entry belongs to its record and UCR", "每个条目属于其记录与 UCR"),
  check(8, "signatures", "P1", [1], "Each record is its issuer's own words", "每条记录均由签发者本人签署"),
  check(
    9,
    "in-force",
    "P3",
    [4, 5, 6],
    "Key and member were in force, with the role; each number counts once",
    "密钥与成员当时有效且有相应角色；每个编号只计一次",
  ),
  check(10, "since", "P3", [9], "No subject's key was revoked since", "所证记录的密钥此后未被吊销"),
  check(11, "amendments", "P4", [6, 9, 13], "Amendments are followed to the newest", "已追踪至最新修改"),
  check(12, "tags", "P4", [4], "The lanes are the UCR's own", "链道确属该 UCR"),
  check(13, "lanes", "P4", [7, 16, 14], "The lanes are those attested, whole", "链道与见证一致且完整"),
  check(14, "checkpoint", "P4", [4], "The checkpoint is attested and the newest", "检查点已获见证且为最新"),
  check(15, "receipts", "P9", [6, 14], "Receipts were kept", "回执已履行"),
  check(16, "standing", "P4 P13", [7, 9], "Who belongs to the consignment is known", "货物的参与成员可以确定"),
  check(17, "witnessed", "P14", [4], "Outsiders cosigned this history", "外部见证人已为此历史作证"),
  check(18, "stamped", "P14", [17], "Time stamps are of this history", "时间戳属于此历史"),
];

export interface Answer {
  check: CheckName;
  outcome: Outcome;
  verdict: Verdict;
  reasons: Text[];
}
