// Checks 12, 7 and 13: lanes are the UCR's own, entries stand in them, and they are those attested, whole.

import { type Bytes, concat, isEqual, toHex } from "./bytes.js";
import type { Entry } from "./bundle.js";
import {
  type Context,
  entryDigest,
  type Fault,
  findLane,
  Finding,
  holdsGroup,
  isOfGroup,
  laneHalf,
  ofRecord,
  type RecordState,
} from "./context.js";
import { isHidden, laneLeaf } from "./index_map.js";
import { isIncluded } from "./merkle.js";
import { faultOfNumber } from "./numbers.js";
import { ucrOf } from "./records.js";
import { decodePrimeOrder } from "./signatures.js";
import { say, type Text, type Verdict } from "./verdicts.js";
import { vrfInput } from "./vrf.js";

const MOST_NAMED = 10;
/** ECVRF-EDWARDS25519-SHA512-TAI, as RFC 9381 numbers it. */
const VRF_SUITE = 3;
/** How long an entry may be left without its record. */
const PENDING_S = 86_400;

export function checkInclusion(context: Context): Finding {
  const finding = new Finding();
  for (const { record, entries } of context.records) {
    for (const entry of entries) {
      const batch = context.batch(entry.batch);
      const leaf = concat(entry.tag, entryDigest(record, entry));
      if (!isIncluded(leaf, entry.position, batch.count, entry.path, batch.root)) {
        finding.fail("INVALID", say(`record ${record.id} is not entry ${entry.position} of batch ${entry.batch}`, `记录 ${record.id} 不是批次 ${entry.batch} 的第 ${entry.position} 个条目`));
      }
    }
  }
  for (const state of finding.isAnswered ? context.records : []) {
    const { index, block, gateway } = context.batchOf(state);
    if (context.known.accounts.get(toHex(gateway))!.inForce(block) === undefined) {
      finding.skip("CANNOT_TELL", say(`whose the gateway of batch ${index} was is not shown`, `未出示批次 ${index} 的网关当时属于谁`));
    }
  }
  return finding;
}

export function checkTags(context: Context): Finding {
  const finding = new Finding();
  const { tagKeys } = context.known;
  const unusable = tagKeys.findIndex(({ key, suite }) => suite !== VRF_SUITE || decodePrimeOrder(key) === null);
  if (unusable >= 0) {
    finding.skip("CANNOT_TELL", say(`the tag key of epoch ${unusable} is of a suite that this verifier does not know, or none`, `时期 ${unusable} 的标签密钥所用套件本验证器不支持，或并非有效密钥`));
    return finding;
  }
  for (const { group } of context.groups) {
    const key = tagKeys[group.epoch]?.key;
    if (key === undefined) {
      finding.fail("INVALID", say(`a lane is of epoch ${group.epoch}, which the registry does not hold`, `有链道属于登记簿中不存在的时期 ${group.epoch}`));
    } else if (!group.vrf.verify(key, vrfInput(group.purpose, group.name))) {
      finding.fail("INVALID", say(`the lanes shown for ${group.name} are not proved to be its own`, `未能证明所示链道属于 ${group.name}`));
    }
  }
  const isWhole = context.isConsignment || context.bundle.number !== null;
  if (isWhole && finding.outcome === "PASS" && context.known.checkpoint === null) {
    finding.skip("NOT_COVERED", say("without a checkpoint no lane is known", "没有检查点则不知任何链道"));
  } else if (isWhole && finding.outcome === "PASS") {
    const needed = context.neededEpochs;
    const missing = needed.filter(
      (epoch) => !context.groups.some(({ group }) => group.purpose !== "access" && group.epoch === epoch),
    );
    if (missing.length > 0) {
      finding.skip("ENTRIES_MISSING", say(`${missing.length} of ${needed.length} epochs are not shown: ${missing.join(", ")}`, `${needed.length} 个时期中有 ${missing.length} 个未出示：${missing.join("、")}`));
    }
  }
  return finding;
}

/** What is wrong with an entry: it is withheld, filed elsewhere, or its lanes are not shown. */
type Filing = { kind: "filed" } | { kind: "stranger" | "elsewhere" | "withheld" | "unshown"; reason: Text };
const FILING_VERDICTS: { [kind: string]: Verdict } = { withheld: "CANNOT_TELL", unshown: "ENTRIES_MISSING" };

