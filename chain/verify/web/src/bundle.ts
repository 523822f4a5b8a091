// What a proof bundle holds, and its limits. docs/spec/bundle.md.

import type { Bytes } from "./bytes.js";
import type { Header } from "./header.js";
import type { Jwk } from "./jwk.js";
import type { ShownNote } from "./notes.js";
import type { Receipt } from "./receipts.js";
import type { SignedRecord } from "./records.js";
import type { VrfProof } from "./vrf.js";

/** Most of each: bytes, items, and numbers that a member may have. */
export const MOST = {
  bytes: 4 * 2 ** 20,
  marks: 150_000,
  headerBytes: 32_768,
  nodes: 20_000,
  nodeBytes: 1024,
  items: 2000,
  groups: 512,
  lanes: 4096,
  leaves: 20_000,
  entries: 256,
  versions: 256,
  version: 2 ** 32,
  index: 2 ** 40 - 1,
  batchSize: 2048,
  path: 11,
  lanePath: 64,
  siblings: 64,
  epoch: 255,
  epochs: 256,
  texts: 16,
  textBytes: 65_536,
  changes: 4096,
  assignments: 512,
  hidden: 4096,
};

export type Kind = "record" | "consignment" | "finding" | "single-use";
/** Whether it is about a whole consignment, or a finding of one. */
export const isOfConsignment = (kind: Kind): boolean => kind === "consignment" || kind === "finding";
export type Purpose = "ucr" | "access" | "invoice";

export interface Batch {
  index: number;
  root: Bytes;
  count: number;
  entriesHash: Bytes;
  gateway: Bytes;
  block: number;
  timestamp: number;
}

export interface Entry {
  tag: Bytes;
  /** Digest of the `ucr` element, or of the `references` element of a number's entry, base64url. */
  element: string;
  /** Whether it stands under a number's tag. */
  isNumber: boolean;
  batch: number;
  position: number;
  path: Bytes[];
  /** Its place in a lane that is shown by its head alone. */
  lane: { index: number; path: Bytes[] } | null;
}

export interface ShownRecord {
  record: SignedRecord;
  entries: Entry[];
}

export interface Leaf {
  digest: Bytes;
  batch: number;
}

/** A lane of a group: opened, with all its leaves, or by its head alone. */
export interface Lane {
  half: Bytes;
  dropped: number;
  leaves: Leaf[] | null;
  closed: { count: number; head: Bytes } | null;
}

/** A part of a group that is not shown: how all its tags go on behind the prefix (bits), and its hash. */
export interface HiddenPart {
  path: string;
  hash: Bytes;
}

export interface AuthorityChange {
  block: number;
  member: string;
  listed: boolean;
}

export interface Group {
  purpose: Purpose;
  name: string;
  epoch: number;
  vrf: VrfProof;
  siblings: (Bytes | null)[];
  lanes: Lane[];
  hidden: HiddenPart[];
  other: { tag: Bytes; count: number; dropped: number; head: Bytes } | null;
}

export interface ShownReceipt {
  receipt: Receipt;
  /** The receipt's record where it is not among the records shown. */
  record: SignedRecord | null;
}

export interface Bundle {
  kind: Kind;
  consortium: Bytes;
  chainId: number;
  genesisHash: Bytes;
  /** Record ids of a record bundle; the UCR of a consignment bundle; the finding of a finding bundle. */
  subjects: string[];
  /** The UCR of a consignment or finding bundle; null of others. */
  ucr: string | null;
  /** Maker and number of a single-use bundle, `USCC/number`; null of others. */
  number: string | null;
  header: Header;
  nodes: Bytes[];
  checkpoint: number | null;
  batches: Batch[];
  records: ShownRecord[];
  keys: { key: Jwk; versions: number[]; isRequestShown: boolean }[];
  members: { uscc: string; versions: number[] }[];
  accounts: { address: Bytes; versions: number[] }[];
  epochs: number;
  policies: { name: string; versions: number[] }[];
  texts: Bytes[];
  authorities: AuthorityChange[] | null;
  operators: { uscc: string; versions: number[] }[];
  assignments: { code: string; versions: number[] }[];
  groups: Group[];
  receipts: ShownReceipt[];
  /** What outsiders saw; null where nothing is shown. */
  cosignedNote: ShownNote | null;
}
