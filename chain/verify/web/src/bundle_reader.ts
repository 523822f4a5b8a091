// Reads a proof bundle, member by member, in its one form. docs/spec/bundle.md.

import type { AuthorityChange, Batch, Bundle, Entry, Kind, ShownReceipt, ShownRecord } from "./bundle.js";
import { isOfConsignment, MOST } from "./bundle.js";
import { compareGroups, NAME, readGroup } from "./bundle_groups.js";
import { refuseStrangers } from "./bundle_references.js";
import { type Bytes, compareBytes, compareText, fromBase64url, fromHex } from "./bytes.js";
import { Malformed, NoVerdict } from "./errors.js";
import { parseHeader } from "./header.js";
import { decodeUtf8, formatJson, type Json, parseJson } from "./json.js";
import { parseJwk } from "./jwk.js";
import * as read from "./members.js";
import { readShownNote } from "./notes.js";
import { parseReceipt } from "./receipts.js";
import { isNumberName } from "./number_names.js";
import { parseRecord, USCC } from "./records.js";
import { say } from "./verdicts.js";

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
const POLICIES = ["least-votes", "record-rules"];
/** Marks that a long list needs: counted before the JSON is read. */
const MARKS = /[,~[{]/g;

/** Raises NoVerdict for what is no bundle that this edition knows, and Malformed for a false one. */
export function parseBundle(file: Bytes): Bundle {
  const beginning = [...file.subarray(0, BEGINNING.length)].map((byte) => String.fromCharCode(byte)).join("");
  if (beginning !== BEGINNING) {
    throw new NoVerdict(say("the file is no proof bundle of the format tongguan-bundle/2", "该文件不是 tongguan-bundle/2 格式的证明包"));
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
  const isNoteShown = json instanceof Map && json.has("cosigned_note");
  const members = read.readOrdered(json, "bundle", isNoteShown ? [...MEMBERS, "cosigned_note"] : MEMBERS);
  const kind = members.text("kind", /^(?:record|consignment|finding|single-use|absence)$/);
  if (kind !== "record" && kind !== "consignment" && kind !== "finding" && kind !== "single-use") {
    throw new NoVerdict(say(`this verifier does not know bundles of the kind ${kind}`, `本验证器尚不支持 ${kind} 类证明包`));
  }
  const list = <T>(name: string, most: number, readItem: (item: Json, field: string) => T): T[] =>
    read.readList(members.get(name), name, { most }, readItem);
  const nodes = list("nodes", MOST.nodes, (item, field) => read.readBytes(item, field, MOST.nodeBytes));
  read.refuseDisorder(nodes, "nodes", compareBytes);
  const checkpoint = members.get("checkpoint");
  list("erasures", 0, () => null);
  return {
    kind,
    consortium: fromHex(members.text("consortium", /./), "consortium", 32),
    chainId: members.number("chain_id", 1, Number.MAX_SAFE_INTEGER),
    genesisHash: members.prefixed("genesis_hash", 32),
    ...readSubjects(members.get("subject"), kind),
    header: parseHeader(members.bytes("header", MOST.headerBytes)),
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
    epochs: members.number("epochs", 1, MOST.epochs),
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
    cosignedNote: isNoteShown ? readShownNote(members.get("cosigned_note"), "cosigned_note") : null,
  };
}

function inOrder<T>(items: T[], field: string, compare: (a: T, b: T) => number): T[] {
  read.refuseDisorder(items, field, compare);
  return items;
}


function readSubjects(value: Json | undefined, kind: Kind): Pick<Bundle, "subjects" | "ucr" | "number"> {
  if (kind === "record") {
    const listed = read.readMembers(value, "subject", ["records"]).get("records");
    const ids = read.readList(listed, "subject.records", { least: 1, most: MOST.items }, read.readThumbprint);
    return { subjects: inOrder(ids, "subject.records", compareText), ucr: null, number: null };
  }
  if (kind === "single-use") {
    const subject = read.readOrdered(value, "subject", ["maker", "number"]);
    const name = `${subject.text("maker", USCC)}/${subject.text("number", /./)}`;
    if (!isNumberName(name)) throw new Malformed("subject", "must be a maker and its number");
    return { subjects: [name], ucr: null, number: name };
  }
  const subject = read.readOrdered(value, "subject", kind === "finding" ? ["ucr", "finding"] : ["ucr"]);
  const ucr = subject.text("ucr", NAME);
  return { subjects: kind === "finding" ? [subject.thumbprint("finding")] : [ucr], ucr, number: null };
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
    index: members.number("index", 0, MOST.index),
    root: members.prefixed("root", 32),
    count: members.number("count", 1, MOST.batchSize),
    entriesHash: members.prefixed("entries_hash", 32),
    gateway: members.prefixed("gateway", 20),
    block: members.number("block", 1, MOST.index),
    timestamp: members.number("timestamp", 0, MOST.index),
  };
}

function readRecord(item: Json, field: string): ShownRecord {
  const members = read.readOrdered(item, field, ["sd_jwt", "entries"]);
  const record = parseRecord(members.text("sd_jwt", /^[A-Za-z0-9_.~-]+~$/), field);
  const entries = members.list("entries", { least: 1, most: MOST.entries },
    readEntry,
  );
  read.refuseDisorder(
    entries,
    `${field}.entries`,
    (a, b) => compareBytes(a.tag, b.tag) || compareBytes(fromBase64url(a.element, "element"), fromBase64url(b.element, "element")),
  );
  return { record, entries };
}

function readEntry(item: Json, field: string): Entry {
  const isNumber = item instanceof Map && item.has("reference");
  const element = isNumber ? "reference" : "ucr";
  const members = read.readOrdered(item, field, ["tag", element, "batch", "position", "path", "lane"]);
  const lane = members.get("lane")!;
  return {
    tag: members.hex("tag", 16),
    element: members.thumbprint(element),
    isNumber,
    batch: members.number("batch", 0, MOST.index),
    position: members.number("position", 0, MOST.batchSize - 1),
    path: members.list("path", { most: MOST.path }, read.readHash),
    lane: lane === null ? null : readPlace(lane, `${field}.lane`),
  };
}

function readPlace(item: Json, field: string): { index: number; path: Bytes[] } {
  const members = read.readOrdered(item, field, ["index", "path"]);
  return {
    index: members.number("index", 0, Number.MAX_SAFE_INTEGER),
    path: members.list("path", { most: MOST.lanePath }, read.readHash),
  };
}

function readVersions(members: read.Members, field: string): number[] {
  const versions = members.list("versions", { least: 1, most: MOST.versions },
    (item, place) => read.readNumber(item, place, 0, MOST.version),
  );
  return inOrder(versions, `${field}.versions`, (a, b) => a - b);
}

function readKey(item: Json, field: string): Bundle["keys"][number] {
  const members = read.readOrdered(item, field, ["jwk", "versions", "requested"]);
  return {
    key: parseJwk(members.get("jwk"), `${field}.jwk`),
    versions: readVersions(members, field),
    isRequestShown: members.flag("requested"),
  };
}

/** `lane-records-max` stands first, exactly in a consignment bundle. */
function readPolicies(value: Json | undefined, kind: Kind): { name: string; versions: number[] }[] {
  const names = isOfConsignment(kind) ? ["lane-records-max", ...POLICIES] : POLICIES;
  const policies = read.readList(value, "policies", { least: 2, most: 3 }, (item, field) => {
    const members = read.readOrdered(item, field, ["name", "versions"]);
    return { name: members.text("name", /./), versions: readVersions(members, field) };
  });
  if (policies.length !== names.length || policies.some(({ name }, i) => name !== names[i])) {
    throw new Malformed("policies", `must be ${names.join(", ")}`);
  }
  return policies;
}

function readAuthorities(value: Json | undefined, kind: Kind): AuthorityChange[] | null {
  if ((value === null) === isOfConsignment(kind))
    throw new Malformed("authorities", "stands exactly in a consignment bundle");
  if (value === null) return null;
  return read.readList(value, "authorities", { most: MOST.changes }, (item, field) => {
    const members = read.readOrdered(item, field, ["block", "member", "listed"]);
    return {
      block: members.number("block", 0, MOST.index),
      member: members.text("member", USCC),
      listed: members.flag("listed"),
    };
  });
}

function readAssignment(item: Json, field: string): { code: string; versions: number[] } {
  const members = read.readOrdered(item, field, ["register", "code", "versions"]);
  members.text("register", /^customs-office$/);
  return {
    code: members.text("code", /^[0-9]{4}$/),
    versions: readVersions(members, field),
  };
}

function readMember(item: Json, field: string): { uscc: string; versions: number[] } {
  const members = read.readOrdered(item, field, ["uscc", "versions"]);
  return { uscc: members.text("uscc", USCC), versions: readVersions(members, field) };
}

function readAccount(item: Json, field: string): { address: Bytes; versions: number[] } {
  const members = read.readOrdered(item, field, ["address", "versions"]);
  return {
    address: members.prefixed("address", 20),
    versions: readVersions(members, field),
  };
}

function readReceipts(value: Json | undefined): ShownReceipt[] {
  const receipts = read.readList(value, "receipts", { most: MOST.items }, (item, field) => {
    const members = read.readOrdered(item, field, ["jws", "jwt"]);
    const jws = members.text("jws", /./);
    const jwt = members.get("jwt")!;
    const record =
      jwt === null ? null : parseRecord(`${read.readText(jwt, `${field}.jwt`, /^[^~]+$/)}~`, `${field}.jwt`);
    return { jws, shown: { receipt: parseReceipt(jws, field), record } };
  });
  read.refuseDisorder(receipts, "receipts", (a, b) => compareText(a.jws, b.jws));
  return receipts.map((receipt) => receipt.shown);
}