export function checkBinding(context: Context): Finding {
  const finding = new Finding();
  for (const state of context.records) {
    if (context.bundle.number !== null) {
      bindNumber(context, finding, state);
      continue;
    }
    const filings = state.entries.map((entry) => ({ entry, filing: fileEntry(context, state, entry) }));
    state.filed = filings.filter(({ filing }) => filing.kind === "filed").map(({ entry }) => entry);
    if (context.isConsignment)
      sayWithheld(
        context,
        state,
        filings.some(({ filing }) => filing.kind === "withheld"),
      );
    for (const { filing } of filings) {
      if (filing.kind === "filed") continue;
      if (context.isConsignment) {
        sayMisfiled(context, state, filing.reason);
        continue;
      }
      state.isWithheld = true;
      const verdict = FILING_VERDICTS[filing.kind];
      const fault = { isFalse: verdict === undefined, verdict: verdict ?? "INVALID", reason: filing.reason };
      context.noteFault(finding, state, fault);
      break;
    }
  }
  return finding;
}

/** An entry that opens to another number is no use of this one; one that withholds it is not opened. */
function bindNumber(context: Context, finding: Finding, state: RecordState): void {
  const fault = state.entries.filter((entry) => entry.isNumber).reduce<Fault | null>(
    (first, entry) => first ?? faultOfNumber(context, state, entry),
    null,
  );
  if (fault === null) return;
  state.isWithheld = !fault.isFalse;
  context.noteFault(finding, state, fault);
}

/** A record of a consignment that withholds its UCR or what standing rests on opens none of its entries. */
function sayWithheld(context: Context, state: RecordState, withholdsUcr: boolean): void {
  const shown = new Set(state.record.disclosures.map(({ digest }) => digest));
  const restedOn = state.record.sections
    .filter(({ name }) => name === "names" || name === "mandate")
    .flatMap(({ digests }) => digests);
  state.isWithheld = withholdsUcr || restedOn.some((digest) => !shown.has(digest));
  if (state.isWithheld)
    context.notCount(
      state,
      say("it withholds its UCR or what standing rests on", "未披露其 UCR 或相关成员所依据的内容"),
    );
}

function sayMisfiled(context: Context, state: RecordState, reason: Text): void {
  if (state.filed.length === 0) context.notCount(state, reason);
  context.remarks.push(say(`record ${state.record.id}: ${reason.en}`, `记录 ${state.record.id}：${reason.zh}`));
}

function fileEntry(context: Context, state: RecordState, entry: Entry): Filing {
  const { record } = state;
  const gateway = context.gatewayOf(context.batch(entry.batch));
  const isOwn = record.sections.some((section) => section.name === "ucr" && section.digests.includes(entry.element));
  const misfiled: Filing = {
    kind: "stranger",
    reason: say(`it was filed here by ${gateway} but does not name this UCR`, `由 ${gateway} 归入此处，但记录并未指明该 UCR`),
  };
  if (!isOwn) return misfiled;
  const disclosure = record.disclosures.find(({ digest }) => digest === entry.element);
  if (disclosure === undefined) {
    return {
      kind: "withheld",
      reason: say("it withholds the UCR that its entry rests on", "未披露其条目所依据的 UCR"),
    };
  }
  const ucr = ucrOf(disclosure.value);
  if (ucr === null || (context.isConsignment && ucr !== context.bundle.ucr)) return misfiled;
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  const epochs = context.known.tagKeys.flatMap((_, epoch) =>
    context.countsInEpoch(epoch, entry.batch) ? [epoch] : [],
  );
  const shown = context.groups.filter(
    ({ group }) => group.purpose === purpose && group.name === ucr && epochs.includes(group.epoch),
  );
  const isFiled = shown.some(
    (known) => isOfGroup(known, entry.tag) && isEqual(laneHalf(known.output, record.issuer), entry.tag.subarray(8)),
  );
  if (isFiled) return { kind: "filed" };
  if (shown.length < epochs.length) {
    return {
      kind: "unshown",
      reason: say(`the lanes of ${ucr}, which record ${record.id} names, are not all shown`, `记录 ${record.id} 所指 ${ucr} 的链道未全部出示`),
    };
  }
  return {
    kind: "elsewhere",
    reason: say(`${gateway} filed it in another lane than its issuer's, or under a tag key that did not count then`, `${gateway} 将其归入了非签发者的链道，或归在当时不计的标签密钥之下`),
  };
}

