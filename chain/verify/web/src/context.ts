// What the checks share: the bundle, what is believed and asked, and what has been found so far.

import { type Bytes, concat, fromBase64url, isEqual, toHex } from "./bytes.js";
import { type Batch, type Bundle, type Entry, type Group, isOfConsignment, type Lane, type ShownRecord } from "./bundle.js";
import {
  type AccountVersion,
  type AssignmentVersion,
  type OperatorVersion,
  type PolicyVersion,
  type TagKey,
  type Checkpoint,
  type History,
  type KeyVersion,
  type Ledger,
  type MemberVersion,
} from "./facts.js";
import type { Fate } from "./checks_receipts.js";
import type { Replay } from "./finding_replay.js";
import { hash } from "./hashes.js";
import { laneLeaf, rootOf } from "./index_map.js";
import { treeRoot } from "./merkle.js";
import type { Cosignature } from "./notes.js";
import type { SignedRecord } from "./records.js";
import type { TrustRoot } from "./trust_root.js";
import { gravest, type Outcome, type Text, type Verdict, say } from "./verdicts.js";

export interface Question {
  /** Everything up to this block must be covered. */
  asOf?: number | null;
  ucr?: string | null;
  record?: string | null;
  /** A number, with its maker before it (`USCC/number`) or not. */
  number?: string | null;
  /** Whether the subject must be the newest of its amendments. */
  current?: boolean;
}

/** A record of the bundle and what the checks found about it. */
export interface RecordState {
  readonly record: SignedRecord;
  readonly entries: Entry[];
  /** Thumbprint of its key, hex. */
  readonly keyHex: string;
  /** Why it does not count; null while nothing speaks against it. */
  notCounted: Text | null;
  /** Whether it withholds what a consignment must show of it. */
  isWithheld: boolean;
  /** The entries that were filed as they should be. */
  filed: Entry[];
  keyVersion: KeyVersion | null;
  memberVersion: MemberVersion | null;
  amendedBy: string | null;
  since: Text[];
}

export interface Facts {
  ledger: Ledger;
  keys: Map<string, History<KeyVersion>>;
  members: Map<string, History<MemberVersion>>;
  accounts: Map<string, History<AccountVersion>>;
  policies: Map<string, History<PolicyVersion>>;
  operators: Map<string, History<OperatorVersion>>;
  assignments: Map<string, History<AssignmentVersion>>;
  tagKeys: TagKey[];
  /** When a key's member asked for its compromise, where that is shown. */
  requests: Map<string, number>;
  /** Texts of the record rules by their SHA-256, hex; null where one cannot be read. */
  rules: Map<string, Map<string, number> | null>;
  batchCount: number;
  checkpoint: Checkpoint | null;
  isNewestCheckpoint: boolean;
}

/** What one check found; of several findings FAIL goes before SKIPPED before PASS. */
export class Finding {
  outcome: Outcome = "PASS";
  /** Whether checks that rest on this one can be asked. */
  isAnswered = true;
  readonly reasons: Text[] = [];
  readonly verdicts: { verdict: Verdict; subject: string | null }[] = [];

  /** Something is false. Without a subject it is so for all. */
  fail(verdict: Verdict, reason: Text, subject: string | null = null): void {
    this.add("FAIL", verdict, reason, subject);
  }

  /** Something is not shown. */
  skip(verdict: Verdict, reason: Text, subject: string | null = null): void {
    this.add("SKIPPED", verdict, reason, subject);
  }

  /** Something is not shown without which no further record can be judged: the check is not answered. */
  end(verdict: Verdict, reason: Text): void {
    this.skip(verdict, reason);
    this.outcome = "SKIPPED";
  }

  /** The verdict for what rests on this check: single subjects aside. */
  get verdictForAll(): Verdict {
    return gravest(this.verdicts.filter(({ subject }) => subject === null).map(({ verdict }) => verdict));
  }

