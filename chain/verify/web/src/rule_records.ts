// Records of a consignment as rules join them: declarations, bills, payments, papers of carriage. docs/spec/rules.md.

import { compareBytes } from "./bytes.js";
import type { Json, JsonObject } from "./json.js";
import type { SignedRecord } from "./records.js";

const HEADS: Record<string, string> = {
  "customs.declaration": "declaration",
  "customs.status": "status",
  "logistics.transport_document": "transport_document",
  "tax.invoice": "invoice",
  "tax.assessment": "assessment",
  "tax.payment": "tax_payment",
};
const OWN_KINDS = ["declaration", "pre", "cop"];
const OF_TRANSPORT = ["transport_document", "master_bill", "container"];
const CARRIAGE_KINDS =
  "air_waybill house_air_waybill bill_of_lading sea_waybill parcel_waybill rail road manifest other".split(" ");

const EMPTY: JsonObject = new Map();
export const objectOf = (value: Json | undefined): JsonObject => (value instanceof Map ? value : EMPTY);
export const textOf = (holder: JsonObject, name: string): string => {
  const value = holder.get(name);
  return typeof value === "string" ? value : "";
};
export const valueOf = (holder: JsonObject, name: string): string => textOf(objectOf(holder.get(name)), "value");
export const objectsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter((item): item is JsonObject => item instanceof Map) : [];
export const compareTexts = (a: string, b: string): number =>
  compareBytes(new TextEncoder().encode(a), new TextEncoder().encode(b));
/** A transport number freed of what people write differently. */
const spell = (number: string): string => number.toUpperCase().replace(/[ _-]/g, "");

interface Reference {
  kind: string;
  value: string;
  key: string;
}

/** One record's words, as far as they are disclosed. */
export class Said {
  readonly sections = new Map<string, Json[]>();
  readonly head: JsonObject;
  readonly references: Reference[];

  constructor(readonly record: SignedRecord) {
    for (const { section, value } of record.disclosures) {
      this.sections.set(section, [...(this.sections.get(section) ?? []), value]);
    }
    this.head = this.first(HEADS[record.type] ?? "");
    this.references = objectsOf(this.sections.get("references") ?? []).flatMap((reference) => {
      const [kind, scope, value] = ["kind", "scope", "value"].map((name) => (reference.has(name) ? reference.get(name) : ""));
      if (typeof kind !== "string" || typeof scope !== "string" || typeof value !== "string") return [];
      const spelled = OF_TRANSPORT.includes(kind) ? spell(value) : value.toUpperCase();
      return [{ kind, value: spelled, key: JSON.stringify([kind, scope, spelled]) }];
    });
  }

  get id(): string {
    return this.record.id;
  }

  get amends(): string {
    return this.record.amends ?? this.record.withdraws ?? "";
  }

  /** Whether it speaks of one consignment alone. */
  get isSole(): boolean {
    return this.record.sections.find(({ name }) => name === "ucr")!.digests.length === 1;
  }

  /** The section's first element, where it is an object. */
  first(name: string): JsonObject {
    return objectOf(this.sections.get(name)?.[0]);
  }

  /** The objects of a section that lists them. */
  listed(name: string): JsonObject[] {
    const values = this.sections.get(name) ?? [];
    return objectsOf(values.length === 1 && Array.isArray(values[0]) ? values[0] : values);
  }

  get number(): string {
    return textOf(this.head, "number") || textOf(this.head, "certificate");
  }

  get kind(): string {
    return textOf(this.head, "kind") || valueOf(this.head, "kind");
  }

  get isDeleted(): boolean {
    return textOf(this.head, "function") === "delete";
  }

  /** Whether it lists taxes at all. */
  get hasTaxes(): boolean {
    return this.first("taxes").size > 0;
  }

  numbers(...kinds: string[]): string[] {
    return this.references.filter(({ kind }) => kinds.includes(kind)).map(({ value }) => value);
  }

  /** When it was lodged, where it says so. */
  get lodgedAt(): string {
    const utc = textOf(objectOf(this.head.get("lodged")), "utc");
    return isUtc(utc) ? utc : "";
  }
}

export const isDay = (text: string): boolean =>
  /^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$/.test(text) && dayText(Date.parse(`${text}T00:00:00Z`)) === text;
