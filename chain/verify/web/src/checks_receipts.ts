// Check 15: what became of each receipt. docs/spec/receipts.md, "Kept, broken, excused". It speaks of gateways alone.

import { type Bytes, fromBase64url, isEqual, toHex } from "./bytes.js";
import { type Context, entryDigest, findLane, Finding, holdsGroup, isOfGroup, type KnownGroup, laneHalf, timeText } from "./context.js";
import { type History, KeyState, type KeyVersion, MemberState, type MemberVersion } from "./facts.js";
import { isHidden, laneLeaf } from "./index_map.js";
import { isIncluded } from "./merkle.js";
import type { Promised, Receipt } from "./receipts.js";
import { ROLES } from "./record_rules.js";
import { type SignedRecord, ucrOf } from "./records.js";
import { type Text, say } from "./verdicts.js";

export type Fate = "kept" | "broken" | "excused" | "forged" | "not due" | "not shown";

interface Judgement {
  fate: Fate;
  reason: Text | null;
}

const GATEWAY_BIT = 1 << ROLES.indexOf("GATEWAY");

export function checkReceipts(context: Context): Finding {
  const finding = new Finding();
  const { receipts } = context.bundle;
  if (receipts.length === 0) finding.skip("VALID", say("no receipts are shown", "未附回执"));
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
  const accusation = accuse(context, receipt.promised!, record);
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
  const { jws, promised } = receipt;
  if (promised === null) return forged("a receipt is malformed", "回执格式有误");
  const key = context.bundle.keys.find((one) => isEqual(one.key.thumbprint, fromBase64url(jws.kid, "kid")))!.key;
  const isSigned = key.algorithm === jws.algorithm && key.verify(jws.signingInput, jws.signature);
  if (promised.consortium !== toHex(context.bundle.consortium) || !receipt.isInGroup || !isSigned) {
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

/** What the lanes shown say of a promise. */
function accuse(context: Context, promised: Promised, record: SignedRecord): Judgement {
  const own = record.sections.find((section) => section.name === "ucr")!.digests;
  const digests = new Map(own.map((ucr) => [toHex(entryDigest(record, { element: ucr, isNumber: false })), ucr]));
  const references = record.sections.find((section) => section.name === "references")?.digests ?? [];
  const numbers = new Set(references.map((element) => toHex(entryDigest(record, { element, isNumber: true }))));
  // Entries of numbers stand under tags of their own, which this bundle does not show.
  const entries = promised.entries.filter(({ digest }) => !numbers.has(toHex(digest)));
  const named = new Set(entries.map(({ digest }) => toHex(digest)));
  if (named.size !== digests.size || [...named].some((digest) => !digests.has(digest))) {
    return broken(record, "it names other entries than the record's", "其所列条目并非该记录的条目");
  }
  const placed = entries.map(({ tag, digest }): PlacedEntry => {
    const known = context.groups.find((one) => isOfGroup(one, tag));
    return { tag, ucr: digests.get(toHex(digest))!, known, batch: known && findBatch(context, known, record, tag, digest) };
  });
  if (placed.some((entry) => isElsewhere(context, record, entry))) {
    return broken(
      record,
      "it names a lane that is not the issuer's of that consignment then, by the VRF proof",
      "据 VRF 证明，其所列链道并非签发者当时在该货物下的链道",
    );
  }
  const lapse = judgeLapse(context, promised, record);
  return placed
    .map((entry) => judgeEntry(context, promised, record, entry, lapse))
    .reduce((gravest, one) => (GRAVITY.indexOf(one.fate) > GRAVITY.indexOf(gravest.fate) ? one : gravest));
}

/** From least to gravest: of several entries the gravest is the receipt's. */
const GRAVITY: Fate[] = ["kept", "excused", "not due", "not shown", "broken"];

interface PlacedEntry {
  tag: Bytes;
  /** Digest of the `ucr` element that it is for, base64url. */
  ucr: string;
  known: KnownGroup | undefined;
  /** The batch that an attested lane names for it; null where its lane is shown not to hold it. */
  batch: number | "closed" | null | undefined;
}

function broken({ id }: SignedRecord, en: string, zh: string): Judgement {
  const reason = say(`the receipt of ${id} was broken: ${en}`, `记录 ${id} 的回执未履行：${zh}`);
  return { fate: "broken", reason };
}

function judgeEntry(
  context: Context,
  promised: Promised,
  record: SignedRecord,
  { tag, known, batch }: PlacedEntry,
  lapse: Judgement,
): Judgement {
  const { id } = record;
  const isShown = typeof batch !== "number" || context.hasBatch(batch);
  if (known === undefined || batch === "closed" || !isShown || !holdsGroup(context, known))
    return notShown(`the lane of ${id} is not opened`, `记录 ${id} 的链道未展开`);
  if (typeof batch === "number") {
    const { timestamp } = context.batch(batch);
    if (timestamp <= promised.anchorBy) return { fate: "kept", reason: null };
    if (findLane(known, tag.subarray(8))?.dropped) return dropped(id);
    const [at, by] = [timeText(timestamp), timeText(promised.anchorBy)];
    return broken(record, `it was anchored at ${at}, after ${by}`, `锚定于 ${at}，晚于 ${by}`);
  }
  if (findLane(known, tag.subarray(8))?.dropped && lapse.fate === "broken") {
    return dropped(id);
  }
  return lapse;
}

/** The governors may have dropped this very entry, and it may stand again since: then it is theirs to answer for. */
function dropped(id: string): Judgement {
  return notShown(`the governors dropped entries of the lane of ${id}`, `治理成员剔除过记录 ${id} 所在链道的条目`);
}

/** The batch that a lane shown names for an entry; null where it does not hold it. */
function findBatch(
  context: Context,
  known: KnownGroup,
  record: SignedRecord,
  tag: Bytes,
  digest: Bytes,
): PlacedEntry["batch"] {
  const lane = findLane(known, tag.subarray(8));
  if (lane === undefined) return isHidden(known.group.hidden, tag.subarray(8)) ? "closed" : null;
  if (lane.leaves !== null) return lane.leaves.find((leaf) => isEqual(leaf.digest, digest))?.batch ?? null;
  const entry = context
    .find(record.id)
    ?.entries.find((one) => isEqual(one.tag, tag) && isEqual(entryDigest(record, one), digest));
  if (entry?.lane == null) return "closed";
  const { count, head } = lane.closed!;
  const isThere = isIncluded(laneLeaf(digest, entry.batch), entry.lane.index, count, entry.lane.path, head);
  return isThere ? entry.batch : "closed";
}

/** Whether the VRF proofs shown say that a tag is not the issuer's lane of the element's UCR. */
function isElsewhere(context: Context, record: SignedRecord, { tag, ucr: digest, known, batch }: PlacedEntry): boolean {
  const disclosed = record.disclosures.find((one) => one.digest === digest);
  const ucr = disclosed === undefined ? null : ucrOf(disclosed.value);
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  if (known !== undefined) {
    const { group, output } = known;
    if (group.purpose !== purpose || (ucr !== null && group.name !== ucr)) return true;
    if (!isEqual(laneHalf(output, record.issuer), tag.subarray(8))) return true;
    return typeof batch === "number" && !context.countsInEpoch(group.epoch, batch);
  }
  if (ucr === null) return false;
  return context.known.tagKeys.every((_, epoch) =>
    context.groups.some(({ group }) => group.purpose === purpose && group.name === ucr && group.epoch === epoch),
  );
}

/** What became of an entry that no lane holds. */
function judgeLapse(context: Context, promised: Promised, record: SignedRecord): Judgement {
  const { id } = record;
  if (!isPast(context, promised.anchorBy)) {
    return {
      fate: "not due",
      reason: say(`the receipt of ${id} is not due yet`, `记录 ${id} 的回执尚未到期`),
    };
  }
  const key = context.known.keys.get(record.jws.kid)!;
  const member = context.known.members.get(record.issuer)!;
  if (!key.isWhole || !member.isWhole) {
    return notShown(
      `not all versions of the issuer's key and membership are shown, one may excuse the receipt of ${id}`,
      `未出示签发者密钥与成员资格的全部版本，其中可能有使记录 ${id} 的回执得以免责者`,
    );
  }
  if (isExcused(context, promised, key, member)) {
    return {
      fate: "excused",
      reason: say(`the receipt of ${id} was not kept, excused: its issuer's key or membership had ended`, `记录 ${id} 的回执未履行，但情有可原：其签发者的密钥或成员资格已终止`),
    };
  }
  const due = timeText(promised.anchorBy);
  return broken(record, `no attested lane held it although ${due} had passed`, `${due} 已过而没有经见证的链道包含它`);
}

/** Whether everything anchored up to a time later than this one is covered. */
function isPast(context: Context, time: number): boolean {
  const count = context.coveredCount;
  if (count === context.known.batchCount) return context.bundle.header.timestamp > time;
  return context.bundle.batches.some((batch) => batch.index < count && batch.timestamp > time);
}

function isExcused(
  context: Context,
  promised: Promised,
  key: History<KeyVersion>,
  member: History<MemberVersion>,
): boolean {
  const ended = key.versions.filter(({ version }) => version.state !== KeyState.ACTIVE);
  const ends: [number, number | null][] = ended.length > 0 ? [[Math.min(...ended.map((one) => one.version.since)), null]] : [];
  member.versions.forEach(({ version }, i) => {
    if (version.state !== MemberState.ACTIVE) ends.push([version.since, member.versions[i + 1]?.version.since ?? null]);
  });
  const { batches } = context.bundle;
  return ends.some(([from, to]) => {
    const isTooLate = batches.some((batch) => batch.timestamp > promised.anchorBy && batch.block <= from);
    const isOver = to !== null && batches.some((batch) => batch.timestamp <= promised.acceptedAt && batch.block >= to);
    return !isTooLate && !isOver;
  });
}