  private add(outcome: Outcome, verdict: Verdict, reason: Text, subject: string | null): void {
    if (this.outcome !== "FAIL") this.outcome = outcome;
    // What is covered too early for `--as-of` is true all the same, and so is what speaks of single records.
    if (subject === null && (outcome === "SKIPPED" || verdict !== "NOT_COVERED")) this.isAnswered = false;
    this.reasons.push(reason);
    this.verdicts.push({ verdict, subject });
  }
}

/** A group of lanes with its prefix, which follows from its VRF proof. */
export interface KnownGroup {
  readonly group: Group;
  readonly output: Bytes;
  readonly prefix: Bytes;
}

export class Context {
  readonly records: RecordState[];
  readonly groups: KnownGroup[];
  readonly remarks: Text[] = [];
  /** Block of the oldest entry that nobody can open yet; null where there is none. */
  oldestPending: number | null = null;
  /** The members whose lanes belong to the consignment, as check 16 found them. */
  set: string[] = [];
  /** What came of running findings again. */
  replays: Replay[] = [];
  /** The trust root's witnesses who cosigned, where that is proved. */
  cosignedBy: Cosignature[] = [];
  readonly fates: { record_id: string; fate: Fate }[] = [];
  private readonly batches: Map<number, Batch>;
  private readonly recordsById: Map<string, RecordState>;
  facts: Facts | null = null;

  constructor(
    readonly bundle: Bundle,
    readonly root: TrustRoot,
    readonly question: Question,
  ) {
    this.records = bundle.records.map(newState);
    this.recordsById = new Map(this.records.map((state) => [state.record.id, state]));
    this.batches = new Map(bundle.batches.map((batch) => [batch.index, batch]));
    this.groups = bundle.groups.map((group) => {
      return { group, output: group.vrf.output(), prefix: group.vrf.prefix(group.purpose) };
    });
  }

  get isConsignment(): boolean {
    return isOfConsignment(this.bundle.kind);
  }

  get known(): Facts {
    if (this.facts === null) throw new TypeError("the storage was not read");
    return this.facts;
  }

  get coveredCount(): number {
    return this.known.checkpoint?.count ?? 0;
  }

  find(id: string): RecordState | undefined {
    return this.recordsById.get(id);
  }

  batch(index: number): Batch {
    return this.batches.get(index)!;
  }

  hasBatch(index: number): boolean {
    return this.batches.has(index);
  }

  isSubject(state: RecordState): boolean {
    return !this.isConsignment && this.bundle.subjects.includes(state.record.id);
  }

  /** In a consignment those that were filed as they should be; a record bundle shows no others. */
  entriesThatCount(state: RecordState): Entry[] {
    return this.isConsignment && state.filed.length > 0 ? state.filed : state.entries;
  }

  /** The first batch shown in which the record stands. */
  batchOf(state: RecordState): Batch {
    const entries = this.entriesThatCount(state);
    return this.batch(Math.min(...entries.map((entry) => entry.batch)));
  }

  /** The member whose gateway anchored a batch, as the report names it. */
  gatewayOf(batch: Batch): string {
    const versions = this.facts?.accounts.get(toHex(batch.gateway));
    return versions?.inForce(batch.block)?.member ?? versions?.newest?.member ?? `0x${toHex(batch.gateway)}`;
  }

  /** Epochs under which entries may stand that the checkpoint covers. */
  get neededEpochs(): number[] {
    return this.known.tagKeys.flatMap((key, epoch) =>
      epoch === 0 || key.firstBatch < this.coveredCount ? [epoch] : [],
    );
  }

  halfOf(known: KnownGroup, issuer: string): Bytes {
    return laneHalf(known.output, issuer);
  }

  /** Whether entries in this batch count under the tag key of an epoch. */
  countsInEpoch(epoch: number, batch: number): boolean {
    const key = this.known.tagKeys[epoch];
    const next = this.known.tagKeys[epoch + 1];
    return key !== undefined && key.firstBatch <= batch && (next === undefined || batch < next.firstBatch + 1024);
  }