export const isUtc = (text: string): boolean =>
  /^.{10}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$/.test(text) && isDay(text.slice(0, 10));
export const dayText = (time: number): string => (Number.isNaN(time) ? "" : new Date(time).toISOString().slice(0, 10));

export interface Declaration {
  versions: Said[];
  current: Said;
  answers: Said[];
  numbers: Set<string>;
}

export interface Bill {
  record: Said;
  declaration: Declaration | null;
}

export interface Carriage {
  declarations: Declaration[];
  bills: Said[][];
}

/** The records of a consignment in chain order, joined. */
export class Joined {
  readonly declarations: Declaration[];
  private readonly standing: Said[];

  constructor(private readonly records: Said[]) {
    const byId = new Map(records.map((one) => [one.id, one]));
    const replaced = new Set(
      records.flatMap(({ record, amends }) => {
        const old = byId.get(amends)?.record;
        return old !== undefined && old.issuer === record.issuer && old.type === record.type ? [amends] : [];
      }),
    );
    this.standing = records.filter((one) => !replaced.has(one.id) && !one.isDeleted);
    this.declarations = this.joinDeclarations();
  }

  /** Records of a type that stand and speak of this consignment alone. */
  ofType(type: string): Said[] {
    return this.standing.filter((one) => one.record.type === type && one.isSole);
  }

  private all(type: string): Said[] {
    return this.records.filter((one) => one.record.type === type);
  }

  private joinDeclarations(): Declaration[] {
    const groups = this.versions();
    const answers = this.all("customs.status");
    const known = groups.map((versions) => new Set(versions.flatMap((one) => one.numbers(...OWN_KINDS))));
    return groups.map((versions, i): Declaration => {
      const own = answers.filter(
        (one) => groups.length === 1 || one.numbers(...OWN_KINDS).some((number) => known[i]!.has(number)),
      );
      const numbers = new Set([...versions, ...own].flatMap((one) => one.numbers("declaration")));
      return { versions, current: versions.at(-1)!, answers: own, numbers };
    });
  }

  /** The versions of each declaration, the last one in force. */
  private versions(): Said[][] {
    const groups: Said[][] = [];
    const place = new Map<string, number>();
    const ownKeys = (one: Said): string[] =>
      one.references.filter(({ kind }) => OWN_KINDS.includes(kind)).map(({ key }) => key);
    for (const one of this.all("customs.declaration")) {
      const { issuer } = one.record;
      const keys = new Set(ownKeys(one));
      const amended = place.get(one.amends);
      let at =
        amended !== undefined && groups[amended]![0]!.record.issuer === issuer
          ? amended
          : groups.findIndex(
              (versions) =>
                versions[0]!.record.issuer === issuer &&
                versions.some((version) => ownKeys(version).some((key) => keys.has(key))),
            );
      if (at < 0) at = groups.push([]) - 1;
      groups[at]!.push(one);
      place.set(one.id, at);
    }
    return groups.map(inOrder);
  }

  get bills(): Bill[] {
    const chains: Said[][] = [];
    const chainOf = new Map<string, Said[]>();
    for (const one of this.all("tax.assessment").filter((bill) => bill.isSole)) {
      let chain = chainOf.get(one.amends);
      if (chain === undefined || chain[0]!.record.issuer !== one.record.issuer) chains.push((chain = []));
      chain.push(one);
      chainOf.set(one.id, chain);
    }
    return chains.flatMap((chain) => {
      const last = chain.at(-1)!;
      const full = chain.filter((one) => {
        const taxes = one.first("taxes");
        return objectsOf(taxes.get("lines")).length > 0 || isMoney(taxes.get("total"));
      });
      return last.isDeleted ? [] : [{ record: full.at(-1) ?? last, declaration: this.declarationOf(chain[0]!) }];
    });
  }

  get payments(): Said[] {
    const found = new Map<string, Said>();
    for (const one of this.ofType("tax.payment")) {
      const key = one.number || one.id;
      if (["", "paid"].includes(textOf(one.head, "state")) && one.hasTaxes && !found.has(key)) found.set(key, one);
    }
    return [...found.values()];
  }

  get invoices(): Said[] {
    return this.ofType("tax.invoice").filter((one) => one.number !== "");
  }

