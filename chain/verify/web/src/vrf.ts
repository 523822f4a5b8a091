// ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381, checking only. docs/spec/batches.md, "Entries".

import { type Bytes, concat, fromLittleEndian, isEqual, numberBytes } from "./bytes.js";
import { hash, hash512 } from "./hashes.js";
import { decodeEdwards, decodePrimeOrder, EDWARDS_BASE, EDWARDS_ORDER, type EdwardsPoint, multiplyDifference } from "./signatures.js";

const SUITE = Uint8Array.of(3);
const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const ZERO = Uint8Array.of(0);

/** A proof of 80 bytes, gamma || c || s, whose gamma is a point of the prime subgroup. */
export class VrfProof {
  private computed: Bytes | null = null;

  private constructor(
    readonly bytes: Bytes,
    private readonly gamma: EdwardsPoint,
  ) {}

  /** Null where the bytes do not begin with a point of prime order. */
  static parse(bytes: Bytes): VrfProof | null {
    const gamma = bytes.length === 80 ? decodePrimeOrder(bytes.subarray(0, 32)) : null;
    return gamma === null ? null : new VrfProof(bytes, gamma);
  }

  /** y, the output (64 bytes): it follows from gamma alone. */
  output(): Bytes {
    return (this.computed ??= hash512(SUITE, Uint8Array.of(3), this.gamma.clearCofactor().toBytes(), ZERO));
  }

  /** The 8 bytes with which all tags of this name begin. */
  prefix(purpose: string): Bytes {
    return (purpose === "invoice" ? this.numberTag() : hash(Uint8Array.of(3), this.output())).subarray(0, 8);
  }

  /** The tag under which all uses of a number stand. */
  numberTag(): Bytes {
    return hash(Uint8Array.of(4), this.output()).subarray(0, 16);
  }

  /** RFC 9381 section 5.3; also refused: a key outside the prime subgroup, c = 0 and s = 0. */
  verify(key: Bytes, input: Bytes): boolean {
    const y = decodePrimeOrder(key);
    const c = fromLittleEndian(this.bytes.subarray(32, 48));
    const s = fromLittleEndian(this.bytes.subarray(48));
    if (y === null || c === 0n || s === 0n || s >= EDWARDS_ORDER) return false;
    const h = encodeToCurve(key, input);
    const u = multiplyDifference(EDWARDS_BASE, s, y, c);
    const v = multiplyDifference(h, s, this.gamma, c);
    const points = [h, this.gamma, u, v].map((point) => point.toBytes());
    const challenge = hash512(SUITE, TWO, key, ...points, ZERO).subarray(0, 16);
    return isEqual(challenge, this.bytes.subarray(32, 48));
  }
}

/** RFC 9381 section 5.4.1.1, try and increment, with the public key as salt. */
function encodeToCurve(key: Bytes, input: Bytes): EdwardsPoint {
  for (let counter = 0; counter < 256; counter++) {
    const candidate = hash512(SUITE, ONE, key, input, numberBytes(counter, 1), ZERO).subarray(0, 32);
    const point = decodeEdwards(candidate)?.clearCofactor();
    if (point !== undefined && !point.is0()) return point;
  }
  throw new RangeError("no counter of one byte leads to a point");
}

/** What the VRF is asked: purpose || 00 || name; of a number purpose || 00 || maker || 00 || number. */
export function vrfInput(purpose: string, name: string): Bytes {
  const text = new TextEncoder();
  const parts = purpose === "invoice" ? [name.slice(0, 18), name.slice(19)] : [name];
  return concat(text.encode(purpose), ...parts.flatMap((part) => [ZERO, text.encode(part)]));
}
