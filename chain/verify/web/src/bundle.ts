// The proof bundle, member by member, and what must refer to what. docs/spec/bundle.md.

import { type Bytes, compareBytes, compareText, fromBase64url, fromHex, fromPrefixedHex, toHex } from "./bytes.js";
import { Malformed, NoVerdict } from "./errors.js";
import { decodeUtf8, formatJson, type Json, type JsonObject, parseJson } from "./json.js";
import { type Header, parseHeader } from "./header.js";
import { type Jwk, parseJwk } from "./jwk.js";
import * as read from "./members.js";
import { parseReceipt, type Receipt } from "./receipts.js";
import { disclosedNames, parseRecord, type SignedRecord, USCC } from "./records.js";
import { VrfProof } from "./vrf.js";

const BEGINNING = '{"format":"tongguan-bundle/2",';
const MEMBERS = [
  "format",
  "kind",
  "consortium",
  "chain_id",
  "genesis_hash",
  "subject",
  "header",
  "nodes",
  "checkpoint",
  "batches",
  "records",
  "keys",
  "members",
  "accounts",
  "epochs",
  "policies",
  "texts",
  "authorities",
  "operators",
  "assignments",
  "groups",
  "receipts",
  "erasures",
];
const MOST = {
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
const POLICIES = ["least-votes", "record-rules"];
const NAME = /^[0-9A-Z()\-]{1,35}$/;
/** Marks that a long list needs: counted before the JSON is read. */
const MARKS = /[,~[{]/g;

export type Kind = "record" | "consignment";
export type Purpose = "ucr" | "access";

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
  /** Digest of the `ucr` element, base64url. */
  ucr: string;
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
  /** Record ids of a record bundle; the UCR of a consignment bundle. */
  subjects: string[];
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
}

/** Raises NoVerdict for what is no bundle that this edition knows, and Malformed for a false one. */
export function parseBundle(file: Bytes): Bundle {
  const beginning = [...file.subarray(0, BEGINNING.length)].map((byte) => String.fromCharCode(byte)).join("");
  if (beginning !== BEGINNING) {
    throw new NoVerdict({
      en: "the file is no proof bundle of the format tongguan-bundle/2",
      zh: "该文件不是 tongguan-bundle/2 格式的证明包",
    });
  }
  if (file.length > MOST.bytes) throw new Malformed("bundle", `has at most ${MOST.bytes} bytes`);
  const text = decodeUtf8(file, "bundle");
  if ((text.match(MARKS)?.length ?? 0) > MOST.marks)
    throw new Malformed("bundle", `has at most ${MOST.marks} commas, tildes and opening brackets`);
  const json = parseJson(text, "bundle");
  const bundle = readBundle(json);
  if (formatJson(json) !== text) throw new Malformed("bundle", "is not in its one canonical form");
  refuseStrangers(bundle);
  return bundle;
}

function readBundle(json: Json): Bundle {
  const members = read.readOrdered(json, "bundle", MEMBERS);
  const kind = read.readText(members.get("kind"), "kind", /^(?:record|consignment|finding|single-use)$/);
  if (kind !== "record" && kind !== "consignment") {
    throw new NoVerdict({
      en: `this verifier does not know bundles of the kind ${kind}`,
      zh: `本验证器尚不支持 ${kind} 类证明包`,
    });
  }
  const list = <T>(name: string, most: number, readItem: (item: Json, field: string) => T): T[] =>
    read.readList(members.get(name), name, { most }, readItem);
  const nodes = list("nodes", MOST.nodes, (item, field) => read.readBytes(item, field, MOST.nodeBytes));
  read.refuseDisorder(nodes, "nodes", compareBytes);
  const checkpoint = members.get("checkpoint");
  list("erasures", 0, () => null);
  return {
    kind,
    consortium: fromHex(read.readText(members.get("consortium"), "consortium", /./), "consortium", 32),
    chainId: read.readNumber(members.get("chain_id"), "chain_id", 1, Number.MAX_SAFE_INTEGER),
    genesisHash: readPrefixed(members.get("genesis_hash"), "genesis_hash", 32),
    subjects: readSubjects(members.get("subject"), kind),
    header: parseHeader(read.readBytes(members.get("header"), "header", MOST.headerBytes)),
    nodes,
    checkpoint: checkpoint === null ? null : read.readNumber(checkpoint, "checkpoint", 0, MOST.index),
    batches: inOrder(list("batches", MOST.items, readBatch), "batches", (a, b) => a.index - b.index),
    records: inOrder(list("records", MOST.items, readRecord), "records", (a, b) =>
      compareText(a.record.id, b.record.id),
    ),
    keys: inOrder(list("keys", MOST.items, readKey), "keys", (a, b) =>
      compareBytes(a.key.thumbprint, b.key.thumbprint),
    ),
    members: inOrder(list("members", MOST.items, readMember), "members", (a, b) => compareText(a.uscc, b.uscc)),
    accounts: inOrder(list("accounts", MOST.items, readAccount), "accounts", (a, b) =>
      compareBytes(a.address, b.address),
    ),
    epochs: read.readNumber(members.get("epochs"), "epochs", 1, MOST.epochs),
    policies: readPolicies(members.get("policies"), kind),
    texts: inOrder(
      list("texts", MOST.texts, (item, field) => read.readBytes(item, field, MOST.textBytes)),
      "texts",
      compareBytes,
    ),
    authorities: readAuthorities(members.get("authorities"), kind),
    operators: inOrder(list("operators", MOST.items, readMember), "operators", (a, b) => compareText(a.uscc, b.uscc)),
    assignments: inOrder(list("assignments", MOST.assignments, readAssignment), "assignments", (a, b) =>
      compareText(a.code, b.code),
    ),
    groups: inOrder(list("groups", MOST.groups, readGroup), "groups", compareGroups),
    receipts: readReceipts(members.get("receipts")),
  };
}

function inOrder<T>(items: T[], field: string, compare: (a: T, b: T) => number): T[] {
  read.refuseDisorder(items, field, compare);
  return items;
}

function compareGroups(a: Group, b: Group): number {
  return compareText(a.purpose, b.purpose) || compareText(a.name, b.name) || a.epoch - b.epoch;
}

function readPrefixed(value: Json | undefined, field: string, size: number): Bytes {
  return fromPrefixedHex(read.readText(value, field, /./), field, size);
}

function readHexText(value: Json | undefined, field: string, size: number): Bytes {
  return fromHex(read.readText(value, field, /./), field, size);
}

function readSubjects(value: Json | undefined, kind: Kind): string[] {
  const name = kind === "record" ? "records" : "ucr";
  const subject = read.readMembers(value, "subject", [name]).get(name);
  if (kind === "consignment") return [read.readText(subject, "subject.ucr", NAME)];
  const ids = read.readList(subject, "subject.records", { least: 1, most: MOST.items }, read.readThumbprint);
  return inOrder(ids, "subject.records", compareText);
}

function readBatch(item: Json, field: string): Batch {
  const members = read.readOrdered(item, field, [
    "index",
    "root",
    "count",
    "entries_hash",
    "gateway",
    "block",
    "timestamp",
  ]);
  return {
    index: read.readNumber(members.get("index"), `${field}.index`, 0, MOST.index),
    root: readPrefixed(members.get("root"), `${field}.root`, 32),
    count: read.readNumber(members.get("count"), `${field}.count`, 1, MOST.batchSize),
    entriesHash: readPrefixed(members.get("entries_hash"), `${field}.entries_hash`, 32),
    gateway: readPrefixed(members.get("gateway"), `${field}.gateway`, 20),
    block: read.readNumber(members.get("block"), `${field}.block`, 1, MOST.index),
    timestamp: read.readNumber(members.get("timestamp"), `${field}.timestamp`, 0, MOST.index),
  };
}

function readRecord(item: Json, field: string): ShownRecord {
  const members = read.readOrdered(item, field, ["sd_jwt", "entries"]);
  const record = parseRecord(read.readText(members.get("sd_jwt"), `${field}.sd_jwt`, /^[A-Za-z0-9_.~-]+~$/), field);
  const entries = read.readList(
    members.get("entries"),
    `${field}.entries`,
    { least: 1, most: MOST.entries },
    readEntry,
  );
  read.refuseDisorder(
    entries,
    `${field}.entries`,
    (a, b) => compareBytes(a.tag, b.tag) || compareBytes(fromBase64url(a.ucr, "ucr"), fromBase64url(b.ucr, "ucr")),
  );
  return { record, entries };
}

function readEntry(item: Json, field: string): Entry {
  const members = read.readOrdered(item, field, ["tag", "ucr", "batch", "position", "path", "lane"]);
  const lane = members.get("lane")!;
  return {
    tag: readHexText(members.get("tag"), `${field}.tag`, 16),
    ucr: read.readThumbprint(members.get("ucr"), `${field}.ucr`),
    batch: read.readNumber(members.get("batch"), `${field}.batch`, 0, MOST.index),
    position: read.readNumber(members.get("position"), `${field}.position`, 0, MOST.batchSize - 1),
    path: read.readList(members.get("path"), `${field}.path`, { most: MOST.path }, read.readHash),
    lane: lane === null ? null : readPlace(lane, `${field}.lane`),
  };
}

function readPlace(item: Json, field: string): { index: number; path: Bytes[] } {
  const members = read.readOrdered(item, field, ["index", "path"]);
  return {
    index: read.readNumber(members.get("index"), `${field}.index`, 0, Number.MAX_SAFE_INTEGER),
    path: read.readList(members.get("path"), `${field}.path`, { most: MOST.lanePath }, read.readHash),
  };
}

function readVersions(members: JsonObject, field: string): number[] {
  const versions = read.readList(
    members.get("versions"),
    `${field}.versions`,
    { least: 1, most: MOST.versions },
    (item, place) => read.readNumber(item, place, 0, MOST.version),
  );
  return inOrder(versions, `${field}.versions`, (a, b) => a - b);
}

function readKey(item: Json, field: string): Bundle["keys"][number] {
  const members = read.readOrdered(item, field, ["jwk", "versions", "requested"]);
  return {
    key: parseJwk(members.get("jwk"), `${field}.jwk`),
    versions: readVersions(members, field),
    isRequestShown: read.readFlag(members.get("requested"), `${field}.requested`),
  };
}

/** `lane-records-max` stands first, exactly in a consignment bundle. */
function readPolicies(value: Json | undefined, kind: Kind): { name: string; versions: number[] }[] {
  const names = kind === "consignment" ? ["lane-records-max", ...POLICIES] : POLICIES;
  const policies = read.readList(value, "policies", { least: 2, most: 3 }, (item, field) => {
    const members = read.readOrdered(item, field, ["name", "versions"]);
    return { name: read.readText(members.get("name"), `${field}.name`, /./), versions: readVersions(members, field) };
  });
  if (policies.length !== names.length || policies.some(({ name }, i) => name !== names[i])) {
    throw new Malformed("policies", `must be ${names.join(", ")}`);
  }
  return policies;
}

function readAuthorities(value: Json | undefined, kind: Kind): AuthorityChange[] | null {
  if ((value === null) !== (kind === "record"))
    throw new Malformed("authorities", "stands exactly in a consignment bundle");
  if (value === null) return null;
  return read.readList(value, "authorities", { most: MOST.changes }, (item, field) => {
    const members = read.readOrdered(item, field, ["block", "member", "listed"]);
    return {
      block: read.readNumber(members.get("block"), `${field}.block`, 0, MOST.index),
      member: read.readText(members.get("member"), `${field}.member`, USCC),
      listed: read.readFlag(members.get("listed"), `${field}.listed`),
    };
  });
}

function readAssignment(item: Json, field: string): { code: string; versions: number[] } {
  const members = read.readOrdered(item, field, ["register", "code", "versions"]);
  read.readText(members.get("register"), `${field}.register`, /^customs-office$/);
  return {
    code: read.readText(members.get("code"), `${field}.code`, /^[0-9]{4}$/),
    versions: readVersions(members, field),
  };
}

function readMember(item: Json, field: string): { uscc: string; versions: number[] } {
  const members = read.readOrdered(item, field, ["uscc", "versions"]);
  return { uscc: read.readText(members.get("uscc"), `${field}.uscc`, USCC), versions: readVersions(members, field) };
}

function readAccount(item: Json, field: string): { address: Bytes; versions: number[] } {
  const members = read.readOrdered(item, field, ["address", "versions"]);
  return {
    address: readPrefixed(members.get("address"), `${field}.address`, 20),
    versions: readVersions(members, field),
  };
}

function readGroup(item: Json, field: string): Group {
  const members = read.readOrdered(item, field, [
    "purpose",
    "name",
    "epoch",
    "vrf",
    "siblings",
    "lanes",
    "hidden",
    "other",
  ]);
  const vrf = VrfProof.parse(read.readBytes(members.get("vrf"), `${field}.vrf`, 80));
  if (vrf === null) throw new Malformed(`${field}.vrf`, "must have 80 bytes and begin with a point of prime order");
  const lanes = read.readList(members.get("lanes"), `${field}.lanes`, { most: MOST.lanes }, readLane);
  read.refuseDisorder(lanes, `${field}.lanes`, (a, b) => compareBytes(a.half, b.half));
  const other = members.get("other")!;
  const hidden = read.readList(members.get("hidden"), `${field}.hidden`, { most: MOST.hidden }, readHidden);
  read.refuseDisorder(hidden, `${field}.hidden`, (a, b) => compareText(a.path, b.path));
  if (other !== null && lanes.length + hidden.length > 0) {
    throw new Malformed(`${field}.other`, "stands only where there are neither lanes nor hidden parts");
  }
  return {
    purpose: read.readText(members.get("purpose"), `${field}.purpose`, /^(?:ucr|access)$/) as Purpose,
    name: read.readText(members.get("name"), `${field}.name`, NAME),
    epoch: read.readNumber(members.get("epoch"), `${field}.epoch`, 0, MOST.epoch),
    vrf,
    siblings: read.readList(members.get("siblings"), `${field}.siblings`, { most: MOST.siblings }, readSibling),
    lanes,
    hidden,
    other: other === null ? null : readOther(other, `${field}.other`),
  };
}

function readHidden(item: Json, field: string): HiddenPart {
  const members = read.readOrdered(item, field, ["path", "hash"]);
  return {
    path: read.readText(members.get("path"), `${field}.path`, /^[01]{1,64}$/),
    hash: read.readHash(members.get("hash"), `${field}.hash`),
  };
}

function readSibling(item: Json, field: string): Bytes | null {
  if (item === "") return null;
  const sibling = read.readHash(item, field);
  if (sibling.every((byte) => byte === 0)) throw new Malformed(field, "an empty sibling is an empty text");
  return sibling;
}

function readLane(item: Json, field: string): Lane {
  const isOpened = item instanceof Map && item.has("leaves");
  const members = read.readOrdered(
    item,
    field,
    isOpened ? ["lane", "dropped", "leaves"] : ["lane", "count", "dropped", "head"],
  );
  return {
    half: readHexText(members.get("lane"), `${field}.lane`, 8),
    dropped: readCount(members, "dropped", field),
    leaves: isOpened ? readLeaves(members.get("leaves"), `${field}.leaves`) : null,
    closed: isOpened
      ? null
      : { count: readCount(members, "count", field), head: read.readHash(members.get("head"), `${field}.head`) },
  };
}

/** Leaves in chain order: batches never fall, and no digest stands twice. */
function readLeaves(value: Json | undefined, field: string): Leaf[] {
  const leaves = read.readList(value, field, { most: MOST.leaves }, readLeaf);
  if (leaves.some((leaf, i) => i > 0 && leaf.batch < leaves[i - 1]!.batch)) {
    throw new Malformed(field, "must follow the order of the batches");
  }
  if (new Set(leaves.map((leaf) => toHex(leaf.digest))).size !== leaves.length) {
    throw new Malformed(field, "a digest stands twice, but an entry that its lane holds adds no leaf");
  }
  return leaves;
}

function readLeaf(item: Json, field: string): Leaf {
  const members = read.readOrdered(item, field, ["digest", "batch"]);
  return {
    digest: read.readHash(members.get("digest"), `${field}.digest`),
    batch: read.readNumber(members.get("batch"), `${field}.batch`, 0, MOST.index),
  };
}

function readOther(item: Json, field: string): Group["other"] {
  const members = read.readOrdered(item, field, ["tag", "count", "dropped", "head"]);
  return {
    tag: readHexText(members.get("tag"), `${field}.tag`, 16),
    count: readCount(members, "count", field),
    dropped: readCount(members, "dropped", field),
    head: read.readHash(members.get("head"), `${field}.head`),
  };
}

function readCount(members: JsonObject, name: string, field: string): number {
  return read.readNumber(members.get(name), `${field}.${name}`, 0, Number.MAX_SAFE_INTEGER);
}

function readReceipts(value: Json | undefined): ShownReceipt[] {
  const receipts = read.readList(value, "receipts", { most: MOST.items }, (item, field) => {
    const members = read.readOrdered(item, field, ["jws", "jwt"]);
    const jws = read.readText(members.get("jws"), `${field}.jws`, /./);
    const jwt = members.get("jwt")!;
    const record =
      jwt === null ? null : parseRecord(`${read.readText(jwt, `${field}.jwt`, /^[^~]+$/)}~`, `${field}.jwt`);
    return { jws, shown: { receipt: parseReceipt(jws, field), record } };
  });
  read.refuseDisorder(receipts, "receipts", (a, b) => compareText(a.jws, b.jws));
  return receipts.map((receipt) => receipt.shown);
}

/** Everything referred to is there, once, and nothing else. */
function refuseStrangers(bundle: Bundle): void {
  const batches = new Set(bundle.batches.map((batch) => batch.index));
  for (const { record, entries } of bundle.records) {
    for (const entry of entries) {
      if (!batches.has(entry.batch))
        throw new Malformed("batches", `lacks batch ${entry.batch} of record ${record.id}`);
    }
  }
  const used = new Set(bundle.records.flatMap(({ entries }) => entries.map((entry) => entry.batch)));
  for (const { lanes } of bundle.groups)
    for (const lane of lanes) for (const leaf of lane.leaves ?? []) used.add(leaf.batch);
  if (bundle.batches.filter((batch) => !used.has(batch.index)).length > 1) {
    throw new Malformed("batches", "has more than one that nothing refers to");
  }
  refuseOthers(
    "accounts",
    bundle.accounts.map((account) => toHex(account.address)),
    bundle.batches.map((batch) => toHex(batch.gateway)),
  );
  const ids = new Set(bundle.records.map(({ record }) => record.id));
  const said = bundle.records.map(({ record }) => record);
  for (const [i, { receipt, record }] of bundle.receipts.entries()) {
    if (ids.has(receipt.recordId) !== (record === null)) {
      throw new Malformed(`receipts[${i}].jwt`, "stands exactly where the receipt's record is not among the records");
    }
    if (record !== null && record.id !== receipt.recordId)
      throw new Malformed(`receipts[${i}].jwt`, "is another record's");
    if (record !== null) said.push(record);
  }
  const receipts = bundle.receipts.map(({ receipt }) => receipt);
  refuseOthers(
    "keys",
    bundle.keys.map(({ key }) => toHex(key.thumbprint)),
    [
      ...said.map((record) => thumbprintHex(record.jws.kid)),
      ...receipts.map((receipt) => thumbprintHex(receipt.jws.kid)),
    ],
  );
  refuseOthers(
    "members",
    bundle.members.map(({ uscc }) => uscc),
    [...said.map((record) => record.issuer), ...receipts.map((receipt) => receipt.gateway)],
  );
  const namers = bundle.records.flatMap(({ record }) => (record.type === "trade.parties" ? [record.issuer] : []));
  refuseOthers(
    "operators",
    bundle.operators.map(({ uscc }) => uscc),
    bundle.kind === "consignment" ? namers : [],
  );
  if (bundle.kind === "record" && bundle.assignments.length > 0)
    throw new Malformed("assignments", "stand in consignment bundles");
  refuseOtherSubjects(bundle, ids);
  refusePlaces(bundle);
}

/** A place in a lane stands only where the lane is shown by its head alone. */
function refusePlaces(bundle: Bundle): void {
  const closed = new Set(
    bundle.groups.flatMap(({ vrf, lanes }) =>
      lanes.filter((lane) => lane.closed !== null).map((lane) => toHex(vrf.prefix()) + toHex(lane.half)),
    ),
  );
  for (const { record, entries } of bundle.records) {
    for (const entry of entries) {
      if (entry.lane !== null && !closed.has(toHex(entry.tag))) {
        throw new Malformed(`record ${record.id}`, "a place stands only where its lane's head alone is shown");
      }
    }
  }
}

function thumbprintHex(kid: string): string {
  return toHex(fromBase64url(kid, "kid"));
}

function refuseOthers(field: string, shown: string[], needed: string[]): void {
  const [have, want] = [new Set(shown), new Set(needed)];
  if (have.size !== want.size || [...want].some((item) => !have.has(item))) {
    throw new Malformed(field, "must be exactly those that the bundle refers to");
  }
}

function refuseOtherSubjects(bundle: Bundle, ids: Set<string>): void {
  if (bundle.kind === "record") {
    for (const id of bundle.subjects) if (!ids.has(id)) throw new Malformed("subject", `lacks record ${id}`);
  }
  const names =
    bundle.kind === "consignment" ? bundle.subjects : bundle.records.flatMap(({ record }) => disclosedNames(record));
  bundle.groups.forEach((group, i) => {
    if (!names.includes(group.name)) throw new Malformed(`groups[${i}]`, "is of another UCR than the bundle's subject");
  });
}
