// Check 15: what became of each receipt. docs/spec/receipts.md, "Kept, broken, excused". It speaks of gateways alone.

import { type Bytes, fromBase64url, fromHex, isEqual, toHex } from "./bytes.js";
import type { Batch, Group } from "./bundle.js";
import {
  type Context,
  entryDigest,
  findLane,
  Finding,
  isOfGroup,
  type KnownGroup,
  laneHalf,
  timeText,
} from "./context.js";
import { type History, KeyState, MemberState, type Version } from "./facts.js";
import { isHidden, laneLeaf } from "./index_map.js";
import { isIncluded } from "./merkle.js";
import type { PromisedEntry, Receipt } from "./receipts.js";
import type { SignedRecord } from "./records.js";
import { ROLES } from "./record_rules.js";
import type { Text } from "./verdicts.js";

export type Fate = "kept" | "broken" | "excused" | "forged" | "not due" | "not shown";

interface Judgement {
  fate: Fate;
  reason: Text | null;
}

const GATEWAY_BIT = 1 << ROLES.indexOf("GATEWAY");

export function checkReceipts(context: Context): Finding {
  const finding = new Finding();
  const { receipts } = context.bundle;
  if (receipts.length === 0) finding.skip("VALID", { en: "no receipts are shown", zh: "未附回执" });
  for (const shown of receipts) {
    const record = shown.record ?? context.find(shown.receipt.recordId)!.record;
    const { fate, reason } = judgeReceipt(context, shown.receipt, record);
    context.fates.push({ record_id: shown.receipt.recordId, fate });
    if (fate === "broken" || fate === "forged") finding.fail("VALID", reason!);
    else if (fate === "not due" || fate === "not shown") finding.skip("VALID", reason!);
    else if (fate === "excused") context.remarks.push(reason!);
  }
  return finding;
}

function judgeReceipt(context: Context, receipt: Receipt, record: SignedRecord): Judgement {
  const authorship = judgeAuthorship(context, receipt);
  if (authorship !== null) return authorship;
  const accusation = accuse(context, receipt, record);
  if (accusation.fate !== "broken") return accusation;
  const key = context.known.keys.get(receipt.jws.kid)!.newest!;
  if (key.state === KeyState.COMPROMISED) {
    const since = timeText(key.compromisedSince);
    return notShown(
      `the receipt of ${record.id} accuses nobody: its gateway's key is declared compromised since ${since}`,
      `记录 ${record.id} 的回执不指控任何人：其网关密钥被声明自 ${since} 起已泄露`,
    );
  }
  return accusation;
}

function notShown(en: string, zh: string): Judgement {
  return { fate: "not shown", reason: { en, zh } };
}

/** Whether a gateway of this consortium gave it; null where it did. */
function judgeAuthorship(context: Context, receipt: Receipt): Judgement | null {
  const forged = (en: string, zh: string): Judgement => ({ fate: "forged", reason: { en, zh } });
  const { jws } = receipt;
  const key = context.bundle.keys.find((one) => isEqual(one.key.thumbprint, fromBase64url(jws.kid, "kid")))!.key;
  const isSigned = key.algorithm === jws.algorithm && key.verify(jws.signingInput, jws.signature);
  if (receipt.consortium !== toHex(context.bundle.consortium) || !receipt.isInGroup || !isSigned) {
    return forged("a receipt is not signed for this consortium", "回执并非为本联盟签署");
  }
  const versions = context.known.keys.get(jws.kid)!;
  if (versions.newest === null || versions.newest.member !== receipt.gateway) {
    return forged("a receipt's key is not its gateway's", "回执的密钥不属于其网关");
  }
  const member = context.known.members.get(receipt.gateway)!;
  if (member.versions.some(({ version }) => (version.roles & GATEWAY_BIT) !== 0)) return null;
  if (!member.isWhole) {
    return notShown(
      "not all versions of the receipt's signer are shown, by one it may run a gateway",
      "未出示回执签署方的全部版本，其中可能有准许其运行网关的版本",
    );
  }
  return forged("a receipt's signer runs no gateway", "回执签署方不运行网关");
}

