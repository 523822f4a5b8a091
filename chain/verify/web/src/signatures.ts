// Keys and signatures of records, receipts and seals. docs/spec/records.md, "Header"; docs/spec/headers.md.

import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Bytes, concat, fromLittleEndian, isEqual, toBigInt } from "./bytes.js";
import { hash, hash512, keccak } from "./hashes.js";

export type EdwardsPoint = InstanceType<typeof ed25519.Point>;
export const EDWARDS_ORDER = ed25519.Point.Fn.ORDER;
export const EDWARDS_BASE = ed25519.Point.BASE;

/** A point by its canonical encoding (y < p), or null. */
export function decodeEdwards(bytes: Bytes): EdwardsPoint | null {
  try {
    return ed25519.Point.fromBytes(bytes, false);
  } catch {
    return null; // noble tells by exceptions alone that bytes are no canonical encoding of a point
  }
}

/** A point of the prime subgroup but the neutral one, or null. */
export function decodePrimeOrder(bytes: Bytes): EdwardsPoint | null {
  const point = decodeEdwards(bytes);
  return point !== null && !point.is0() && point.isTorsionFree() ? point : null;
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
    const computed = EDWARDS_BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
    return isEqual(computed.toBytes(), r);
  };
}

/** ECDSA on P-256 with SHA-256 over `r || s`; both twins of a signature are right. Null: (x, y) is no key. */
export function p256Verifier(x: Bytes, y: Bytes): Verifier | null {
  const key = concat(Uint8Array.of(4), x, y);
  if (!p256.utils.isValidPublicKey(key, false)) return null;
  const order = p256.Point.Fn.ORDER;
  return (message, signature) => {
    const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32))];
    if (signature.length !== 64 || r === 0n || s === 0n || r >= order || s >= order) return false;
    return p256.verify(signature, hash(message), key, { prehash: false, lowS: false, format: "compact" });
  };
}

/** The address whose key made the seal `r || s || v` over a hash; null where it is none, or `s` is the higher twin. */
export function sealSigner(sealHash: Bytes, seal: Bytes): Bytes | null {
  const v = seal[64];
  const s = toBigInt(seal.subarray(32, 64));
  if (seal.length !== 65 || (v !== 0 && v !== 1) || s > secp256k1.Point.Fn.ORDER / 2n) return null;
  try {
    const compressed = secp256k1.recoverPublicKey(concat(seal.subarray(64), seal.subarray(0, 64)), sealHash, {
      prehash: false,
    });
    return keccak(secp256k1.Point.fromBytes(compressed).toBytes(false).subarray(1)).subarray(12);
  } catch {
    return null; // noble tells by exceptions alone that no key made this seal
  }
}
