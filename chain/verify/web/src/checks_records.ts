// Checks 8 to 11: whose words a record is, whether key and role were in force, and what became of it since.

import { isEqual, toHex } from "./bytes.js";
import { type Context, entryDigest, findLane, Finding, isOfGroup, type RecordState, timeText, ofRecord } from "./context.js";
import { isHidden } from "./index_map.js";
import { AddedBy, KeyState, MemberKind, MemberState } from "./facts.js";
import { disclosedUcrs, type SignedRecord } from "./records.js";
import { type Text, type Verdict, say } from "./verdicts.js";

/** How long a member's request contests what its key signed. */
const REQUEST_S = 30 * 86_400;
/** Types that governors alone may say, whatever the record rules say of roles. */
const GOVERNORS_TYPES = ["audit.finding", "audit.disposition"];

/** A record does not count: its own verdict where the bundle is about it, else it is only named. */
function refuse(context: Context, finding: Finding, state: RecordState, verdict: Verdict, reason: Text): void {
  context.notCount(state, reason);
  if (!context.isSubject(state)) return;
  const { id } = state.record;
  finding.fail(verdict, say(`record ${id}: ${reason.en}`, `记录 ${id}：${reason.zh}`), id);
}

export function checkSignatures(context: Context): Finding {
  const finding = new Finding();
  const keys = new Map(context.bundle.keys.map(({ key }) => [toHex(key.thumbprint), key]));
  for (const state of context.records) {
    const { jws, consortium } = state.record;
    const key = keys.get(state.keyHex);
    if (consortium !== toHex(context.bundle.consortium)) {
      refuse(context, finding, state, "INVALID", say("it was signed for another consortium", "系为另一联盟签署"));
    } else if (key === undefined || key.algorithm !== jws.algorithm || !key.verify(jws.signingInput, jws.signature)) {
      refuse(context, finding, state, "INVALID", say("its signature is wrong", "签名不正确"));
    }
  }
  return finding;
}

export function checkInForce(context: Context): Finding {
  const finding = new Finding();
  for (const state of inChainOrder(context)) {
    if (state.notCounted !== null) continue;
    const fault = faultInForce(context, state);
    if (fault === null) continue;
    if (fault.verdict === "CANNOT_TELL") {
      const { id } = state.record;
      finding.end("CANNOT_TELL", say(`record ${id}: ${fault.reason.en}`, `记录 ${id}：${fault.reason.zh}`));
      return finding;
    }
    refuse(context, finding, state, fault.verdict, fault.reason);
  }
  countNumbersOnce(context, finding);
  return finding;
}

/** Bits of the roles that may say a record's type by the rules of its block; null where that cannot be told. */
function rolesOf(context: Context, state: RecordState): number | null {
  const version = context.known.policies.get("record-rules")!.inForce(context.batchOf(state).block);
  if (version === undefined) return null;
  if (version === null) return 0;
  const rules = context.known.rules.get(toHex(version.value)) ?? null;
  return rules === null ? null : (rules.get(state.record.type) ?? 0);
}

interface Fault {
  /** CANNOT_TELL where a version or text in force is not shown, or cannot be read. */
  verdict: Verdict;
  reason: Text;
}

const invalid = (en: string, zh: string): Fault => ({ verdict: "INVALID", reason: { en, zh } });

function unshown(block: number): Fault {
  const reason = say(`the version in force for block ${block} is not shown`, `未出示区块 ${block} 适用的版本`);
  return { verdict: "CANNOT_TELL", reason };
}

/** The first thing that speaks against a record, key before member before role; each is looked up when it is asked. */
function faultInForce(context: Context, state: RecordState): Fault | null {
  return (
    faultOfKey(context, state) ??
    faultOfMember(context, state) ??
    faultOfRole(context, state) ??
    faultOfTheft(context, state)
  );
}