/** What the lanes shown say of a receipt's promise. */
function accuse(context: Context, receipt: Receipt, record: SignedRecord): Judgement {
  const name = receipt.recordId;
  const broken = (en: string, zh: string): Judgement => ({
    fate: "broken",
    reason: { en: `the receipt of ${name} was broken: ${en}`, zh: `记录 ${name} 的回执未履行：${zh}` },
  });
  const own = record.sections.find((section) => section.name === "ucr")!.digests;
  const isOwn = (entry: PromisedEntry, i: number): boolean =>
    own[i] !== undefined && isEqual(fromBase64url(entry.digest, "digest"), entryDigest(record, own[i]));
  if (receipt.entries.length !== own.length || !receipt.entries.every(isOwn)) {
    return broken("it names other entries than the record's", "其所列条目并非该记录的条目");
  }
  const fates = receipt.entries.map((entry, i) => judgeEntry(context, receipt, record, entry, own[i]!));
  if (fates.some((fate) => fate.kind === "elsewhere")) {
    return broken(
      "it names a lane that is not the issuer's of that consignment then, by the VRF proof",
      "据 VRF 证明，其所列链道并非签发者当时在该货物下的链道",
    );
  }
  const late = fates.find((fate) => fate.kind === "late");
  if (late?.kind === "late") {
    // Nothing excuses that it was anchored after all, and too late.
    const [at, by] = [timeText(late.batch.timestamp), timeText(receipt.anchorBy)];
    return broken(`it was anchored at ${at}, after ${by}`, `锚定于 ${at}，晚于 ${by}`);
  }
  if (fates.some((fate) => fate.kind === "missing")) {
    const excuse = judgeExcuse(context, receipt, record);
    if (excuse !== null) return excuse;
    const due = timeText(receipt.anchorBy);
    return broken(`no attested lane held it although ${due} had passed`, `${due} 已过而没有经见证的链道包含它`);
  }
  if (fates.some((fate) => fate.kind === "unshown")) {
    return notShown(`the lane of ${name} is not opened`, `记录 ${name} 的链道未展开`);
  }
  if (fates.some((fate) => fate.kind === "not due")) {
    return {
      fate: "not due",
      reason: { en: `the receipt of ${name} is not due yet`, zh: `记录 ${name} 的回执尚未到期` },
    };
  }
  return { fate: "kept", reason: null };
}

type EntryFate = { kind: "kept" | "missing" | "unshown" | "not due" | "elsewhere" } | { kind: "late"; batch: Batch };

function judgeEntry(
  context: Context,
  receipt: Receipt,
  record: SignedRecord,
  entry: PromisedEntry,
  ucrDigest: string,
): EntryFate {
  const tag = fromHex(entry.tag, "tag", 16);
  const known = context.groups.find((one) => isOfGroup(one, tag));
  const digest = fromBase64url(entry.digest, "digest");
  const batch = known && findBatch(context, known, record, tag, digest);
  if (isElsewhere(context, record, tag, ucrDigest, typeof batch === "number" ? batch : null))
    return { kind: "elsewhere" };
  if (known === undefined || batch === "closed") return { kind: "unshown" };
  if (typeof batch === "number") {
    if (!context.hasBatch(batch)) return { kind: "unshown" };
    const shown = context.batch(batch);
    return shown.timestamp <= receipt.anchorBy ? { kind: "kept" } : { kind: "late", batch: shown };
  }
  return isPast(context, receipt.anchorBy) ? { kind: "missing" } : { kind: "not due" };
}

