// The map of lanes and proofs of a group in it. docs/spec/index-map.md.

import type { HiddenPart } from "./bundle.js";
import { type Bytes, compareBytes, concat, isEqual, numberBytes } from "./bytes.js";
import { hash } from "./hashes.js";
import { nodeHash } from "./merkle.js";

const EMPTY = new Uint8Array(32);
const PREFIX_BITS = 64;

export interface LaneHead {
  /** 16 bytes: the group's prefix, then the issuer's half. */
  tag: Bytes;
  count: number;
  dropped: number;
  head: Bytes;
}

export interface GroupProof {
  prefix: Bytes;
  /** From the root downwards; null is an empty subtree. */
  siblings: (Bytes | null)[];
  lanes: LaneHead[];
  hidden: HiddenPart[];
  other: LaneHead | null;
}

const bitAt = (bytes: Bytes, i: number): number => (bytes[i >> 3]! >> (7 - (i & 7))) & 1;

function laneHash(lane: LaneHead): Bytes {
  return hash(Uint8Array.of(0), lane.tag, numberBytes(lane.count, 8), numberBytes(lane.dropped, 8), lane.head);
}

/** A leaf of a lane: entry digest || batch index. */
export const laneLeaf = (digest: Bytes, batch: number): Bytes => concat(digest, numberBytes(batch, 8));

/** What stands below depth 64 of a group: lanes, and parts that are not shown. */
interface Parts {
  lanes: LaneHead[];
  hidden: HiddenPart[];
}

/** The hash of a subtree whose tags agree in the first `depth` bits; null where something lies under a hidden part. */
function subtree({ lanes, hidden }: Parts, depth: number): Bytes | null {
  const whole = hidden.find(({ path }) => path.length === depth - PREFIX_BITS);
  if (whole !== undefined) return lanes.length + hidden.length === 1 && !isEqual(whole.hash, EMPTY) ? whole.hash : null;
  if (hidden.length === 0 && lanes.length === 0) return EMPTY;
  if (hidden.length === 0 && lanes.length === 1) return laneHash(lanes[0]!);
  const half = (bit: number): Parts => ({
    lanes: lanes.filter((lane) => bitAt(lane.tag, depth) === bit),
    hidden: hidden.filter(({ path }) => path[depth - PREFIX_BITS] === String(bit)),
  });
  const [left, right] = [subtree(half(0), depth + 1), subtree(half(1), depth + 1)];
  return left === null || right === null ? null : nodeHash(left, right);
}

/** The root that a proof leads to; null where the proof is of no true form. */
export function rootOf(proof: GroupProof): Bytes | null {
  const { prefix, siblings, lanes, hidden, other } = proof;
  if (siblings.length > PREFIX_BITS || siblings.at(-1) === null) return null;
  let node: Bytes = EMPTY;
  let depth = siblings.length;
  if (lanes.length + hidden.length > 0) {
    if (lanes.some((lane) => compareBytes(lane.tag.subarray(0, 8), prefix) !== 0)) return null;
    const isLone = lanes.length === 1 && hidden.length === 0;
    const top = isLone ? laneHash(lanes[0]!) : subtree({ lanes, hidden }, PREFIX_BITS);
    if (top === null) return null;
    node = top;
    if (!isLone) depth = PREFIX_BITS;
  } else if (other !== null) {
    const shared = Array.from({ length: depth }, (_, i) => i).every((i) => bitAt(other.tag, i) === bitAt(prefix, i));
    if (!shared || compareBytes(other.tag.subarray(0, 8), prefix) === 0) return null;
    node = laneHash(other);
  }
  for (let i = depth - 1; i >= 0; i--) {
    const sibling = siblings[i] ?? EMPTY;
    node = bitAt(prefix, i) === 0 ? nodeHash(node, sibling) : nodeHash(sibling, node);
  }
  return node;
}

/** Whether a tag lies under a hidden part, given by its bits behind the prefix. */
export function isHidden(hidden: HiddenPart[], half: Bytes): boolean {
  return hidden.some(({ path }) => [...path].every((bit, i) => bitAt(half, i) === Number(bit)));
}
