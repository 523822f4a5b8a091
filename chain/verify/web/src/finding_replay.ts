// Runs a governor's finding again from the bundle of its consignment. docs/spec/findings.md, "Running it again".

import { type Bytes, isEqual, toHex } from "./bytes.js";
import type { Lane } from "./bundle.js";
import { type Context, entryDigest, findLane, isOfGroup, type RecordState } from "./context.js";
import { newestOf } from "./checks_records.js";
import { Malformed } from "./errors.js";
import * as statement from "./finding_statement.js";
import { laneLeaf } from "./index_map.js";
import { treeRoot } from "./merkle.js";
import { type Difference, runRule, type WorkingDays } from "./rule_interpreter.js";
import { GROUP_TYPES } from "./rule_groups.js";
import { RULE_PACKS, type RulePack } from "./rule_packs.js";
import { compareTexts, Joined, Said } from "./rule_records.js";
import { type Text, say } from "./verdicts.js";

/** A desk may miss what was anchored so shortly before it spoke. */
const LATE_S = 600;
const DAYS = "working-days";
const JOINED_BY =
  "references declaration status transport_document assessment tax_payment taxes invoice transport".split(" ");

export type Outcome = "follows" | "does not follow" | "cannot tell" | "signed opinion" | "amended" | "withdrawn";

export interface Replay {
  record_id: string;
  issuer: string;
  rule: string;
  outcome: Outcome;
  why: Text;
  /** Whether the rule gives the same on all that is shown; null where it was not run or cannot tell. */
  follows_now: boolean | null;
}

/** The question is answered. */
class Ends extends Error {
  constructor(
    readonly outcome: Outcome,
    readonly why: Text,
  ) {
    super(why.en);
  }
}

const end = (outcome: Outcome, en: string, zh: string): never => {
  throw new Ends(outcome, { en, zh });
};

interface PlacedRecord {
  state: RecordState;
  batch: number;
  tag: string;
  index: number;
}

/** What comes of running a finding again. */
export function replayFinding(context: Context, state: RecordState): Replay {
  const { record } = state;
  const replay: Replay = {
    record_id: record.id,
    issuer: record.issuer,
    rule: "",
    outcome: "follows",
    why: say("the rule was run again on its snapshot", "已按其快照重新运行规则"),
    follows_now: null,
  };
  try {
    if (record.type !== "audit.finding") end("cannot tell", "the bundle shows no such finding", "证明包未出示该差异发现");
    const head = statement.readHead(record);
    replay.rule = head.rule;
    replay.follows_now = runAgain(context, state, head, requireStanding(context, state, head));
  } catch (error) {
    if (error instanceof Ends) [replay.outcome, replay.why] = [error.outcome, error.why];
    else if (error instanceof statement.NotDisclosed) {
      const { section } = error;
      replay.outcome = "cannot tell";
      replay.why = say(`its section ${section} is not shown`, `未出示其 ${section} 部分`);
    } else if (error instanceof Malformed) {
      replay.outcome = "does not follow";
      const { message } = error;
      replay.why = say(`it has another form than a finding: ${message}`, `差异发现格式有误：${message}`);
    } else throw error;
  }
  return replay;
}

/** The pack by which a finding can be run again. */
function requireStanding(context: Context, state: RecordState, head: statement.Head): RulePack {
  const { rule, version } = head;
  if (state.notCounted !== null) {
    const { en, zh } = state.notCounted;
    end("does not follow", `the finding does not count: ${en}`, `该差异发现不计入：${zh}`);
  }
  if (state.amendedBy !== null) {
    const newest = context.find(newestOf(context, state))!.record;
    const [en, zh] = [`by ${newest.id}`, `签发方已由 ${newest.id} `];
    if (newest.withdraws !== null || statement.takesBack(newest))
      end("withdrawn", `its signer took it back ${en}`, `${zh}撤回`);
    end("amended", `its signer replaced it ${en}`, `${zh}更正`);
  }
  if (head.isWithdrawn) end("withdrawn", "it takes a finding back", "该记录撤回一项差异发现");
  const pack = RULE_PACKS.find((one) => one.version === version);
  if (pack === undefined) return end("cannot tell", `rules ${version} are not known here`, "本程序不识该版本规则");
  if (!pack.ids.includes(rule))
    end("does not follow", `rules ${version} have no rule ${rule}`, `规则版本 ${version} 中没有规则 ${rule}`);
  if (!Object.hasOwn(pack.forms, rule)) {
    end(
      "signed opinion",
      `a signed opinion: rule ${rule} has no data form, so nobody can run it again`,
      `签发方意见：规则 ${rule} 无数据形式，任何人无法重新运行`,
    );
  }
  return pack;
}

