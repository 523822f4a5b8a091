// Keys and signatures of records, receipts and seals. docs/spec/records.md, "Header"; docs/spec/headers.md.

import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { type Bytes, concat, fromLittleEndian, isEqual, toBigInt, toHex } from "./bytes.js";
import { ED25519, P256, SECP256K1 } from "./curves.js";
import { hash, hash512, keccak } from "./hashes.js";

export type EdwardsPoint = InstanceType<typeof ED25519>;
export const EDWARDS_ORDER = ED25519.Fn.ORDER;
export const EDWARDS_BASE = ED25519.BASE;

/** A point by its canonical encoding (y < p), or null. */
export function decodeEdwards(bytes: Bytes): EdwardsPoint | null {
  try {
    return ED25519.fromBytes(bytes, false);
  } catch {
    return null; // noble tells by exceptions alone that bytes are no canonical encoding of a point
  }
}

const MOST_KNOWN = 1000;
/** Points by their encodings: a tag key is asked for once a group, and its order costs as much as a signature. */
const known = new Map<string, EdwardsPoint | null>();

/** A point of the prime subgroup but the neutral one, or null. */
export function decodePrimeOrder(bytes: Bytes): EdwardsPoint | null {
  const name = toHex(bytes);
  if (!known.has(name)) {
    const point = decodeEdwards(bytes);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, point !== null && !point.is0() && point.isTorsionFree() ? point : null);
  }
  return known.get(name)!;
}

/** [a]P - [b]Q, of points of the prime subgroup and public numbers. */
export function multiplyDifference(p: EdwardsPoint, a: bigint, q: EdwardsPoint, b: bigint): EdwardsPoint {
  return mulAddUnsafe(ED25519, [p, q], [a, ED25519.Fn.neg(b)]);
}

/** Checks signatures under one key; made once a key, because its point is costly to check. */
export type Verifier = (message: Bytes, signature: Bytes) => boolean;

/** The equation without the cofactor: R is, byte by byte, the encoding of [S]B - [k]A. Null: the key is refused. */
export function ed25519Verifier(key: Bytes): Verifier | null {
  const point = decodePrimeOrder(key);
  if (point === null) return null;
  return (message, signature) => {
    const r = signature.subarray(0, 32);
    const s = fromLittleEndian(signature.subarray(32));
    if (signature.length !== 64 || s >= EDWARDS_ORDER) return false;
    const k = fromLittleEndian(hash512(r, key, message)) % EDWARDS_ORDER;
    const computed = multiplyDifference(EDWARDS_BASE, s, point, k);
    return isEqual(computed.toBytes(), r);
  };
}

type WeierstrassPoint = InstanceType<typeof P256>;

/** A point of a curve by its encoding (SEC 1, 2.3.4), never that at infinity, or null. */
function decodePoint(curve: typeof P256, bytes: Bytes): WeierstrassPoint | null {
  try {
    const point = curve.fromBytes(bytes);
    return point.is0() ? null : point;
  } catch {
    return null; // noble tells by exceptions alone that bytes are no encoding of a point
  }
}

/** ECDSA on P-256 with SHA-256 over `r || s` (FIPS 186-5, 6.4.2); both twins are right. Null: (x, y) is no key. */
export function p256Verifier(x: Bytes, y: Bytes): Verifier | null {
  const key = decodePoint(P256, concat(Uint8Array.of(4), x, y));
  if (key === null) return null;
  const { Fn } = P256;
  return (message, signature) => {
    const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32))];
    if (signature.length !== 64 || !Fn.isValidNot0(r) || !Fn.isValidNot0(s)) return false;
    const inverse = Fn.inv(s);
    const e = Fn.create(toBigInt(hash(message)));
    const point = P256.BASE.mulAddUnsafe(Fn.mul(e, inverse), key, Fn.mul(r, inverse));
    return !point.is0() && Fn.create(point.toAffine().x) === r;
  };
}

/**
 * The address whose key made the seal `r || s || v` over a hash (SEC 1, 4.1.6); null where it is none, or `s` is the
 * higher twin.
 */
export function sealSigner(sealHash: Bytes, seal: Bytes): Bytes | null {
  const { Fn } = SECP256K1;
  const [r, s, v] = [toBigInt(seal.subarray(0, 32)), toBigInt(seal.subarray(32, 64)), seal[64]];
  if (seal.length !== 65 || (v !== 0 && v !== 1) || !Fn.isValidNot0(r) || !Fn.isValidNot0(s)) return null;
  const point = s > Fn.ORDER / 2n ? null : decodePoint(SECP256K1, concat(Uint8Array.of(2 + v), seal.subarray(0, 32)));
  if (point === null) return null;
  const inverse = Fn.inv(r);
  const e = Fn.create(toBigInt(sealHash));
  const key = SECP256K1.BASE.mulAddUnsafe(Fn.mul(Fn.neg(e), inverse), point, Fn.mul(s, inverse));
  return key.is0() ? null : keccak(key.toBytes(false).subarray(1)).subarray(12);
}
