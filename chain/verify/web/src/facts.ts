// What the registry and the ledger keep in storage, and versions in force. docs/spec/storage.md.

import { ascii, type Bytes, concat, isEqual, padLeft, padRight, toBigInt, word } from "./bytes.js";
import { Malformed } from "./errors.js";
import { keccak } from "./hashes.js";
import type { Storage } from "./trie.js";

const SLOT = {
  policies: 0n,
  assignments: 1n,
  operators: 2n,
  tagKeys: 3n,
  authorities: 4n,
  members: 7n,
  keys: 8n,
  accounts: 9n,
  requests: 12n,
  commitments: 0n,
  checkpoints: 2n,
};

export enum KeyState {
  ACTIVE = 1,
  RETIRED = 2,
  REVOKED = 3,
  COMPROMISED = 4,
}

export enum MemberState {
  ACTIVE = 1,
  SUSPENDED = 2,
  EXPELLED = 3,
}

export enum MemberKind {
  GOVERNOR = 1,
  PARTICIPANT = 2,
}

export enum AddedBy {
  MEMBER = 1,
  SPONSOR = 2,
  GOVERNORS = 3,
}

export interface Version {
  since: number;
}

export interface KeyVersion extends Version {
  state: number;
  algorithm: number;
  addedBy: number;
  compromisedSince: number;
  member: string;
  isContested: boolean;
}

export interface MemberVersion extends Version {
  state: number;
  kind: number;
  roles: number;
}

export interface AccountVersion extends Version {
  state: number;
  purposes: number;
  member: string;
}

export interface PolicyVersion extends Version {
  value: Bytes;
}

export interface OperatorVersion extends Version {
  /** What UCRs begin with after their first digit, or `*`. */
  scope: string;
}

export interface AssignmentVersion extends Version {
  member: string;
}

export interface TagKey {
  key: Bytes;
  firstBatch: number;
  suite: number;
}

export interface Checkpoint {
  root: Bytes;
  count: number;
  votes: number;
  dissent: number;
  block: number;
}

/** Slot of a mapping's value: keccak256(key as 32 bytes || word(slot)). */
const mapSlot = (key: Bytes, slot: bigint): bigint => toBigInt(keccak(key, word(slot)));
/** Slot of element `i` of a list whose elements take `size` words. */
const elementSlot = (slot: bigint, i: number, size: number): bigint =>
  (toBigInt(keccak(word(slot))) + BigInt(i) * BigInt(size)) % 2n ** 256n;

/** Fields of a word, lowest bits first. */
class Fields {
  constructor(private rest: bigint) {}

  take(bits: number): bigint {
    const value = this.rest & ((1n << BigInt(bits)) - 1n);
    this.rest >>= BigInt(bits);
    return value;
  }

  number(bits: number): number {
    return Number(this.take(bits));
  }

  member(): string {
    const value = this.take(144);
    let text = "";
    for (let shift = 136n; shift >= 0n; shift -= 8n) text += String.fromCharCode(Number((value >> shift) & 255n));
    return text;
  }
}

function keyVersion(value: bigint): KeyVersion {
  const fields = new Fields(value);
  return {
    since: fields.number(40),
    state: fields.number(8),
    algorithm: fields.number(8),
    addedBy: fields.number(8),
    compromisedSince: fields.number(40),
    member: fields.member(),
    isContested: fields.number(8) !== 0,
  };
}

function memberVersion(value: bigint): MemberVersion {
  const fields = new Fields(value);
  return { since: fields.number(40), state: fields.number(8), kind: fields.number(8), roles: fields.number(16) };
}

function accountVersion(value: bigint): AccountVersion {
  const fields = new Fields(value);
  return { since: fields.number(40), state: fields.number(8), purposes: fields.number(8), member: fields.member() };
}

/** The versions of one fact that a bundle shows. */
export class History<V extends Version> {
  constructor(private readonly shown: Map<number, V | null>) {}

  /** Of the versions shown, those that are, by their index. */
  get versions(): { index: number; version: V }[] {
    return [...this.shown].flatMap(([index, version]) => (version === null ? [] : [{ index, version }]));
  }

  /** The last version written; null where there is none. */
  get newest(): V | null {
    return this.versions.at(-1)?.version ?? null;
  }

  /** Whether all versions are shown. */
  get isWhole(): boolean {
    return this.versions.length === Math.max(...this.shown.keys());
  }

  /** The version in force for a block: null where none was, undefined where that is not shown. */
  inForce(block: number): V | null | undefined {
    const first = this.shown.get(0);
    if (first === null || (first !== undefined && first.since >= block)) return null;
    for (const [index, version] of this.shown) {
      const next = this.shown.get(index + 1);
      if (version === null || next === undefined || version.since >= block) continue;
      if (next === null || block <= next.since) return version;
    }
    return undefined;
  }
}

/** Reads a fact from its last index shown downwards, so that a false one ends it at the first step. */
function readHistory<V extends Version>(indexes: number[], read: (index: number) => V | null): History<V> {
  const shown = new Map<number, V | null>();
  indexes
    .map((index, place) => ({ index, isLast: place === indexes.length - 1 }))
    .reverse()
    .forEach(({ index, isLast }) => {
      const version = read(index);
      if (isLast !== (version === null)) throw new Malformed("versions", "do not show which is the newest");
      shown.set(index, version);
    });
  const last = indexes.at(-1)!;
  if (last > 0 && !shown.has(last - 1)) throw new Malformed("versions", "do not show which is the newest");
  return new History(new Map([...shown].reverse()));
}