function runAgain(context: Context, state: RecordState, head: statement.Head, pack: RulePack): boolean | null {
  const days = readDays(state, head, pack);
  const judged = judgedRecords(context);
  const within = asOfSnapshot(context, state, judged);
  const { rule } = head;
  requireShown(pack, rule, within);
  const stated = statement.readDifferences(state.record);
  if (stated.length === 0 && head.differences > 0)
    end("cannot tell", "its differences are not shown", "未出示其差异内容");
  const then = answers(pack, rule, within, days);
  if (then.length === 0) end("does not follow", `${rule} finds nothing there`, `规则 ${rule} 在所列事实中无发现`);
  const left = [...then];
  const isFound = stated.map(JSON_OF).every((text) => {
    const at = left.indexOf(text);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  if (then.length !== head.differences || !isFound) {
    end(
      "does not follow",
      `${rule} gives other differences or rests on other inputs than it states`,
      `规则 ${rule} 得出的差异或依据与其所述不同`,
    );
  }
  try {
    requireShown(pack, rule, judged);
    return answers(pack, rule, judged, days).sort().join() === then.sort().join();
  } catch (error) {
    if (error instanceof Ends) return null; // what came later is not all shown: of its snapshot it follows all the same
    throw error;
  }
}

const JSON_OF = ({ name, severity, inputs, numbers }: Difference): string =>
  JSON.stringify([name, severity, inputs, numbers]);

function answers(pack: RulePack, rule: string, placed: PlacedRecord[], days: WorkingDays | null): string[] {
  const unique = new Map(placed.map(({ state }) => [state.record.id, state.record]));
  return runRule(pack, rule, new Joined([...unique.values()].map((record) => new Said(record))), days).map(JSON_OF);
}

/** The working days as far as rows are shown, each of which stands under its root; null without such a table. */
function readDays({ record }: RecordState, head: statement.Head, pack: RulePack): WorkingDays | null {
  const roots = new Map(head.tables);
  const digest = statement.packDigest(pack.version, pack.rules, pack.parameters, head.tables);
  if (toHex(digest) !== head.pack)
    end("does not follow", "the pack's hash is not that of these rules and tables", "规则包哈希与规则及参考表不符");
  const rows = statement.readRows(record);
  for (const row of rows) {
    const root = roots.get(row.kind);
    if (root === undefined || !statement.standsUnder(row, root))
      end("does not follow", "a table row is not of the table", "所示行不属于该参考表");
  }
  return roots.has(DAYS) ? workingDays(rows.filter(({ kind }) => kind === DAYS)) : null;
}

function workingDays(rows: statement.Row[]): WorkingDays {
  const byDay = new Map(rows.map((row) => [row.cells[0]!, row]));
  const shown = [...byDay.keys()].sort(compareTexts);
  return (day) => {
    const own = byDay.get(day);
    if (own !== undefined) return own.cells[1] === "1";
    const at = shown.filter((name) => name < day).length;
    const [before, after] = [byDay.get(shown[at - 1] ?? ""), byDay.get(shown[at] ?? "")];
    const areNeighbours =
      before === undefined
        ? after?.place === 0
        : after === undefined
          ? before.place === before.rows - 1
          : after.place === before.place + 1;
    if (!areNeighbours) end("cannot tell", `the rows around ${day} are not shown`, "所需的参考表行未出示");
    const isAnnounced = [before, after].some((row) => row?.cells[0]!.slice(0, 4) === day.slice(0, 4));
    return isAnnounced ? new Date(`${day}T00:00:00Z`).getUTCDay() % 6 !== 0 : null;
  };
}

function laneOf(context: Context, tag: Bytes): Lane | undefined {
  const known = context.groups.find((one) => isOfGroup(one, tag));
  return known && findLane(known, tag.subarray(8));
}

const entryKeys = ({ record, entries }: RecordState): { tag: Bytes; digest: Bytes; key: string }[] =>
  entries.map((entry) => {
    const digest = entryDigest(record, entry);
    return { tag: entry.tag, digest, key: toHex(entry.tag) + toHex(digest) };
  });

/** Every record that counts in an open lane and that rules look at, in order. */
function judgedRecords(context: Context): PlacedRecord[] {
  const placed = context.records.flatMap((state): PlacedRecord[] => {
    if (state.notCounted !== null || state.record.type.startsWith("audit.")) return [];
    return entryKeys(state).flatMap(({ tag, digest }) => {
      const leaves = laneOf(context, tag)?.leaves ?? [];
      const index = leaves.findIndex((leaf) => isEqual(leaf.digest, digest));
      return index < 0 ? [] : [{ state, batch: leaves[index]!.batch, tag: toHex(tag), index }];
    });
  });
  return placed.sort((a, b) => a.batch - b.batch || compareTexts(a.tag, b.tag) || a.index - b.index);
}

/** The records of the snapshot's lanes that rules look at. */
function asOfSnapshot(context: Context, finding: RecordState, judged: PlacedRecord[]): PlacedRecord[] {
  const counts = new Map<string, number>();
  const opened = new Set(
    context.records.filter((one) => !one.isWithheld).flatMap((one) => entryKeys(one).map(({ key }) => key)),
  );
  for (const { tag, count, head } of statement.readSnapshot(finding.record)) {
    const all = laneOf(context, tag)?.leaves;
    if (all == null) return end("cannot tell", "a lane of its snapshot is not shown", "未出示快照中的某条链道");
    const leaves = all.slice(0, count);
    const computed = treeRoot(leaves.map((leaf) => laneLeaf(leaf.digest, leaf.batch)));
    if (leaves.length < count || !isEqual(computed, head))
      end("does not follow", "a lane never had the head that it names", "快照中的链道头不符");
    if (leaves.some(({ digest }) => !opened.has(toHex(tag) + toHex(digest))))
      end("cannot tell", "an entry of its snapshot is not opened", "快照中有条目缺少对应记录");
    counts.set(toHex(tag), count);
  }
  const first = Math.min(...finding.entries.map(({ batch }) => batch));
  const until = context.batch(first).timestamp - LATE_S;
  for (const { state, batch, tag, index } of judged) {
    if (index < (counts.get(tag) ?? 0) || context.batch(batch).timestamp >= until) continue;
    const { id } = state.record;
    end(
      "does not follow",
      `it left record ${id} out, which was anchored long before`,
      `快照遗漏了此前早已上链的记录 ${id}`,
    );
  }
  return judged.filter(({ tag, index }) => index < (counts.get(tag) ?? 0));
}

/** Ends unless every section which the rule selects, or joins records by, is shown. */
function requireShown(pack: RulePack, rule: string, placed: PlacedRecord[]): void {
  const tests = pack.forms[rule]!;
  const types = new Set(tests.flatMap(({ group }) => GROUP_TYPES[group]!));
  const selected = tests.flatMap(({ select }) => Object.values(select).map(({ path }) => path.split(".")[0]!));
  const sections = new Set([...JOINED_BY, ...selected]);
  for (const { state } of placed) {
    const { record } = state;
    if (!types.has(record.type)) continue;
    const missing = record.sections
      .filter(({ name, digests }) => {
        const shown = record.disclosures.filter(({ section }) => section === name).length;
        return sections.has(name) && shown < digests.length;
      })
      .map(({ name }) => name);
    if (missing.length > 0) {
      const names = missing.sort().join(", ");
      end("cannot tell", `${names} of record ${record.id} is not shown`, `未出示记录 ${record.id} 的 ${names}`);
    }
  }
}