  notCount(state: RecordState, reason: Text): void {
    state.notCounted ??= reason;
  }

  /** What is false or not shown of one record of a record bundle; what is false takes it out of the count. */
  noteFault(finding: Finding, state: RecordState, fault: Fault): void {
    if (fault.isFalse) this.notCount(state, fault.reason);
    if (!this.isSubject(state)) return;
    const reason = ofRecord(state, fault.reason);
    if (fault.isFalse) finding.fail(fault.verdict, reason, state.record.id);
    else finding.skip(fault.verdict, reason, state.record.id);
  }
}

/** What speaks against one record. */
export interface Fault {
  isFalse: boolean;
  verdict: Verdict;
  reason: Text;
}

export const ofRecord = ({ record: { id } }: RecordState, { en, zh }: Text): Text =>
  say(`record ${id}: ${en}`, `记录 ${id}：${zh}`);

function newState(shown: ShownRecord): RecordState {
  return {
    record: shown.record,
    entries: shown.entries,
    keyHex: toHex(fromBase64url(shown.record.jws.kid, "kid")),
    notCounted: null,
    isWithheld: false,
    filed: [],
    keyVersion: null,
    memberVersion: null,
    amendedBy: null,
    since: [],
  };
}

/** SHA-256(02, of a number 05 || record digest || element digest || SHA-256(signature)). docs/spec/batches.md. */
export function entryDigest(record: SignedRecord, entry: { element: string; isNumber: boolean }): Bytes {
  const domain = Uint8Array.of(entry.isNumber ? 5 : 2);
  return hash(domain, record.digest, fromBase64url(entry.element, "element"), hash(record.jws.signature));
}


/** The issuer's half of a lane tag. */
export function laneHalf(output: Bytes, issuer: string): Bytes {
  return hash(Uint8Array.of(3), output, new TextEncoder().encode(issuer)).subarray(0, 8);
}

export function isOfGroup(known: KnownGroup, tag: Bytes): boolean {
  return isEqual(known.prefix, tag.subarray(0, 8));
}

export function findLane(known: KnownGroup, half: Bytes): Lane | undefined {
  return known.group.lanes.find((lane) => isEqual(lane.half, half));
}

const HEADS = new WeakMap<Lane, { count: number; head: Bytes }>();

/** Count and head of a lane: shown, or computed from its leaves. */
export function headOf(lane: Lane): { count: number; head: Bytes } {
  if (lane.closed !== null) return lane.closed;
  const known = HEADS.get(lane);
  if (known !== undefined) return known;
  const leaves = lane.leaves!;
  const computed = { count: leaves.length, head: treeRoot(leaves.map((leaf) => laneLeaf(leaf.digest, leaf.batch))) };
  HEADS.set(lane, computed);
  return computed;
}

const HOLDS = new WeakMap<KnownGroup, boolean>();

/** Whether the map that was attested holds exactly the lanes of a group. */
export function holdsGroup(context: Context, known: KnownGroup): boolean {
  const computed = HOLDS.get(known);
  if (computed !== undefined) return computed;
  const { group, prefix } = known;
  const lanes = group.lanes.map((lane) => ({
    tag: concat(prefix, lane.half),
    dropped: lane.dropped,
    ...headOf(lane),
  }));
  const root = rootOf({ prefix, siblings: group.siblings, hidden: group.hidden, lanes, other: group.other });
  const { checkpoint } = context.known;
  const holds = root !== null && checkpoint !== null && isEqual(root, checkpoint.root);
  HOLDS.set(known, holds);
  return holds;
}

/** A time in Unix seconds as people read it. */
export function timeText(seconds: number): string {
  return seconds < 2 ** 37 ? new Date(seconds * 1000).toISOString().replace(".000Z", "Z") : `${seconds} s`;
}
