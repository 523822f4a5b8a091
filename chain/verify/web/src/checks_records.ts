// Checks 8 to 11: whose words a record is, whether key and role were in force, and what became of it since.

import { isEqual, toHex } from "./bytes.js";
import { type Context, entryDigest, findLane, Finding, isOfGroup, type RecordState, timeText } from "./context.js";
import { AddedBy, KeyState, MemberKind, MemberState } from "./facts.js";
import { formatJson } from "./json.js";
import { disclosedUcrs } from "./records.js";
import type { Text, Verdict } from "./verdicts.js";

/** A record does not count: its own verdict where the bundle is about it, else it is only named. */
function refuse(context: Context, finding: Finding, state: RecordState, verdict: Verdict, reason: Text): void {
  context.notCount(state, reason);
  if (!context.isSubject(state)) return;
  const { id } = state.record;
  finding.fail(verdict, { en: `record ${id}: ${reason.en}`, zh: `记录 ${id}：${reason.zh}` }, id);
}

export function checkSignatures(context: Context): Finding {
  const finding = new Finding();
  const keys = new Map(context.bundle.keys.map(({ key }) => [toHex(key.thumbprint), key]));
  for (const state of context.records) {
    const { jws, consortium } = state.record;
    const key = keys.get(state.keyHex);
    if (consortium !== toHex(context.bundle.consortium)) {
      refuse(context, finding, state, "INVALID", {
        en: "it was signed for another consortium",
        zh: "系为另一联盟签署",
      });
    } else if (key === undefined || key.algorithm !== jws.algorithm || !key.verify(jws.signingInput, jws.signature)) {
      refuse(context, finding, state, "INVALID", { en: "its signature is wrong", zh: "签名不正确" });
    }
  }
  return finding;
}

export function checkInForce(context: Context): Finding {
  const finding = new Finding();
  for (const state of inChainOrder(context)) {
    if (state.notCounted !== null) continue;
    const unshown = readVersions(context, state);
    if (unshown !== null) {
      finding.skip("CANNOT_TELL", {
        en: `record ${state.record.id}: ${unshown.en}`,
        zh: `记录 ${state.record.id}：${unshown.zh}`,
      });
      return finding;
    }
    const fault = faultInForce(context, state);
    if (fault !== null) refuse(context, finding, state, fault.verdict, fault.reason);
  }
  countNumbersOnce(context, finding);
  return finding;
}

/** Why the versions in force are not shown; null where they are. */
function readVersions(context: Context, state: RecordState): Text | null {
  const { block } = context.batchOf(state);
  const keyVersion = context.known.keys.get(state.record.jws.kid)!.inForce(block);
  const memberVersion = context.known.members.get(state.record.issuer)!.inForce(block);
  if (keyVersion === undefined || memberVersion === undefined) {
    return { en: `the versions in force for block ${block} are not shown`, zh: `未出示区块 ${block} 适用的版本` };
  }
  state.keyVersion = keyVersion;
  state.memberVersion = memberVersion;
  return null;
}

function faultInForce(context: Context, state: RecordState): { verdict: Verdict; reason: Text } | null {
  const { record, keyVersion: key, memberVersion: member } = state;
  const batch = context.batchOf(state);
  const invalid = (en: string, zh: string): { verdict: Verdict; reason: Text } => ({
    verdict: "INVALID",
    reason: { en, zh },
  });
  if (key === null || key.member !== record.issuer) {
    return invalid(
      `its key was not registered for ${record.issuer} before block ${batch.block}`,
      `其密钥在区块 ${batch.block} 之前未为 ${record.issuer} 登记`,
    );
  }
  if (key.state !== KeyState.ACTIVE) {
    const [en, zh] = KEY_STATES[key.state] ?? ["ended", "终止"];
    return invalid(
      `its key was ${en} in block ${key.since}, before block ${batch.block}`,
      `其密钥在区块 ${key.since} 被${zh}，早于区块 ${batch.block}`,
    );
  }
  if (member === null)
    return invalid(
      `its issuer was no member before block ${batch.block}`,
      `其签发者在区块 ${batch.block} 之前不是成员`,
    );
  if (member.state !== MemberState.ACTIVE) {
    return invalid(
      `its issuer was suspended or expelled since block ${member.since}`,
      `其签发者自区块 ${member.since} 起被暂停或除名`,
    );
  }
  if (record.type === "audit.finding" && member.kind !== MemberKind.GOVERNOR) {
    return invalid(
      "its issuer was no governor, who alone may say audit.finding",
      "其签发者不是治理方，而 audit.finding 仅治理方可出具",
    );
  }
  if ((member.roles & (context.root.recordRules.get(record.type) ?? 0)) === 0) {
    return invalid(`its issuer had no role that may say ${record.type}`, `其签发者没有可出具 ${record.type} 的角色`);
  }
  const newest = context.known.keys.get(record.jws.kid)!.newest!;
  if (newest.state === KeyState.COMPROMISED && batch.timestamp >= newest.compromisedSince) {
    const since = timeText(newest.compromisedSince);
    return {
      verdict: "COMPROMISED",
      reason: { en: `its key is declared compromised since ${since}`, zh: `其密钥被声明自 ${since} 起已泄露` },
    };
  }
  return null;
}

