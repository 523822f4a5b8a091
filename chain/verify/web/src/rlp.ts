// Recursive length prefix of Ethereum, read strictly: shortest forms only, nothing after the item.

import { type Bytes, concat, numberBytes, toBigInt } from "./bytes.js";
import { Malformed } from "./errors.js";

export type Item = Bytes | Item[];

const MOST_LEVELS = 16;

class Decoder {
  private at = 0;

  constructor(private readonly bytes: Bytes) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  item(level: number): Item {
    const first = this.bytes[this.at++];
    if (first === undefined) throw new Malformed("rlp", "ends too early");
    if (first < 0x80) return Uint8Array.of(first);
    const isList = first >= 0xc0;
    const base = isList ? 0xc0 : 0x80;
    const size = first - base > 55 ? this.longSize(first - base - 55) : first - base;
    const payload = this.take(size);
    if (!isList) {
      if (size === 1 && payload[0]! < 0x80) throw new Malformed("rlp", "is not in its shortest form");
      return payload;
    }
    if (level >= MOST_LEVELS) throw new Malformed("rlp", "is too deep");
    const items: Item[] = [];
    for (const inner = new Decoder(payload); !inner.isAtEnd;) items.push(inner.item(level + 1));
    return items;
  }

  private longSize(digits: number): number {
    const size = this.take(digits);
    const value = toBigInt(size);
    if (size[0] === 0 || value < 56n) throw new Malformed("rlp", "is not in its shortest form");
    if (value > BigInt(this.bytes.length)) throw new Malformed("rlp", "ends too early");
    return Number(value);
  }

  private take(size: number): Bytes {
    if (this.at + size > this.bytes.length) throw new Malformed("rlp", "ends too early");
    return this.bytes.subarray(this.at, (this.at += size));
  }
}

/** Raises Malformed for anything but exactly one item in its shortest form. */
export function decodeRlp(bytes: Bytes): Item {
  const decoder = new Decoder(bytes);
  const item = decoder.item(0);
  if (!decoder.isAtEnd) throw new Malformed("rlp", "something follows the item");
  return item;
}

export function encodeRlp(item: Item): Bytes {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0]! < 0x80 ? item : concat(prefix(0x80, item.length), item);
  }
  const payload = concat(...item.map(encodeRlp));
  return concat(prefix(0xc0, payload.length), payload);
}

function prefix(base: number, size: number): Bytes {
  if (size < 56) return Uint8Array.of(base + size);
  const digits = Math.ceil(size.toString(16).length / 2);
  return concat(Uint8Array.of(base + 55 + digits), numberBytes(size, digits));
}

/** An unsigned number in its shortest form: no leading zero byte, zero is the empty string. */
export function readNumber(item: Item, field: string, most: number): number {
  const bytes = readString(item, field);
  if (bytes[0] === 0 || bytes.length > 8) throw new Malformed(field, "must be a number in its shortest form");
  const value = toBigInt(bytes);
  if (value > BigInt(most)) throw new Malformed(field, `must be at most ${most}`);
  return Number(value);
}

export function readString(item: Item | undefined, field: string, size?: number): Bytes {
  if (!(item instanceof Uint8Array)) throw new Malformed(field, "must be a string");
  if (size !== undefined && item.length !== size) throw new Malformed(field, `must have ${size} bytes`);
  return item;
}