export function checkLanes(context: Context): Finding {
  const finding = new Finding();
  for (const known of context.groups) {
    if (!holdsGroup(context, known)) {
      finding.fail("INVALID", say(`the lanes shown for ${known.group.name} in epoch ${known.group.epoch} are not what was attested`, `所示 ${known.group.name} 在时期 ${known.group.epoch} 的链道与见证不符`));
    }
  }
  if (finding.outcome === "FAIL") return finding;
  for (const state of context.records) {
    const fault = context.isConsignment || !state.isWithheld ? faultOfPlaces(context, state) : null;
    if (fault === null) continue;
    const { isFalse, verdict } = fault;
    const reason = ofRecord(state, fault.reason);
    if (context.isConsignment || context.bundle.number !== null) {
      if (isFalse) finding.fail(verdict, reason);
      else finding.skip(verdict, reason);
      return finding;
    }
    context.noteFault(finding, state, fault);
    if (!context.isSubject(state)) context.remarks.push(reason);
  }
  checkOrder(context, finding);
  if (context.isConsignment && finding.outcome === "PASS") checkWholeness(context, finding);
  return finding;
}

/** Entries that are opened stand in their lane as they stand in their batches. */
function checkOrder(context: Context, finding: Finding): void {
  const places = new Map(
    context.records.flatMap(({ record, entries }) =>
      entries.map((entry) => [toHex(entry.tag) + toHex(entryDigest(record, entry)), entry] as const),
    ),
  );
  for (const { group, prefix } of context.groups) {
    for (const { half, leaves } of group.lanes) {
      const opened = (leaves ?? []).flatMap(({ digest }) => places.get(toHex(prefix) + toHex(half) + toHex(digest)) ?? []);
      const isOrdered = opened.every((entry, i) => {
        const before = opened[i - 1];
        return !before || before.batch < entry.batch || (before.batch === entry.batch && before.position < entry.position);
      });
      if (!isOrdered) finding.fail("INVALID", say("a lane's entries are not in the ledger's order", "链道的次序与账本不符"));
    }
  }
}

/** Whether each lane of the consignment's members is opened or absent, and each of its leaves with its record. */
function checkWholeness(context: Context, finding: Finding): void {
  const lanes = context.groups.flatMap((known) =>
    context.set.flatMap((uscc) => {
      const half = laneHalf(known.output, uscc);
      const lane = findLane(known, half);
      if (lane === undefined && !isHidden(known.group.hidden, half)) return [];
      return [{ tag: `${toHex(known.prefix)}${toHex(half)}`, leaves: lane?.leaves ?? null }];
    }),
  );
  const closed = lanes.flatMap(({ leaves }, i) => (leaves === null ? [i] : []));
  if (closed.length > 0) {
    finding.skip("ENTRIES_MISSING", say(`${closed.length} of ${lanes.length} lanes are not opened: ${named(closed)}`, `${lanes.length} 条链道中有 ${closed.length} 条未展开：${named(closed)}`));
  }
  const opened = new Set(
    context.records
      .filter((state) => !state.isWithheld)
      .flatMap(({ record, entries }) =>
        entries.map((entry) => `${toHex(entry.tag)}${toHex(entryDigest(record, entry))}`),
      ),
  );
  const leaves = lanes.flatMap(({ tag, leaves: own }) => (own ?? []).map((leaf) => ({ tag, ...leaf })));
  const unopened = leaves.flatMap((leaf, i) =>
    opened.has(`${leaf.tag}${toHex(leaf.digest)}`) ? [] : [{ i, batch: leaf.batch }],
  );
  const pending = unopened.filter(({ batch }) => isYoung(context, batch));
  const missing = unopened.filter(({ batch }) => !isYoung(context, batch)).map(({ i }) => i);
  if (missing.length > 0) {
    finding.skip("ENTRIES_MISSING", say(`${missing.length} of ${leaves.length} entries are without their records: ${named(missing)}`, `${leaves.length} 个条目中有 ${missing.length} 个没有记录：${named(missing)}`));
  }
  if (pending.length > 0 && finding.outcome === "PASS")
    sayPending(context, finding, Math.min(...pending.map(({ batch }) => context.batch(batch).block)));
  context.remarks.push(say(`completeness is about the ${lanes.length} lanes of the members who belong to the consignment`, `完整性涉及属于该货物的成员的 ${lanes.length} 条链道`));
}