function faultOfKey(context: Context, state: RecordState): Fault | null {
  const { record } = state;
  const { block } = context.batchOf(state);
  const key = context.known.keys.get(record.jws.kid)!.inForce(block);
  if (key === undefined) return unshown(block);
  state.keyVersion = key;
  if (key === null || key.member !== record.issuer) {
    return invalid(
      `its key was not registered for ${record.issuer} before block ${block}`,
      `其密钥在区块 ${block} 之前未为 ${record.issuer} 登记`,
    );
  }
  if (key.state === KeyState.ACTIVE) return null;
  const [en, zh] = KEY_STATES[key.state] ?? ["ended", "终止"];
  return invalid(
    `its key was ${en} in block ${key.since}, before block ${block}`,
    `其密钥在区块 ${key.since} 被${zh}，早于区块 ${block}`,
  );
}

function faultOfMember(context: Context, state: RecordState): Fault | null {
  const { record } = state;
  const { block } = context.batchOf(state);
  const member = context.known.members.get(record.issuer)!.inForce(block);
  if (member === undefined) return unshown(block);
  state.memberVersion = member;
  if (member === null)
    return invalid(`its issuer was no member before block ${block}`, `其签发者在区块 ${block} 之前不是成员`);
  if (member.state !== MemberState.ACTIVE) {
    return invalid(
      `its issuer was suspended or expelled since block ${member.since}`,
      `其签发者自区块 ${member.since} 起被暂停或除名`,
    );
  }
  if (GOVERNORS_TYPES.includes(record.type) && member.kind !== MemberKind.GOVERNOR) {
    return invalid(
      `its issuer was no governor, who alone may say ${record.type}`,
      `其签发者不是治理方，而 ${record.type} 仅治理方可出具`,
    );
  }
  return null;
}

function faultOfRole(context: Context, state: RecordState): Fault | null {
  const roles = rolesOf(context, state);
  if (roles === null) {
    const reason = say("the record rules in force for its block are not shown, or cannot be read", "未出示其区块适用的记录规则，或无法读取");
    return { verdict: "CANNOT_TELL", reason };
  }
  if ((state.memberVersion!.roles & roles) !== 0) return null;
  const { type } = state.record;
  return invalid(`its issuer had no role that may say ${type}`, `其签发者没有可出具 ${type} 的角色`);
}

