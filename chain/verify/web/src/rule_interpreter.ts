// Runs rules in the data form. docs/spec/rules.md.

import { Decimal } from "./decimal.js";
import type { Json } from "./json.js";
import { type Group, GROUPS } from "./rule_groups.js";
import { compareTexts, dayText, isDay, isUtc, type Joined, objectOf, type Said, textOf } from "./rule_records.js";
import type { Expression, RulePack, Selection, Test } from "./rule_packs.js";

const MOST_VALUES = 10_000;
const MOST_CHARACTERS = 250;
const DAY_MS = 86_400_000;
const KILOGRAMS: Record<string, Decimal> = {
  KGM: new Decimal(1n, 0),
  TNE: new Decimal(1000n, 0),
  GRM: new Decimal(1n, -3),
  LBR: new Decimal(45359237n, -8),
};

/** A value that the test needs is not there. */
class NotRun extends Error {}

type Value = Decimal | string | boolean | Json;
interface Place {
  record: string;
  path: string;
  value: Value;
  currency?: string;
}
type Operand = Value | Place[] | string[];

export interface Difference {
  name: string;
  severity: string;
  /** Sorted, as one text. */
  inputs: string;
  /** Declared, computed, delta, tolerance; empty where not said. */
  numbers: string[];
}

/** Whether a day is worked by a table; null beyond its data. */
export type WorkingDays = (day: string) => boolean | null;

/** What a rule finds in the records; it agrees, or is not run, where that is nothing. */
export function runRule(pack: RulePack, rule: string, joined: Joined, days: WorkingDays | null): Difference[] {
  return pack.forms[rule]!.flatMap((test) =>
    GROUPS[test.group]!(joined).flatMap((group) =>
      elementsOf(test, group).flatMap((element) => {
        try {
          return new Run(pack, test, days).find(group, element);
        } catch (error) {
          if (error instanceof NotRun) return [];
          throw error;
        }
      }),
    ),
  );
}

function elementsOf({ each }: Test, group: Group): (Place | null)[] {
  if (each === undefined) return [null];
  return (group[each.of] ?? []).flatMap((one) => walk(one, each.path.split(".")));
}

class Run {
  private readonly names = new Map<string, Operand>();
  private readonly chosen = new Map<string, Place[]>();

  constructor(
    private readonly pack: RulePack,
    private readonly test: Test,
    private readonly days: WorkingDays | null,
  ) {}

  find(group: Group, element: Place | null): Difference[] {
    const { test } = this;
    for (const [name, selection] of Object.entries(test.select)) {
      const places = select(selection, group, element);
      this.chosen.set(name, places);
      this.names.set(name, places);
    }
    const currencies = new Set([...this.chosen.values()].flat().flatMap(({ currency }) => currency || []));
    if (currencies.size > 1) throw new NotRun();
    for (const [name, expression] of test.let ?? []) this.names.set(name, this.evaluate(expression));
    if (test.when !== undefined && this.evaluate(test.when) !== true) return [];
    const inputs = test.inputs.flatMap((name) => this.chosen.get(name)!);
    if (this.evaluate(test.agree) === true) return [];
    const [declared, computed] = [this.evaluate(test.declared), this.evaluate(test.computed)];
    const isNumber = declared instanceof Decimal && computed instanceof Decimal;
    const tolerance = test.tolerance ?? "none";
    const numbers = [
      shown(declared),
      shown(computed),
      isNumber ? shown(declared.subtract(computed)) : "",
      typeof tolerance === "string" ? tolerance : shown(this.evaluate(tolerance)),
    ];
    const { name, severity } = test;
    return [{ name, severity, inputs: inputsText(inputs.map(inputOf)), numbers: numbers.map(asLine) }];
  }

  private evaluate(expression: Expression): Operand {
    if (typeof expression === "string") return this.names.get(expression)!;
    const [operator, ...parts] = expression as [string, ...Expression[]];
    const value = (place: number): Operand => this.evaluate(parts[place]!);
    switch (operator) {
      case "dec":
        return Decimal.parse(parts[0])!;
      case "text":
        return parts[0] as string;
      case "param":
        return Decimal.parse(this.pack.values[parts[0] as string])!;
      case "and":
        return parts.every((_, place) => value(place) === true);
      case "or":
        return parts.some((_, place) => value(place) === true);
      case "if":
        return value(value(0) === true ? 1 : 2);
      case "working_day":
        return this.workingDay(dayOf(value(0)));
    }
    return OPERATORS[operator]!(...(parts.map((part) => this.evaluate(part)) as never[]));
  }

  /** The day or the next working day. */
  private workingDay(day: number): string {
    for (let time = day; ; time += DAY_MS) {
      const text = dayText(time);
      const works = isDay(text) && this.days !== null ? this.days(text) : null;
      if (works === null) throw new NotRun();
      if (works) return text;
    }
  }
}

/** The time of a day at midnight UTC; ends the test for what is no day. */
function dayOf(text: Operand): number {
  if (typeof text !== "string" || !isDay(text)) throw new NotRun();
  return Date.parse(`${text}T00:00:00Z`);
}

function dayAt(time: number): string {
  const text = dayText(time);
  if (!isDay(text)) throw new NotRun();
  return text;
}

const numbersOf = (places: Place[]): Decimal[] => places.map(({ value }) => value as Decimal);
const least = (a: Decimal, b: Decimal): Decimal => (b.compare(a) < 0 ? b : a);
const most = (a: Decimal, b: Decimal): Decimal => (b.compare(a) > 0 ? b : a);
const add = (...values: Decimal[]): Decimal => values.reduce((sum, value) => sum.add(value), Decimal.of(0));