function isYoung(context: Context, batch: number): boolean {
  return context.hasBatch(batch) && context.bundle.header.timestamp < context.batch(batch).timestamp + PENDING_S;
}

function sayPending(context: Context, finding: Finding, block: number): void {
  context.oldestPending = block;
  context.remarks.push(say(`an entry of block ${block}, younger than a day, is without its record yet: complete up to the block before`, `区块 ${block} 中有一个不足一日的条目尚无记录：完整性止于其前一区块`));
  const asOf = context.question.asOf ?? null;
  if (asOf !== null && asOf >= block) {
    finding.fail("NOT_COVERED", say(`block ${asOf} was asked for, and an entry of block ${block} is without its record yet`, `所要求的是区块 ${asOf}，而区块 ${block} 中有条目尚无记录`));
  }
}

/** Places in a list, the first ten. */
function named(places: number[]): string {
  return (
    places
      .slice(0, MOST_NAMED)
      .map((place) => place + 1)
      .join(", ") + (places.length > MOST_NAMED ? ", …" : "")
  );
}

function faultOfPlaces(context: Context, state: RecordState): Fault | null {
  for (const entry of state.entries) {
    // Of a number's use its lane in the consignment is not shown.
    if (entry.isNumber !== (context.bundle.number !== null)) continue;
    const fault = faultOfPlace(context, state, entry);
    if (fault !== null) return fault;
  }
  return null;
}

const invalid = (en: string, zh: string): Fault => ({ isFalse: true, verdict: "INVALID", reason: say(en, zh) });
const unshown = (verdict: Verdict, en: string, zh: string): Fault => ({ isFalse: false, verdict, reason: say(en, zh) });

function faultOfPlace(context: Context, { record }: RecordState, entry: Entry): Fault | null {
  const half = entry.tag.subarray(8);
  const known = context.groups.find((one) => isOfGroup(one, entry.tag));
  const lane = known && findLane(known, half);
  const digest = entryDigest(record, entry);
  let first = lane?.leaves?.find((one) => isEqual(one.digest, digest))?.batch;
  if (lane?.closed && entry.lane !== null) {
    if (!isAtPlace(lane.closed, entry, digest)) {
      const { index } = entry.lane;
      return invalid(
        `it is not leaf ${index} of its issuer's lane for batch ${entry.batch}`,
        `不是其签发者链道中批次 ${entry.batch} 的第 ${index} 个叶`,
      );
    }
    first = entry.batch;
  }
  if (first !== undefined && first !== entry.batch) {
    return invalid(
      `it is shown in batch ${entry.batch}, but what was attested has it in batch ${first}`,
      `显示在批次 ${entry.batch}，而见证显示其在批次 ${first}`,
    );
  }
  if (entry.batch >= context.coveredCount) {
    if (first !== undefined) return invalid("it is in a lane older than its batch", "出现在早于其批次的链道中");
    return unshown("NOT_COVERED", "it is anchored but not covered yet", "已锚定但尚未被覆盖");
  }
  if (known === undefined || (lane === undefined && isHidden(known.group.hidden, half)))
    return unshown("ENTRIES_MISSING", "no lane is shown for it", "未出示其链道");
  if (first !== undefined) return null;
  if (lane?.closed) return unshown("ENTRIES_MISSING", "its place in the lane is not shown", "未出示其在链道中的位置");
  return invalid("no attested lane holds it", "没有经见证的链道包含它");
}

function isAtPlace(closed: { count: number; head: Bytes }, entry: Entry, digest: Bytes): boolean {
  return isIncluded(laneLeaf(digest, entry.batch), entry.lane!.index, closed.count, entry.lane!.path, closed.head);
}
