// Numbers that an invoice's maker gave it, and check 20. docs/spec/batches.md, "Number tags"; docs/spec/checks.md.

import { type Bytes, isEqual, toHex } from "./bytes.js";
import type { Entry } from "./bundle.js";
import { type Context, entryDigest, type Fault, findLane, Finding, type RecordState, ofRecord } from "./context.js";
import { isHidden } from "./index_map.js";
import { ucrOf } from "./records.js";
import { say } from "./verdicts.js";

/** Whether a reference of an invoice says the number as its issuer's own. */
function saysNumber({ record }: RecordState, digest: string, name: string): boolean {
  const value = record.disclosures.find((one) => one.section === "references" && one.digest === digest)?.value;
  if (record.type !== "tax.invoice" || !(value instanceof Map) || value.get("kind") !== "invoice") return false;
  const [scope, number] = [value.get("scope") ?? "", value.get("value")];
  return (scope === "" || scope === record.issuer) && typeof number === "string"
    && `${record.issuer}/${number.toUpperCase()}` === name;
}

/** What is wrong with an entry of the number; null where it is a use of it. */
export function faultOfNumber(context: Context, state: RecordState, entry: Entry): Fault | null {
  const { record } = state;
  const isOwn = record.sections.some(({ name, digests }) => name === "references" && digests.includes(entry.element));
  if (isOwn && !record.disclosures.some(({ digest }) => digest === entry.element)) {
    const reason = say("it withholds the number", "未披露该编号");
    return { isFalse: false, verdict: "CANNOT_TELL", reason };
  }
  if (!saysNumber(state, entry.element, context.bundle.number!)) {
    const reason = say("it does not say this number", "未载明该编号");
    return { isFalse: true, verdict: "INVALID", reason };
  }
  // Under whichever tag key: an old one would else hide a use.
  if (!context.groups.some(({ group }) => isEqual(group.vrf.numberTag(), entry.tag))) {
    const reason = say("it stands under another tag", "标签不符");
    return { isFalse: true, verdict: "INVALID", reason };
  }
  return null;
}

interface Use {
  epoch: number;
  /** Epoch and the beginning of the consignment's tags. */
  place: string;
  ucr: string | null;
}

export function checkSingleUse(context: Context): Finding {
  const finding = new Finding();
  if (context.bundle.number === null) {
    finding.skip("VALID", say("no number is asked about", "未查询编号"));
    return finding;
  }
  checkOpened(context, finding);
  const uses = finding.outcome === "PASS" ? findUses(context, finding) : null;
  if (uses === null) return finding;
  const names = new Map<string, string>();
  for (const { place, ucr } of uses) if (ucr !== null && !names.has(place)) names.set(place, ucr);
  for (const { place } of uses) if (!names.has(place)) names.set(place, place);
  const most = new Set(names.values()).size;
  const known = new Set(uses.flatMap(({ ucr }) => ucr ?? []));
  const epochs = [...new Set(uses.map(({ epoch }) => epoch))];
  const inEpoch = epochs.map((epoch) => new Set(uses.flatMap((use) => (use.epoch === epoch ? [names.get(use.place)] : []))).size);
  const least = Math.max(known.size, 0, ...inEpoch);
  const reason = say(`the number was used in ${least} to ${most} consignments`, `该编号用于 ${least}–${most} 票货物`);
  context.remarks.push(reason);
  if (least > 1) finding.fail("REUSED", reason);
  else if (most > 1) finding.skip("UNPROVEN", reason);
  return finding;
}

/** Whether every entry under the number's tag is shown with its record. */
function checkOpened(context: Context, finding: Finding): void {
  const opened = new Set(
    context.records
      .filter((state) => !state.isWithheld)
      .flatMap(({ record, entries }) => entries.map((entry) => toHex(entry.tag) + toHex(entryDigest(record, entry)))),
  );
  for (const known of context.groups) {
    const tag: Bytes = known.group.vrf.numberTag();
    const half = tag.subarray(8);
    const lane = findLane(known, half);
    if (lane === undefined ? isHidden(known.group.hidden, half) : lane.leaves === null) {
      finding.skip("UNPROVEN", say("not all uses are shown", "未出示全部使用"));
    }
    const leaves = lane?.leaves ?? [];
    const missing = leaves.filter(({ digest }) => !opened.has(toHex(tag) + toHex(digest))).length;
    if (missing > 0) {
      finding.skip("UNPROVEN", say(`${missing} of ${leaves.length} uses are without their records`, `${leaves.length} 次使用中有 ${missing} 次缺少对应记录`));
    }
  }
}

/** Each consignment of each record that counts; null where one is shown without its entry. */
function findUses(context: Context, finding: Finding): Use[] | null {
  const uses: Use[] = [];
  for (const state of context.records) {
    if (state.notCounted !== null) continue;
    const epochs = context.groups.filter(({ group }) =>
      state.entries.some((entry) => entry.isNumber && isEqual(entry.tag, group.vrf.numberTag())),
    ).map(({ group }) => group.epoch);
    const epoch = Math.min(...epochs);
    const places = new Map(state.entries.flatMap((entry) => (entry.isNumber ? [] : [[entry.element, entry] as const])));
    const { digests } = state.record.sections.find(({ name }) => name === "ucr")!;
    if (places.size !== digests.length || digests.some((digest) => !places.has(digest))) {
      finding.skip("UNPROVEN", ofRecord(state, say("not all its entries are shown", "未出示其全部条目")));
      return null;
    }
    for (const digest of digests) {
      const disclosure = state.record.disclosures.find((one) => one.digest === digest);
      const place = `${epoch}:${toHex(places.get(digest)!.tag.subarray(0, 8))}`;
      uses.push({ epoch, place, ucr: disclosure === undefined ? null : ucrOf(disclosure.value) });
    }
  }
  return uses;
}
