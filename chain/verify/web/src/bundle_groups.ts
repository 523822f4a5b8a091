// Groups of lanes as a bundle writes them. docs/spec/bundle.md, "groups".

import type { Group, HiddenPart, Lane, Leaf, Purpose } from "./bundle.js";
import { MOST } from "./bundle.js";
import { type Bytes, compareBytes, compareText, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import type { Json, JsonObject } from "./json.js";
import * as read from "./members.js";
import { isNumberName } from "./number_names.js";
import { VrfProof } from "./vrf.js";

export const NAME = /^[0-9A-Z()\-]{1,35}$/;

export function compareGroups(a: Group, b: Group): number {
  return compareText(a.purpose, b.purpose) || compareText(a.name, b.name) || a.epoch - b.epoch;
}

export function readGroup(item: Json, field: string): Group {
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
  const vrf = VrfProof.parse(members.bytes("vrf", 80));
  if (vrf === null) throw new Malformed(`${field}.vrf`, "must have 80 bytes and begin with a point of prime order");
  const lanes = members.list("lanes", { most: MOST.lanes }, readLane);
  read.refuseDisorder(lanes, `${field}.lanes`, (a, b) => compareBytes(a.half, b.half));
  const other = members.get("other")!;
  const hidden = members.list("hidden", { most: MOST.hidden }, readHidden);
  read.refuseDisorder(hidden, `${field}.hidden`, (a, b) => compareText(a.path, b.path));
  if (other !== null && lanes.length + hidden.length > 0) {
    throw new Malformed(`${field}.other`, "stands only where there are neither lanes nor hidden parts");
  }
  const purpose = members.text("purpose", /^(?:ucr|access|invoice)$/) as Purpose;
  const name = members.text("name", purpose === "invoice" ? /./ : NAME);
  if (purpose === "invoice" && !isNumberName(name)) throw new Malformed(`${field}.name`, "must be a maker and its number");
  return {
    purpose,
    name,
    epoch: members.number("epoch", 0, MOST.epoch),
    vrf,
    siblings: members.list("siblings", { most: MOST.siblings }, readSibling),
    lanes,
    hidden,
    other: other === null ? null : readOther(other, `${field}.other`),
  };
}

function readHidden(item: Json, field: string): HiddenPart {
  const members = read.readOrdered(item, field, ["path", "hash"]);
  return {
    path: members.text("path", /^[01]{1,64}$/),
    hash: members.hash("hash"),
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
    half: members.hex("lane", 8),
    dropped: readCount(members, "dropped", field),
    leaves: isOpened ? readLeaves(members.get("leaves"), `${field}.leaves`) : null,
    closed: isOpened
      ? null
      : { count: readCount(members, "count", field), head: members.hash("head") },
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
    digest: members.hash("digest"),
    batch: members.number("batch", 0, MOST.index),
  };
}

function readOther(item: Json, field: string): Group["other"] {
  const members = read.readOrdered(item, field, ["tag", "count", "dropped", "head"]);
  return {
    tag: members.hex("tag", 16),
    count: readCount(members, "count", field),
    dropped: readCount(members, "dropped", field),
    head: members.hash("head"),
  };
}

function readCount(members: JsonObject, name: string, field: string): number {
  return read.readNumber(members.get(name), `${field}.${name}`, 0, Number.MAX_SAFE_INTEGER);
}