  /** The declaration whose number a record names; the only one where it names none that is known. */
  declarationOf(one: Said): Declaration | null {
    const named = one.numbers("declaration");
    const said = textOf(one.head, "declaration");
    if (said !== "") named.push(said);
    const found = this.declarations.find(({ numbers }) => named.some((number) => numbers.has(number)));
    if (found !== undefined || this.declarations.length !== 1) return found ?? null;
    const only = this.declarations[0]!;
    return named.length > 0 && only.numbers.size > 0 ? null : only;
  }

  get carriages(): Carriage[] {
    const byBill = new Map<string, Said[]>();
    for (const paper of this.ofType("logistics.transport_document")) {
      if (paper.number === "" || !CARRIAGE_KINDS.includes(paper.kind)) continue;
      const key = spell(paper.number);
      byBill.set(key, [...(byBill.get(key) ?? []), paper]);
    }
    const billsOf = this.declarations.map(({ current }) => {
      const { exact, master } = billKeys(current);
      const matching = [...byBill].filter(([, papers]) =>
        papers.some((paper) => {
          const [number, over] = [spell(paper.number), spell(textOf(paper.head, "master"))];
          return exact.includes(number) || exact.includes(over + number);
        }),
      );
      return new Set(matching.length > 0 ? matching.map(([key]) => key) : [...byBill.keys()].filter((key) => key !== "" && key === master));
    });
    const loose = billsOf.filter((bills) => bills.size === 0);
    const free = [...byBill.keys()].filter((key) => !billsOf.some((bills) => bills.has(key)));
    if (loose.length === 1 && free.length === 1) loose[0]!.add(free[0]!);
    return this.components(byBill, billsOf);
  }

  private components(byBill: Map<string, Said[]>, billsOf: Set<string>[]): Carriage[] {
    const carriages: Carriage[] = [];
    let left = billsOf.flatMap((bills, place) => (bills.size > 0 ? [place] : []));
    while (left.length > 0) {
      const places = new Set([left[0]!]);
      const bills = new Set(billsOf[left[0]!]);
      for (let size = 0; size < places.size; ) {
        size = places.size;
        for (const place of left) {
          if (places.has(place) || ![...billsOf[place]!].some((bill) => bills.has(bill))) continue;
          places.add(place);
          billsOf[place]!.forEach((bill) => bills.add(bill));
        }
      }
      carriages.push({
        declarations: [...places].sort((a, b) => a - b).map((place) => this.declarations[place]!),
        bills: [...bills].sort(compareTexts).map((key) => byBill.get(key)!),
      });
      left = left.filter((place) => !places.has(place));
    }
    return carriages;
  }
}

/** An amount of money that can be read. */
export function isMoney(value: Json | undefined): boolean {
  const text = objectOf(value).get("value");
  return typeof text === "string" && /^-?[0-9]{1,18}(?:\.[0-9]{1,6})?$/.test(text);
}

/** A declaration's transport numbers: those that name it exactly, and the master's alone. */
function billKeys(current: Said): { exact: string[]; master: string } {
  const bill = textOf(current.first("transport"), "bill");
  const waybill = textOf(current.head, "waybill");
  const [master, ...house] = bill.split("_");
  const exact = [spell(bill), spell(waybill)].filter((key) => key !== "");
  return { exact, master: house.join("_") !== "" || waybill !== "" ? spell(master!) : "" };
}

/** Each version behind the one that it amends; those that amend the same one by the time of their lodging. */
function inOrder(versions: Said[]): Said[] {
  const known = new Set(versions.map((one) => one.id));
  const behind = new Map<string, Said[]>();
  for (const one of versions) {
    const key = known.has(one.amends) ? one.amends : "";
    behind.set(key, [...(behind.get(key) ?? []), one]);
  }
  for (const [amended, siblings] of behind) {
    if (amended !== "" && siblings.every((one) => one.lodgedAt !== ""))
      siblings.sort((a, b) => compareTexts(a.lodgedAt, b.lodgedAt));
  }
  const ordered: Said[] = [];
  const waiting = [...(behind.get("") ?? [])].reverse();
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    ordered.push(one);
    waiting.push(...[...(behind.get(one.id) ?? [])].reverse());
  }
  return ordered;
}
