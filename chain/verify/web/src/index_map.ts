// The map of lanes and proofs of a group in it. docs/spec/index-map.md.

import { type Bytes, compareBytes, concat, numberBytes } from "./bytes.js";
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
  other: LaneHead | null;
}

const bitAt = (bytes: Bytes, i: number): number => (bytes[i >> 3]! >> (7 - (i & 7))) & 1;

function laneHash(lane: LaneHead): Bytes {
  return hash(Uint8Array.of(0), lane.tag, numberBytes(lane.count, 8), numberBytes(lane.dropped, 8), lane.head);
}

/** A leaf of a lane: entry digest || batch index. */
export const laneLeaf = (digest: Bytes, batch: number): Bytes => concat(digest, numberBytes(batch, 8));

function subtree(lanes: LaneHead[], depth: number): Bytes {
  if (lanes.length === 0) return EMPTY;
  if (lanes.length === 1) return laneHash(lanes[0]!);
  const [left, right]: [LaneHead[], LaneHead[]] = [[], []];
  for (const lane of lanes) (bitAt(lane.tag, depth) === 0 ? left : right).push(lane);
  return nodeHash(subtree(left, depth + 1), subtree(right, depth + 1));
}

/** The root that a proof leads to; null where the proof is of no true form. */
export function rootOf(proof: GroupProof): Bytes | null {
  const { prefix, siblings, lanes, other } = proof;
  if (siblings.length > PREFIX_BITS || siblings.at(-1) === null) return null;
  let node: Bytes = EMPTY;
  let depth = siblings.length;
  if (lanes.length > 0) {
    if (lanes.some((lane) => compareBytes(lane.tag.subarray(0, 8), prefix) !== 0)) return null;
    node = lanes.length === 1 ? laneHash(lanes[0]!) : subtree(lanes, PREFIX_BITS);
    if (lanes.length > 1) depth = PREFIX_BITS;
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