const KEY_STATES: { [state: number]: [string, string] } = {
  [KeyState.RETIRED]: ["retired", "停用"],
  [KeyState.REVOKED]: ["revoked", "吊销"],
  [KeyState.COMPROMISED]: ["declared compromised", "声明泄露"],
};

/** Chain order: by batch, within it by the lane's tag, within a lane as its leaves stand. */
export function inChainOrder(context: Context): RecordState[] {
  const place = new Map(context.records.map((state) => [state, chainPlace(context, state)]));
  return [...context.records].sort((a, b) => {
    const [left, right] = [place.get(a)!, place.get(b)!];
    return left.batch - right.batch || (left.tag < right.tag ? -1 : left.tag > right.tag ? 1 : left.leaf - right.leaf);
  });
}

function chainPlace(context: Context, state: RecordState): { batch: number; tag: string; leaf: number } {
  const entries = state.filed.length > 0 ? state.filed : state.entries;
  const places = entries.map((entry) => {
    const known = context.groups.find((one) => isOfGroup(one, entry.tag));
    const lane = known && findLane(known, entry.tag.subarray(8));
    const digest = entryDigest(state.record, entry.ucr);
    const leaf = lane?.leaves?.findIndex((one) => isEqual(one.digest, digest)) ?? entry.lane?.index ?? entry.position;
    return { batch: entry.batch, tag: toHex(entry.tag), leaf };
  });
  return places.reduce((first, one) =>
    one.batch < first.batch || (one.batch === first.batch && one.tag < first.tag) ? one : first,
  );
}

/** An issuer's number belongs to the first record under it that counts. */
function countNumbersOnce(context: Context, finding: Finding): void {
  const owners = new Map<string, string>();
  for (const state of inChainOrder(context)) {
    const { record } = state;
    if (state.notCounted !== null) continue;
    const key = `${record.issuer} ${record.number}`;
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, record.id);
      continue;
    }
    const reason = {
      en: `its issuer's number ${record.number} belongs to record ${owner} already`,
      zh: `签发者编号 ${record.number} 已属于记录 ${owner}`,
    };
    refuse(context, finding, state, "INVALID", reason);
    context.remarks.push({ en: `record ${record.id}: ${reason.en}`, zh: `记录 ${record.id}：${reason.zh}` });
  }
}

export function checkSince(context: Context): Finding {
  const finding = new Finding();
  for (const state of context.records) {
    const { record } = state;
    const key = context.known.keys.get(record.jws.kid)!.newest;
    const member = context.known.members.get(record.issuer)!.newest;
    if (state.notCounted !== null) continue;
    const add = (en: string, zh: string, verdict: Verdict | null): void => {
      state.since.push({ en, zh });
      const text = { en: `record ${record.id}: ${en}`, zh: `记录 ${record.id}：${zh}` };
      context.remarks.push(text);
      if (verdict !== null && context.isSubject(state)) finding.fail(verdict, text, record.id);
    };
    if (key !== null) sayOfKey(context, state, key, add);
    if (member !== null && member.state !== MemberState.ACTIVE) {
      add(
        `its issuer is suspended or expelled since block ${member.since}`,
        `其签发者自区块 ${member.since} 起被暂停或除名`,
        null,
      );
    } else if (member !== null && (member.roles & (context.root.recordRules.get(record.type) ?? 0)) === 0) {
      add(
        `its issuer lost the role since block ${member.since}`,
        `其签发者自区块 ${member.since} 起不再有该角色`,
        null,
      );
    }
    if (state.keyVersion?.addedBy === AddedBy.SPONSOR) {
      add(
        "its key was put into the registry by its sponsor, not by the member",
        "其密钥由担保方而非成员本人登记",
        null,
      );
    }
  }
  return finding;
}

type Say = (en: string, zh: string, verdict: Verdict | null) => void;

