// What an audit.finding states, read strictly from its disclosed sections. docs/spec/findings.md, "Form".

import { type Bytes, fromHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import type { Json, JsonObject } from "./json.js";
import { readHex, readList, readText } from "./members.js";
import { isIncluded } from "./merkle.js";
import type { SignedRecord } from "./records.js";
import { type Difference, inputsText } from "./rule_interpreter.js";

const ANY = /^/;
const KIND = /^[a-z-]{1,64}$/;
const HASH = /^[0-9a-f]{64}$/;
const MOST = 2 ** 31;

/** A section of the finding is withheld. */
export class NotDisclosed extends Error {
  constructor(readonly section: string) {
    super(section);
  }
}

export interface Head {
  rule: string;
  isWithdrawn: boolean;
  differences: number;
  version: string;
  pack: string;
  tables: [kind: string, root: string][];
}

export interface Row {
  kind: string;
  place: number;
  rows: number;
  cells: string[];
  path: Bytes[];
}

/** The one element of a section. */
function valueOf(record: SignedRecord, section: string): Json {
  const disclosed = record.disclosures.find((one) => one.section === section);
  if (disclosed === undefined) throw new NotDisclosed(section);
  return disclosed.value;
}

function optionalValue(record: SignedRecord, section: string): Json {
  return record.sections.some(({ name }) => name === section) ? valueOf(record, section) : null;
}

function object(value: Json | undefined): JsonObject {
  if (!(value instanceof Map)) throw new Malformed("section", "is no object");
  return value;
}

function list<T>(value: Json | undefined, read: (item: JsonObject) => T): T[] {
  return value == null ? [] : readList(value, "list", { most: MOST }, (item) => read(object(item)));
}

const text = (holder: JsonObject, name: string, form = ANY): string => readText(holder.get(name), name, form);
const optional = (holder: JsonObject, name: string): string => (holder.get(name) == null ? "" : text(holder, name));

function whole(holder: JsonObject, name: string, least: number): number {
  const value = holder.get(name);
  if (typeof value !== "number" || value < least) throw new Malformed(name, `is no whole number from ${least}`);
  return value;
}

export function readHead(record: SignedRecord): Head {
  const head = object(valueOf(record, "finding"));
  const tables = list(head.get("tables"), (item): [string, string] => [text(item, "kind", KIND), text(item, "root", HASH)]);
  if (new Set(tables.map(([kind]) => kind)).size < tables.length) throw new Malformed("tables", "name one twice");
  return {
    tables,
    rule: text(head, "rule"),
    isWithdrawn: head.get("state") === "withdrawn",
    differences: whole(head, "differences", 0),
    version: text(head, "version"),
    pack: text(head, "pack", HASH),
  };
}

/** Whether a finding says that it takes one back, as far as that is shown. */
export function takesBack(record: SignedRecord): boolean {
  const head = record.disclosures.find(({ section }) => section === "finding")?.value;
  return head instanceof Map && head.get("state") === "withdrawn";
}

export function readRows(record: SignedRecord): Row[] {
  return list(optionalValue(record, "rows"), (item) => {
    const kind = text(item, "kind", KIND);
    const cells = readList(item.get("cells"), "cells", { most: MOST }, (cell) => readText(cell, "cell", ANY));
    if (kind === "working-days" && cells.length !== 2) throw new Malformed("cells", "are two");
    const steps = item.has("path") ? item.get("path") : [];
    const path = readList(steps, "path", { most: MOST }, (step) => readHex(step, "path", 32));
    return { kind, cells, path, place: whole(item, "place", 0), rows: whole(item, "rows", 1) };
  });
}

/** Whether a row stands in the table of this root. */
export function standsUnder({ place, rows, cells, path }: Row, root: string): boolean {
  return isIncluded(new TextEncoder().encode(cells.join("\x1f")), place, rows, path, fromHex(root, "root", 32));
}

export interface SnapshotLane {
  tag: Bytes;
  count: number;
  head: Bytes;
}

export function readSnapshot(record: SignedRecord): SnapshotLane[] {
  let before = "";
  return list(object(valueOf(record, "snapshot")).get("lanes"), (item) => {
    const tag = text(item, "tag");
    if (tag <= before) throw new Malformed("lanes", "do not ascend");
    before = tag;
    const [count, head] = [whole(item, "count", 1), text(item, "head", HASH)];
    return { tag: fromHex(tag, "tag", 16), count, head: fromHex(head, "head", 32) };
  });
}

export function readDifferences(record: SignedRecord): Difference[] {
  return list(optionalValue(record, "differences"), (item) => {
    const inputs = list(item.get("inputs"), (input) => [text(input, "record"), text(input, "field"), optional(input, "value")]);
    return {
      name: text(item, "name"),
      severity: text(item, "severity"),
      inputs: inputsText(inputs),
      numbers: ["declared", "computed", "delta", "tolerance"].map((name) => optional(item, name)),
    };
  });
}

/** SHA-256 of the text of a rule pack with these tables, hex digits as bytes. */
export function packDigest(version: string, rules: string, parameters: string, tables: Head["tables"]): Bytes {
  const roots = [...tables].sort(([a], [b]) => (a < b ? -1 : 1));
  const pack = { format: "tongguan-rule-pack/1", version, rules, parameters, tables: Object.fromEntries(roots) };
  return hash(new TextEncoder().encode(JSON.stringify(pack)));
}