export class Registry {
  constructor(private readonly storage: Storage) {}

  key(thumbprint: Bytes, indexes: number[]): History<KeyVersion> {
    return this.history(mapSlot(thumbprint, SLOT.keys), indexes, keyVersion);
  }

  member(uscc: string, indexes: number[]): History<MemberVersion> {
    return this.history(mapSlot(padRight(ascii(uscc)), SLOT.members), indexes, memberVersion);
  }

  account(address: Bytes, indexes: number[]): History<AccountVersion> {
    return this.history(mapSlot(padLeft(address), SLOT.accounts), indexes, accountVersion);
  }

  policy(name: string, indexes: number[]): History<PolicyVersion> {
    return this.pairs(mapSlot(padRight(ascii(name)), SLOT.policies), indexes, (first, since) => ({
      since,
      value: word(first),
    }));
  }

  operator(uscc: string, indexes: number[]): History<OperatorVersion> {
    return this.pairs(mapSlot(padRight(ascii(uscc)), SLOT.operators), indexes, (first, since) => ({
      since,
      scope: String.fromCharCode(...word(first)).replace(/\0+$/, ""),
    }));
  }

  assignment(register: string, code: string, indexes: number[]): History<AssignmentVersion> {
    const slot = mapSlot(padRight(ascii(code)), mapSlot(padRight(ascii(register)), SLOT.assignments));
    return this.history(slot, indexes, (value) => {
      const fields = new Fields(value);
      return { since: fields.number(40), member: fields.member() };
    });
  }

  /** When a key's member asked for its compromise, Unix seconds; 0 where it did not. */
  requestedAt(thumbprint: Bytes): number {
    return Number(this.storage.word(mapSlot(thumbprint, SLOT.requests)));
  }

  /** Exactly so many tag keys; raises Malformed where the registry holds others. */
  tagKeys(count: number): TagKey[] {
    const keys = Array.from({ length: count }, (_, i): TagKey => {
      const slot = elementSlot(SLOT.tagKeys, i, 2);
      const fields = new Fields(this.storage.word(slot + 1n));
      if (fields.number(40) === 0) throw new Malformed("epochs", `the registry holds no tag key ${i}`);
      return { key: word(this.storage.word(slot)), firstBatch: fields.number(64), suite: fields.number(8) };
    });
    if (this.storage.word(elementSlot(SLOT.tagKeys, count, 2) + 1n) !== 0n) {
      throw new Malformed("epochs", "the registry holds a later tag key");
    }
    return keys;
  }

  /** Whether these are exactly the changes of the list of authorities. */
  hasAuthorities(changes: { block: number; member: string; listed: boolean }[]): boolean {
    let log: Bytes = new Uint8Array(32);
    for (const { block, member, listed } of changes) {
      log = keccak(log, padRight(ascii(member)), word(listed ? 1 : 0), word(block));
    }
    const next = this.storage.word(elementSlot(SLOT.authorities, changes.length, 2) + 1n);
    if (changes.length === 0) return next === 0n;
    const newest = elementSlot(SLOT.authorities, changes.length - 1, 2);
    const newestBlock = new Fields(this.storage.word(newest + 1n)).number(40);
    return next === 0n && newestBlock === changes.at(-1)!.block && isEqual(word(this.storage.word(newest)), log);
  }

  /** A fact of two words, the second of which holds the block and is zero exactly where there is no such version. */
  private pairs<V extends Version>(
    slot: bigint,
    indexes: number[],
    parse: (first: bigint, since: number) => V,
  ): History<V> {
    return readHistory(indexes, (index) => {
      const at = elementSlot(slot, index, 2);
      const second = this.storage.word(at + 1n);
      return second === 0n ? null : parse(this.storage.word(at), new Fields(second).number(40));
    });
  }

  private history<V extends Version>(slot: bigint, indexes: number[], parse: (value: bigint) => V): History<V> {
    return readHistory(indexes, (index) => {
      const value = this.storage.word(elementSlot(slot, index, 1));
      return value === 0n ? null : parse(value);
    });
  }
}

export class Ledger {
  constructor(private readonly storage: Storage) {}

  batchCount(): number {
    return Number(this.storage.word(SLOT.commitments));
  }

  commitment(index: number): Bytes {
    return word(this.storage.word(elementSlot(SLOT.commitments, index, 1)));
  }

  /** Null where there is no such checkpoint. */
  checkpoint(index: number): Checkpoint | null {
    const slot = elementSlot(SLOT.checkpoints, index, 2);
    // Both words are read, be there one or not: their nodes serve this.
    const [first, second] = [this.storage.word(slot), this.storage.word(slot + 1n)];
    if (second === 0n) return null;
    const fields = new Fields(second);
    return {
      root: word(first),
      count: fields.number(64),
      votes: fields.number(16),
      dissent: fields.number(16),
      block: fields.number(40),
    };
  }

  hasCheckpoint(index: number): boolean {
    return this.storage.word(elementSlot(SLOT.checkpoints, index, 2) + 1n) !== 0n;
  }
}

/** What the ledger commits to for a batch. docs/spec/batches.md, "Batches". */
export function commitmentOf(
  consortium: Bytes,
  batch: {
    index: number;
    root: Bytes;
    count: number;
    entriesHash: Bytes;
    gateway: Bytes;
    block: number;
    timestamp: number;
  },
): Bytes {
  return keccak(
    concat(consortium, word(batch.index), batch.root, word(batch.count), batch.entriesHash),
    concat(padLeft(batch.gateway), word(batch.block), word(batch.timestamp)),
  );
}
