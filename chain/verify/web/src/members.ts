// Members of JSON objects by name, type and bounds.

import { type Bytes, fromBase64url, fromHex, fromPrefixedHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import type { Json, JsonObject } from "./json.js";

/** Items of a list, least and most. */
export interface Bounds {
  least?: number;
  most: number;
}

/** The members of an object, each read by its type; Malformed tells which one is of another. */
export class Members extends Map<string, Json> {
  constructor(
    members: JsonObject,
    private readonly field: string,
  ) {
    super(members);
  }

  private at(name: string): string {
    return `${this.field}.${name}`;
  }

  number(name: string, least: number, most: number): number {
    return readNumber(this.get(name), this.at(name), least, most);
  }

  text(name: string, form: RegExp): string {
    return readText(this.get(name), this.at(name), form);
  }

  flag(name: string): boolean {
    return readFlag(this.get(name), this.at(name));
  }

  thumbprint(name: string): string {
    return readThumbprint(this.get(name), this.at(name));
  }

  hash(name: string): Bytes {
    return readHash(this.get(name), this.at(name));
  }

  hex(name: string, size: number): Bytes {
    return readHex(this.get(name), this.at(name), size);
  }

  prefixed(name: string, size: number): Bytes {
    return readPrefixed(this.get(name), this.at(name), size);
  }

  bytes(name: string, most: number): Bytes {
    return readBytes(this.get(name), this.at(name), most);
  }

  list<T>(name: string, bounds: Bounds, read: (item: Json, field: string) => T): T[] {
    return readList(this.get(name), this.at(name), bounds, read);
  }
}

/** The members of an object that has exactly these names, in any order. */
export function readMembers(value: Json | undefined, field: string, names: string[]): Members {
  if (!(value instanceof Map)) throw new Malformed(field, "must be an object");
  for (const name of value.keys())
    if (!names.includes(name)) throw new Malformed(field, `has an unknown member ${name}`);
  for (const name of names) if (!value.has(name)) throw new Malformed(field, `lacks the member ${name}`);
  return new Members(value, field);
}

/** As readMembers, and in exactly this order. */
export function readOrdered(value: Json | undefined, field: string, names: string[]): Members {
  const members = readMembers(value, field, names);
  if ([...members.keys()].some((name, i) => name !== names[i])) {
    throw new Malformed(field, "has its members in another order");
  }
  return members;
}

export function readText(value: Json | undefined, field: string, pattern: RegExp): string {
  if (typeof value !== "string" || !pattern.test(value))
    throw new Malformed(field, `must be a text of the form ${pattern.source}`);
  return value;
}

export function readNumber(value: Json | undefined, field: string, least: number, most: number): number {
  if (typeof value !== "number" || value < least || value > most) {
    throw new Malformed(field, `must be a whole number from ${least} to ${most}`);
  }
  return value;
}

export function readFlag(value: Json | undefined, field: string): boolean {
  if (typeof value !== "boolean") throw new Malformed(field, "must be true or false");
  return value;
}

export function readList<T>(
  value: Json | undefined,
  field: string,
  bounds: Bounds,
  read: (item: Json, field: string) => T,
): T[] {
  const least = bounds.least ?? 0;
  if (!Array.isArray(value) || value.length < least || value.length > bounds.most) {
    throw new Malformed(field, `must be an array of ${least} to ${bounds.most} items`);
  }
  return value.map((item, i) => read(item, `${field}[${i}]`));
}

/** Base64url of 32 bytes, kept as its text. */
export function readThumbprint(value: Json | undefined, field: string): string {
  readHash(value, field);
  return value as string;
}

export function readHash(value: Json | undefined, field: string): Bytes {
  if (typeof value !== "string") throw new Malformed(field, "must be a text");
  return fromBase64url(value, field, 32);
}

export function readHex(value: Json | undefined, field: string, size: number): Bytes {
  return fromHex(readText(value, field, /./), field, size);
}

export function readPrefixed(value: Json | undefined, field: string, size: number): Bytes {
  return fromPrefixedHex(readText(value, field, /./), field, size);
}

export function readBytes(value: Json | undefined, field: string, most: number): Bytes {
  if (typeof value !== "string") throw new Malformed(field, "must be a text");
  const bytes = fromBase64url(value, field);
  if (bytes.length > most) throw new Malformed(field, `has at most ${most} bytes`);
  return bytes;
}

/** Each item comes after the one before it, none twice. */
export function refuseDisorder<T>(items: T[], field: string, compare: (a: T, b: T) => number): void {
  for (let i = 1; i < items.length; i++) {
    if (compare(items[i - 1]!, items[i]!) >= 0) {
      throw new Malformed(`${field}[${i}]`, "must come after the one before it, none twice");
    }
  }
}
