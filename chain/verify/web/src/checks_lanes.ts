// Checks 12, 7 and 13: lanes are the UCR's own, entries stand in them, and they are those attested, whole.

import { type Bytes, concat, isEqual, toHex } from "./bytes.js";
import type { Entry } from "./bundle.js";
import {
  type Context,
  countsInEpoch,
  entryDigest,
  findLane,
  Finding,
  headOf,
  isOfGroup,
  laneHalf,
  type RecordState,
} from "./context.js";
import { laneLeaf, rootOf } from "./index_map.js";
import { isIncluded } from "./merkle.js";
import { ucrOf } from "./records.js";
import type { Text } from "./verdicts.js";
import { vrfInput } from "./vrf.js";

const MOST_NAMED = 10;

export function checkInclusion(context: Context): Finding {
  const finding = new Finding();
  for (const { record, entries } of context.records) {
    for (const entry of entries) {
      const batch = context.batch(entry.batch);
      const leaf = concat(entry.tag, entryDigest(record, entry.ucr));
      if (!isIncluded(leaf, entry.position, batch.count, entry.path, batch.root)) {
        finding.fail("INVALID", {
          en: `record ${record.id} is not entry ${entry.position} of batch ${entry.batch}`,
          zh: `记录 ${record.id} 不是批次 ${entry.batch} 的第 ${entry.position} 个条目`,
        });
      }
    }
  }
  return finding;
}

export function checkTags(context: Context): Finding {
  const finding = new Finding();
  const { root } = context;
  for (const { group } of context.groups) {
    const key = root.tagKeys[group.epoch]?.key;
    if (key === undefined) {
      finding.fail("INVALID", {
        en: `a lane is of epoch ${group.epoch}, an epoch that this trust root does not know`,
        zh: `有链道属于本信任根不知道的时期 ${group.epoch}`,
      });
    } else if (!group.vrf.verify(key, vrfInput(group.purpose, group.name))) {
      finding.fail("INVALID", {
        en: `the lanes shown for ${group.name} are not proved to be its own`,
        zh: `未能证明所示链道属于 ${group.name}`,
      });
    }
  }
  if (context.isConsignment && finding.outcome === "PASS" && context.known.checkpoint === null) {
    finding.skip("NOT_COVERED", { en: "without a checkpoint no lane is known", zh: "没有检查点则不知任何链道" });
  } else if (context.isConsignment && finding.outcome === "PASS") {
    const needed = context.neededEpochs;
    const missing = needed.filter(
      (epoch) => !context.groups.some(({ group }) => group.purpose === "ucr" && group.epoch === epoch),
    );
    if (missing.length > 0) {
      finding.skip("ENTRIES_MISSING", {
        en: `${missing.length} of ${needed.length} epochs are not shown: ${missing.join(", ")}`,
        zh: `${needed.length} 个时期中有 ${missing.length} 个未出示：${missing.join("、")}`,
      });
    }
  }
  return finding;
}

/** What is wrong with an entry: it is withheld, filed elsewhere, or its lanes are not shown. */
type Filing = { kind: "filed" } | { kind: "stranger" | "elsewhere" | "withheld" | "unshown"; reason: Text };

export function checkBinding(context: Context): Finding {
  const finding = new Finding();
  for (const state of context.records) {
    const filings = state.entries.map((entry) => ({ entry, filing: fileEntry(context, state, entry) }));
    state.filed = filings.filter(({ filing }) => filing.kind === "filed").map(({ entry }) => entry);
    for (const { filing } of filings) {
      if (filing.kind === "filed") continue;
      if (filing.kind === "withheld") finding.skip("CANNOT_TELL", filing.reason);
      else if (!context.isConsignment && filing.kind === "unshown") finding.skip("ENTRIES_MISSING", filing.reason);
      else if (!context.isConsignment) finding.fail("INVALID", filing.reason);
      else sayMisfiled(context, state, filing.reason);
      if (finding.outcome !== "PASS") return finding;
    }
  }
  return finding;
}

function sayMisfiled(context: Context, state: RecordState, reason: Text): void {
  if (state.filed.length === 0) context.notCount(state, reason);
  context.remarks.push({ en: `record ${state.record.id}: ${reason.en}`, zh: `记录 ${state.record.id}：${reason.zh}` });
}

function fileEntry(context: Context, state: RecordState, entry: Entry): Filing {
  const { record } = state;
  const gateway = context.gatewayOf(context.batch(entry.batch));
  const isOwn = record.sections.some((section) => section.name === "ucr" && section.digests.includes(entry.ucr));
  const misfiled: Filing = {
    kind: "stranger",
    reason: {
      en: `it was filed here by ${gateway} but does not name this UCR`,
      zh: `由 ${gateway} 归入此处，但记录并未指明该 UCR`,
    },
  };
  if (!isOwn) return misfiled;
  const disclosure = record.disclosures.find(({ digest }) => digest === entry.ucr);
  if (disclosure === undefined) {
    return {
      kind: "withheld",
      reason: {
        en: `record ${record.id} withholds the UCR that its entry rests on`,
        zh: `记录 ${record.id} 未披露其条目所依据的 UCR`,
      },
    };
  }
  const ucr = ucrOf(disclosure.value);
  if (ucr === null || (context.isConsignment && ucr !== context.bundle.subjects[0])) return misfiled;
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  const epochs = context.root.tagKeys.flatMap((_, epoch) =>
    countsInEpoch(context.root, epoch, entry.batch) ? [epoch] : [],
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
      reason: {
        en: `the lanes of ${ucr}, which record ${record.id} names, are not all shown`,
        zh: `记录 ${record.id} 所指 ${ucr} 的链道未全部出示`,
      },
    };
  }
  return {
    kind: "elsewhere",
    reason: {
      en: `${gateway} filed it in another lane than its issuer's, or under a tag key that did not count then`,
      zh: `${gateway} 将其归入了非签发者的链道，或归在当时不计的标签密钥之下`,
    },
  };
}