function faultOfTheft(context: Context, state: RecordState): Fault | null {
  const newest = context.known.keys.get(state.record.jws.kid)!.newest!;
  const { timestamp } = context.batchOf(state);
  if (newest.state !== KeyState.COMPROMISED || timestamp < newest.compromisedSince) return null;
  const since = timeText(newest.compromisedSince);
  const reason = say(`its key is declared compromised since ${since}`, `其密钥被声明自 ${since} 起已泄露`);
  return { verdict: "COMPROMISED", reason };
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
  const entries = context.entriesThatCount(state);
  const places = entries.map((entry) => {
    const known = context.groups.find((one) => isOfGroup(one, entry.tag));
    const lane = known && findLane(known, entry.tag.subarray(8));
    const digest = entryDigest(state.record, entry);
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
    const reason = say(`its issuer's number ${record.number} belongs to record ${owner} already`, `签发者编号 ${record.number} 已属于记录 ${owner}`);
    refuse(context, finding, state, "INVALID", reason);
    context.remarks.push(say(`record ${record.id}: ${reason.en}`, `记录 ${record.id}：${reason.zh}`));
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
      const text = say(`record ${record.id}: ${en}`, `记录 ${record.id}：${zh}`);
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
  } else if (key.isContested && timestamp >= key.compromisedSince && !isRequestStale(context, state)) {
    add(
      `contested: its issuer asked the governors to declare its key compromised since ${since}`,
      `有争议：其签发者请求治理方声明其密钥自 ${since} 起已泄露`,
      "CONTESTED",
    );
  }
}

/** A request that is older than thirty days contests nothing more; one whose time is not shown does. */
function isRequestStale(context: Context, state: RecordState): boolean {
  const asked = context.known.requests.get(state.record.jws.kid);
  return asked !== undefined && context.bundle.header.timestamp >= asked + REQUEST_S;
}

/** Links amendments to what they replace, and answers whether a subject is the newest where that is asked. */
export function checkAmendments(context: Context): Finding {
  const finding = new Finding();
  linkAmendments(context);
  if (context.isConsignment) return finding;
  const isAsked = context.question.current === true;
  for (const state of isAsked ? context.records.filter((one) => context.isSubject(one)) : []) {
    const { id } = state.record;
    if (state.amendedBy !== null) {
      const newest = newestOf(context, state);
      if (context.find(newest)!.record.withdraws !== null) {
        finding.fail(
          "WITHDRAWN",
          say(`record ${id}: it was withdrawn by ${newest}`, `记录 ${id}：已被 ${newest} 撤回`),
          id,
        );
        continue;
      }
      finding.fail(
        "AMENDED",
        say(`record ${id}: it was amended; the newest is ${newest}`, `记录 ${id}：已被修改；最新为 ${newest}`),
        id,
      );
    } else if (!isLaneOpened(context, state)) {
      const reason = say("the later entries of its lane are not opened, one may amend it", "其所在链道其后的条目未展开，其中可能有对它的修改");
      finding.skip("CANNOT_TELL", ofRecord(state, reason), id);
    }
  }
  if (!isAsked) finding.skip("VALID", say("amendments not looked for", "未查询后续修改"));
  return finding;
}

function linkAmendments(context: Context): void {
  for (const state of inChainOrder(context)) {
    const { record } = state;
    const replaced = record.amends ?? record.withdraws;
    const target = replaced === null ? undefined : context.find(replaced);
    if (target === undefined || state.notCounted !== null) continue;
    const remark = (en: string, zh: string): void => {
      context.remarks.push(say(`record ${record.id} ${en}`, `记录 ${record.id} ${zh}`));
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
        context.remarks.push(say(`records ${target.amendedBy} and ${record.id} both amend ${target.record.id}; the later is taken for the newest`, `记录 ${target.amendedBy} 与 ${record.id} 均修改 ${target.record.id}；以较晚者为最新`));
      }
      target.amendedBy = record.id;
    }
  }
}

/** Each UCR that the older record discloses stands in the newer one, or may be among what it withholds. */
function namesEveryUcr({ record }: RecordState, target: RecordState): boolean {
  const own = new Set(disclosedUcrs(record));
  const lacking = new Set(disclosedUcrs(target.record).filter((ucr) => !own.has(ucr)));
  const count = (one: SignedRecord): number => one.sections.find(({ name }) => name === "ucr")!.digests.length;
  const shown = record.disclosures.filter(({ section }) => section === "ucr").length;
  return count(record) >= count(target.record) && lacking.size <= count(record) - shown;
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
    context.records.filter((one) => !one.isWithheld).flatMap((one) =>
      one.entries.map((entry) => `${toHex(entry.tag)}${toHex(entryDigest(one.record, entry))}`),
    ),
  );
  const purpose = record.type === "audit.access" ? "access" : "ucr";
  const { index } = context.batchOf(state);
  return disclosedUcrs(record).some((ucr) => {
    const shown = context.groups.filter(({ group }) => group.purpose === purpose && group.name === ucr);
    return (
      context.neededEpochs.every((epoch) => shown.some(({ group }) => group.epoch === epoch)) &&
      shown.every((known) => {
        const half = context.halfOf(known, record.issuer);
        const lane = findLane(known, half);
        if (lane === undefined) return !isHidden(known.group.hidden, half);
        const tag = `${toHex(known.prefix)}${toHex(half)}`;
        const later = lane.leaves?.filter((leaf) => leaf.batch >= index);
        return later?.every((leaf) => opened.has(`${tag}${toHex(leaf.digest)}`)) ?? false;
      })
    );
  });
}