function isSame(a: Operand, b: Operand): boolean {
  if (a instanceof Decimal && b instanceof Decimal) return a.compare(b) === 0;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSame(item as Operand, b[i] as Operand));
  return a === b;
}

const OPERATORS: { [name: string]: (...values: never[]) => Operand } = {
  sum: (places: Place[]) => {
    if (places.length === 0) throw new NotRun();
    return add(...numbersOf(places));
  },
  count: (places: Place[]) => Decimal.of(places.length),
  one: (places: Place[]) => {
    const [first] = places;
    if (first === undefined || !places.every(({ value }) => isSame(value, first.value))) throw new NotRun();
    return first.value;
  },
  set: (places: Place[]) => [...new Set(places.map(({ value }) => value as string))].sort(compareTexts),
  least: (places: Place[]) => numbersOf(places).reduce(least),
  most: (places: Place[]) => numbersOf(places).reduce(most),
  without: (these: string[], those: string[]) => these.filter((one) => !those.includes(one)),
  add,
  sub: (a: Decimal, b: Decimal) => a.subtract(b),
  mul: (a: Decimal, b: Decimal) => a.multiply(b),
  abs: (a: Decimal) => a.abs(),
  min: (...values: Decimal[]) => values.reduce(least),
  max: (...values: Decimal[]) => values.reduce(most),
  round: (a: Decimal, digits: Decimal) => a.round(digits.toNumber()),
  le: (a: Decimal, b: Decimal) => a.compare(b) <= 0,
  lt: (a: Decimal, b: Decimal) => a.compare(b) < 0,
  eq: isSame,
  not: (a: boolean) => !a,
  prefix: (text: string, length: Decimal) => [...text].slice(0, length.toNumber()).join(""),
  is_digits: (text: string) => /^[0-9]+$/.test(text),
  length: (text: string) => Decimal.of([...text].length),
  days: (from: string, to: string) => Decimal.of((dayOf(to) - dayOf(from)) / DAY_MS),
  plus_days: (day: string, days: Decimal) => dayAt(dayOf(day) + days.toNumber() * DAY_MS),
  beijing_day: (utc: string) => {
    if (!isUtc(utc)) throw new NotRun();
    return dayAt(Date.parse(utc) + 8 * 3_600_000);
  },
};

/** A value as a finding says it. */
function shown(value: Operand): string {
  if (Array.isArray(value)) return value.map((item) => shown(item as Operand)).join(", ") || "–";
  return String(value);
}

/** Control and direction marks become spaces; cut, and without spaces at either end. */
function asLine(text: string): string {
  const line = text.replace(/[\0-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, " ");
  return [...line].slice(0, MOST_CHARACTERS).join("").trim();
}

const inputOf = ({ record, path, value }: Place): string[] => [record, asLine(path), asLine(shown(value))];

/** Inputs in any order as one text. */
export function inputsText(inputs: string[][]): string {
  return inputs
    .map((input) => JSON.stringify(input))
    .sort()
    .join();
}

function select({ of, path, as, all, optional }: Selection, group: Group, element: Place | null): Place[] {
  const parts = path.split(".");
  const places =
    of === "each"
      ? descend(element!.record, element!.path, element!.value as Json, parts)
      : (group[of] ?? []).flatMap((one) => walk(one, parts));
  const read = places.map((place) => READ[as]!(place));
  let values = read.filter((place): place is Place => place !== null);
  if (all && values.length !== read.length) values = [];
  if ((values.length === 0 && !optional) || values.length > MOST_VALUES) throw new NotRun();
  return values;
}

/** Every place in a record that a path leads to. */
function walk(one: Said, [section, ...rest]: string[]): Place[] {
  const values = one.sections.get(section!) ?? [];
  if (rest[0] !== "*") return descend(one.id, section!, values[0] ?? null, rest);
  const listed = values.length === 1 && Array.isArray(values[0]) ? values[0] : values;
  return listed.flatMap((inner, place) => descend(one.id, `${section}.${place}`, inner, rest.slice(1)));
}

function descend(record: string, path: string, holder: Json, [name, ...rest]: string[]): Place[] {
  if (name === undefined) return [{ record, path, value: holder }];
  if (name !== "*") return descend(record, `${path}.${name}`, objectOf(holder).get(name) ?? null, rest);
  const listed = Array.isArray(holder) ? holder : [];
  return listed.flatMap((inner, place) => descend(record, `${path}.${place}`, inner, rest));
}

const numberOf = ({ value }: Place): Decimal | null => Decimal.parse(objectOf(value as Json).get("value"));
const wordOf = ({ value }: Place, name: string): string => textOf(objectOf(value as Json), name);
const put = (place: Place, value: Value | null): Place | null => (value === null ? null : { ...place, value });

const READ: { [as: string]: (place: Place) => Place | null } = {
  kg: (place) => {
    const factor = KILOGRAMS[wordOf(place, "unit")];
    return factor === undefined ? null : put(place, numberOf(place)?.multiply(factor) ?? null);
  },
  money: (place) => put({ ...place, currency: wordOf(place, "currency") }, numberOf(place)),
  quantity: (place) => put(place, numberOf(place)),
  decimal: (place) => put(place, Decimal.parse(place.value)),
  integer: (place) => (typeof place.value === "number" ? put(place, Decimal.of(place.value)) : null),
  text: (place) => (typeof place.value === "string" && place.value !== "" ? place : null),
  any: (place) => put(place, place.value),
};
