// SM2 signatures with SM3 (GM/T 0003.2, 0003.5, 0004) under the usual signer's id. docs/spec/records.md, "Header".

import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { ascii, type Bytes, concat, toBigInt } from "./bytes.js";
import type { Verifier } from "./signatures.js";

const word = (hex: string): Bytes => Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
const FIELD = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";
const A = "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc";
const B = "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93";
const ORDER = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const GX = "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7";
const GY = "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
const number = (hex: string): bigint => BigInt(`0x${hex}`);
const Point = weierstrass({
  p: number(FIELD),
  n: number(ORDER),
  h: 1n,
  a: number(A),
  b: number(B),
  Gx: number(GX),
  Gy: number(GY),
});
/** ENTL, the signer's id, a, b, xG, yG. */
const IDENTITY = concat(Uint8Array.of(0, 128), ascii("1234567812345678"), word(A + B + GX + GY));

/** SM2 over `r || s`. Null: (x, y) is no key. */
export function sm2Verifier(x: Bytes, y: Bytes): Verifier | null {
  const order = number(ORDER);
  try {
    const key = Point.fromBytes(concat(Uint8Array.of(4), x, y));
    const identity = sm3(concat(IDENTITY, x, y));
    return (message, signature) => {
      const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32))];
      const t = (r + s) % order;
      if (signature.length !== 64 || r === 0n || s === 0n || r >= order || s >= order || t === 0n) return false;
      const sum = Point.BASE.multiplyUnsafe(s).add(key.multiplyUnsafe(t));
      return !sum.is0() && (toBigInt(sm3(concat(identity, message))) + sum.toAffine().x) % order === r;
    };
  } catch {
    return null; // noble tells by exceptions alone that bytes are no point of the curve
  }
}

const turn = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** The SM3 digest (GM/T 0004), 32 bytes. */
export function sm3(message: Bytes): Bytes {
  const padded = new Uint8Array(((message.length + 72) >> 6) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  const state = Uint32Array.of(
    0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
  );
  const w = new Uint32Array(68);
  for (let at = 0; at < padded.length; at += 64) {
    for (let j = 0; j < 16; j++) w[j] = view.getUint32(at + 4 * j);
    for (let j = 16; j < 68; j++) {
      const mixed = w[j - 16]! ^ w[j - 9]! ^ turn(w[j - 3]!, 15);
      w[j] = mixed ^ turn(mixed, 15) ^ turn(mixed, 23) ^ turn(w[j - 13]!, 7) ^ w[j - 6]!;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let j = 0; j < 64; j++) {
      const isFirst = j < 16;
      const ss1 = turn((turn(a, 12) + e + turn(isFirst ? 0x79cc4519 : 0x7a879d8a, j % 32)) | 0, 7);
      const ff = isFirst ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = isFirst ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ turn(a, 12)) + (w[j]! ^ w[j + 4]!)) | 0;
      const tt2 = (gg + h + ss1 + w[j]!) | 0;
      [d, c, b, a] = [c, turn(b, 9), a, tt1];
      [h, g, f, e] = [g, turn(f, 19), e, tt2 ^ turn(tt2, 9) ^ turn(tt2, 17)];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i]! ^= value));
  }
  const digest = new Uint8Array(32);
  state.forEach((value, i) => new DataView(digest.buffer).setUint32(4 * i, value));
  return digest;
}