function sayOfKey(context: Context, state: RecordState, key: NonNullable<RecordState["keyVersion"]>, add: Say): void {
  const { timestamp } = context.batchOf(state);
  const since = timeText(key.compromisedSince);
  if (key.state === KeyState.REVOKED) {
    add(`its key was revoked in block ${key.since}`, `其密钥在区块 ${key.since} 被吊销`, "REVOKED_SINCE");
  } else if (key.state === KeyState.COMPROMISED) {
    add(
      `its key is declared compromised since ${since}, later than the record`,
      `其密钥被声明自 ${since} 起已泄露，晚于该记录`,
      null,
    );
  } else if (key.isContested && timestamp >= key.compromisedSince) {
    add(
      `contested: its issuer asked the governors to declare its key compromised since ${since}`,
      `有争议：其签发者请求治理方声明其密钥自 ${since} 起已泄露`,
      "CONTESTED",
    );
  }
}

/** Links amendments to what they replace, and answers whether a subject is the newest where that is asked. */
export function checkAmendments(context: Context): Finding {
  const finding = new Finding();
  linkAmendments(context);
  if (context.isConsignment) return finding;
  const isAsked = context.question.current === true;
  for (const id of context.bundle.subjects) {
    const state = context.find(id)!;
    if (!isAsked) continue;
    if (state.amendedBy !== null) {
      const newest = newestOf(context, state);
      finding.fail(
        "AMENDED",
        { en: `record ${id}: it was amended; the newest is ${newest}`, zh: `记录 ${id}：已被修改；最新为 ${newest}` },
        id,
      );
    } else if (!isLaneOpened(context, state)) {
      finding.skip("CANNOT_TELL", {
        en: `the later entries of the lane of record ${id} are not opened, one may amend it`,
        zh: `记录 ${id} 所在链道其后的条目未展开，其中可能有对它的修改`,
      });
      return finding;
    }
  }
  if (!isAsked) finding.skip("VALID", { en: "amendments not looked for", zh: "未查询后续修改" });
  return finding;
}

function linkAmendments(context: Context): void {
  for (const state of inChainOrder(context)) {
    const { record } = state;
    const target = record.amends === null ? undefined : context.find(record.amends);
    if (target === undefined || state.notCounted !== null) continue;
    const remark = (en: string, zh: string): void => {
      context.remarks.push({ en: `record ${record.id} ${en}`, zh: `记录 ${record.id} ${zh}` });
    };
    if (target.record.issuer !== record.issuer || target.record.type !== record.type) {
      remark(
        "claims to amend another member's record, or one of another type; that does not count",
        "声称修改他人或另一类型的记录，不予计入",
      );
    } else if (!namesEveryUcr(state, target)) {
      remark(
        `claims to amend ${target.record.id} but does not name every UCR of it; that does not count`,
        `声称修改 ${target.record.id}，但未指明其全部 UCR，不予计入`,
      );
    } else {
      if (target.amendedBy !== null) {
        context.remarks.push({
          en: `records ${target.amendedBy} and ${record.id} both amend ${target.record.id}; the later is taken for the newest`,
          zh: `记录 ${target.amendedBy} 与 ${record.id} 均修改 ${target.record.id}；以较晚者为最新`,
        });
      }
      target.amendedBy = record.id;
    }
  }
}

/** Elements are compared as what they say, also those that are no UCR's form; what the older one withholds is not asked. */
function namesEveryUcr(state: RecordState, target: RecordState): boolean {
  const shown = (one: RecordState): string[] =>
    one.record.disclosures.filter(({ section }) => section === "ucr").map(({ value }) => formatJson(value));
  const own = new Set(shown(state));
  return shown(target).every((value) => own.has(value));
}

export function newestOf(context: Context, state: RecordState): string {
  const seen = new Set<string>();
  let newest = state;
  while (newest.amendedBy !== null && !seen.has(newest.amendedBy)) {
    seen.add(newest.amendedBy);
    newest = context.find(newest.amendedBy)!;
  }
  return newest.record.id;
}

/** Whether for one of its UCRs each epoch's lane of the issuer is opened, each leaf from its batch on with its record. */
function isLaneOpened(context: Context, state: RecordState): boolean {
  const { record } = state;
  const opened = new Set(
    context.records.flatMap((one) =>
      one.entries.map((entry) => `${toHex(entry.tag)}${toHex(entryDigest(one.record, entry.ucr))}`),
    ),
  );
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  const { index } = context.batchOf(state);
  return disclosedUcrs(record).some((ucr) =>
    context.neededEpochs.every((epoch) => {
      const known = context.groups.find(
        ({ group }) => group.purpose === purpose && group.name === ucr && group.epoch === epoch,
      );
      if (known === undefined) return false;
      const half = context.halfOf(known, record.issuer);
      const lane = findLane(known, half);
      if (lane === undefined) return true;
      const tag = `${toHex(known.prefix)}${toHex(half)}`;
      return (
        lane.leaves !== null &&
        lane.leaves.every((leaf) => leaf.batch < index || opened.has(`${tag}${toHex(leaf.digest)}`))
      );
    }),
  );
}