export function checkLanes(context: Context): Finding {
  const finding = new Finding();
  const { checkpoint } = context.known;
  for (const known of context.groups) {
    const lanes = known.group.lanes.map((lane) => ({
      tag: concat(known.prefix, lane.half),
      dropped: lane.dropped,
      ...headOf(lane),
    }));
    const computed = rootOf({ prefix: known.prefix, siblings: known.group.siblings, lanes, other: known.group.other });
    if (computed === null || !isEqual(computed, checkpoint!.root)) {
      finding.fail("INVALID", {
        en: `the lanes shown for ${known.group.name} in epoch ${known.group.epoch} are not what was attested`,
        zh: `所示 ${known.group.name} 在时期 ${known.group.epoch} 的链道与见证不符`,
      });
    }
  }
  if (finding.outcome === "FAIL") return finding;
  if (context.isConsignment) checkWholeness(context, finding);
  for (const state of context.records) for (const entry of state.entries) checkPlace(context, state, entry, finding);
  return finding;
}

function checkWholeness(context: Context, finding: Finding): void {
  const lanes = context.groups.flatMap(({ group }) => group.lanes);
  const closed = lanes.flatMap((lane, i) => (lane.leaves === null ? [i] : []));
  if (closed.length > 0) {
    finding.skip("ENTRIES_MISSING", {
      en: `${closed.length} of ${lanes.length} lanes are not opened: ${named(closed)}`,
      zh: `${lanes.length} 条链道中有 ${closed.length} 条未展开：${named(closed)}`,
    });
  }
  const opened = new Set(
    context.records.flatMap(({ record, entries }) =>
      entries.map((entry) => `${toHex(entry.tag)}${toHex(entryDigest(record, entry.ucr))}`),
    ),
  );
  const leaves = context.groups.flatMap(({ group, prefix }) =>
    group.lanes.flatMap((lane) =>
      (lane.leaves ?? []).map((leaf) => `${toHex(prefix)}${toHex(lane.half)}${toHex(leaf.digest)}`),
    ),
  );
  const unopened = leaves.flatMap((leaf, i) => (opened.has(leaf) ? [] : [i]));
  if (unopened.length > 0) {
    finding.skip("ENTRIES_MISSING", {
      en: `${unopened.length} of ${leaves.length} entries are without their records: ${named(unopened)}`,
      zh: `${leaves.length} 个条目中有 ${unopened.length} 个没有记录：${named(unopened)}`,
    });
  }
  context.remarks.push({
    en: `completeness is about all ${lanes.length} lanes of the UCR, whoever spoke`,
    zh: `完整性涉及该 UCR 的全部 ${lanes.length} 条链道，不论签发者为谁`,
  });
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

function checkPlace(context: Context, state: RecordState, entry: Entry, finding: Finding): void {
  const { record } = state;
  const known = context.groups.find((one) => isOfGroup(one, entry.tag));
  const lane = known && findLane(known, entry.tag.subarray(8));
  const digest = entryDigest(record, entry.ucr);
  if (lane === undefined) {
    reportAbsence(context, state, entry, finding);
  } else if (lane.leaves !== null) {
    const leaf = lane.leaves.find((one) => isEqual(one.digest, digest));
    if (leaf === undefined) reportAbsence(context, state, entry, finding);
    else if (leaf.batch !== entry.batch) {
      finding.fail("INVALID", {
        en: `record ${record.id} is shown in batch ${entry.batch}, but what was attested has it in batch ${leaf.batch}`,
        zh: `记录 ${record.id} 显示在批次 ${entry.batch}，而见证显示其在批次 ${leaf.batch}`,
      });
    }
  } else if (entry.lane === null) {
    if (entry.batch >= context.coveredCount) reportAbsence(context, state, entry, finding);
    else
      finding.skip("ENTRIES_MISSING", {
        en: `its place in the lane is not shown for record ${record.id}`,
        zh: `未出示记录 ${record.id} 在链道中的位置`,
      });
  } else if (!isAtPlace(lane.closed!, entry, digest)) {
    finding.fail("INVALID", {
      en: `record ${record.id} is not leaf ${entry.lane.index} of its issuer's lane for batch ${entry.batch}`,
      zh: `记录 ${record.id} 不是其签发者链道中批次 ${entry.batch} 的第 ${entry.lane.index} 个叶`,
    });
  }
}

function isAtPlace(closed: { count: number; head: Bytes }, entry: Entry, digest: Bytes): boolean {
  return isIncluded(laneLeaf(digest, entry.batch), entry.lane!.index, closed.count, entry.lane!.path, closed.head);
}

function reportAbsence(context: Context, state: RecordState, entry: Entry, finding: Finding): void {
  const { id } = state.record;
  if (entry.batch >= context.coveredCount) {
    finding.skip("NOT_COVERED", {
      en: `record ${id} is anchored but not covered yet`,
      zh: `记录 ${id} 已锚定但尚未被覆盖`,
    });
  } else {
    finding.fail("INVALID", { en: `no attested lane holds record ${id}`, zh: `没有经见证的链道包含记录 ${id}` });
  }
}