/** The batch that an attested lane names for an entry. */
function findBatch(
  context: Context,
  known: KnownGroup,
  record: SignedRecord,
  tag: Bytes,
  digest: Bytes,
): number | "closed" | "absent" {
  const lane = findLane(known, tag.subarray(8));
  if (lane === undefined) return isHidden(known.group.hidden, tag.subarray(8)) ? "closed" : "absent";
  if (lane.leaves !== null) {
    // Where entries of the lane were dropped, the promised one may be among them.
    const lost = lane.dropped > 0 ? "closed" : "absent";
    return lane.leaves.find((leaf) => isEqual(leaf.digest, digest))?.batch ?? lost;
  }
  const entry = context
    .find(record.id)
    ?.entries.find((one) => isEqual(one.tag, tag) && isEqual(entryDigest(record, one.ucr), digest));
  if (entry?.lane == null) return "closed";
  const { count, head } = lane.closed!;
  return isIncluded(laneLeaf(digest, entry.batch), entry.lane.index, count, entry.lane.path, head)
    ? entry.batch
    : "closed";
}

/** Whether the VRF proofs shown say that a tag is not the issuer's lane of the element's UCR. */
function isElsewhere(
  context: Context,
  record: SignedRecord,
  tag: Bytes,
  ucrDigest: string,
  batch: number | null,
): boolean {
  const disclosed = record.disclosures.find(({ digest }) => digest === ucrDigest);
  const ucr = typeof disclosed?.value === "string" ? disclosed.value : null;
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  const isCounting = (group: Group): boolean => batch === null || context.countsInEpoch(group.epoch, batch);
  const known = context.groups.find((one) => isOfGroup(one, tag));
  if (known !== undefined) {
    const { group, output } = known;
    const isRight =
      group.purpose === purpose &&
      (disclosed === undefined || group.name === ucr) &&
      isEqual(laneHalf(output, record.issuer), tag.subarray(8));
    return !isRight || !isCounting(group);
  }
  if (ucr === null) return false;
  const epochs = context.known.tagKeys.map((_, epoch) => epoch);
  return epochs.every((epoch) =>
    context.groups.some(({ group }) => group.purpose === purpose && group.name === ucr && group.epoch === epoch),
  );
}

/** Whether everything anchored up to a time later than this one is covered. */
function isPast(context: Context, time: number): boolean {
  const { batchCount } = context.known;
  const count = context.coveredCount;
  if (count === batchCount && context.bundle.header.timestamp > time) return true;
  return context.bundle.batches.some((batch) => batch.index < count && batch.timestamp > time);
}

function judgeExcuse(context: Context, receipt: Receipt, record: SignedRecord): Judgement | null {
  const key = context.known.keys.get(record.jws.kid)!;
  const member = context.known.members.get(record.issuer)!;
  const ends = [
    ...endings(key, ({ state }) => state !== KeyState.ACTIVE),
    ...endings(member, ({ state }) => state !== MemberState.ACTIVE),
  ];
  const isExcused = ends.some(({ from, to }) => {
    const isTooLate = context.bundle.batches.some((batch) => batch.timestamp > receipt.anchorBy && batch.block <= from);
    const isTooEarly =
      to !== null && context.bundle.batches.some((batch) => batch.timestamp <= receipt.acceptedAt && batch.block >= to);
    return !isTooLate && !isTooEarly;
  });
  if (isExcused) {
    return {
      fate: "excused",
      reason: {
        en: `the receipt of ${record.id} was not kept, excused: its issuer's key or membership had ended`,
        zh: `记录 ${record.id} 的回执未履行，但情有可原：其签发者的密钥或成员资格已终止`,
      },
    };
  }
  if (key.isWhole && member.isWhole) return null;
  return notShown(
    `not all versions of the issuer's key and membership are shown, one may excuse the receipt of ${record.id}`,
    `未出示签发者密钥与成员资格的全部版本，其中可能有使记录 ${record.id} 的回执得以免责者`,
  );
}

/** The whiles during which a fact had ended, by the blocks that wrote it: `to` is null where it never came back. */
function endings<V extends Version>(
  history: History<V>,
  hasEnded: (version: V) => boolean,
): { from: number; to: number | null }[] {
  const whiles: { from: number; to: number | null }[] = [];
  let from: number | null = null;
  for (const { version } of history.versions) {
    if (hasEnded(version)) from ??= version.since;
    else if (from !== null) {
      whiles.push({ from, to: version.since });
      from = null;
    }
  }
  if (from !== null) whiles.push({ from, to: null });
  return whiles;
}
