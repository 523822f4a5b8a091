// Bytes and their texts: hex, base64url, numbers as bytes. docs/spec/README.md, "Notation".

import { Malformed } from "./errors.js";

export type Bytes = Uint8Array;

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGIT_OF = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) DIGIT_OF[ALPHABET.charCodeAt(i)] = i;

/** Lower-case hex without a prefix. */
export function toHex(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The bytes of lower-case hex; `size` in bytes, or any. Raises Malformed. */
export function fromHex(text: string, field: string, size?: number): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (size !== undefined && text.length !== 2 * size)) {
    throw new Malformed(field, `must be ${size === undefined ? "" : `${2 * size} `}lowercase hex digits`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** The bytes of hex that begins with 0x. */
export function fromPrefixedHex(text: string, field: string, size: number): Bytes {
  if (!text.startsWith("0x")) throw new Malformed(field, "must begin with 0x");
  return fromHex(text.slice(2), field, size);
}

/** base64url without padding, RFC 4648 section 5. */
export function toBase64url(bytes: Bytes): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i]!, bytes[i + 1], bytes[i + 2]];
    text += ALPHABET[a >> 2]! + ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]!;
    if (b !== undefined) text += ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)]!;
    if (c !== undefined) text += ALPHABET[c & 63]!;
  }
  return text;
}

/** The bytes of canonical base64url without padding: unused low bits of the last character are zero. */
export function fromBase64url(text: string, field: string, size?: number): Bytes {
  const rest = text.length % 4;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  let isCanonical = rest !== 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? DIGIT_OF[code]! : -1;
    if (digit < 0) isCanonical = false;
    held = ((held << 6) | (digit & 63)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
    }
  }
  if (!isCanonical || (held & ((1 << bits) - 1)) !== 0) {
    throw new Malformed(field, "is not canonical base64url without padding");
  }
  if (size !== undefined && bytes.length !== size) throw new Malformed(field, `must have ${size} bytes`);
  return bytes;
}

export function concat(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function isEqual(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Below zero where `a` comes before `b`, byte by byte; a beginning comes before what goes on. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Below zero where `a` comes before `b` by code units, which is by bytes for ASCII. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function ascii(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) throw new Malformed("text", "must be ASCII");
    bytes[i] = code;
  }
  return bytes;
}

/** An unsigned number, big-endian, in `size` bytes. */
export function numberBytes(value: number | bigint, size: number): Bytes {
  const bytes = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** A word: 32 bytes, big-endian. */
export const word = (value: number | bigint): Bytes => numberBytes(value, 32);

export const padLeft = (bytes: Bytes, size = 32): Bytes => concat(new Uint8Array(size - bytes.length), bytes);
export const padRight = (bytes: Bytes, size = 32): Bytes => concat(bytes, new Uint8Array(size - bytes.length));

export function toBigInt(bytes: Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** Little-endian, as RFC 8032 writes numbers. */
export function fromLittleEndian(bytes: Bytes): bigint {
  return toBigInt(Uint8Array.from(bytes).reverse());
}
