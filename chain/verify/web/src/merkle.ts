// Merkle trees of RFC 9162 section 2.1 with SHA-256. docs/spec/batches.md, "Merkle trees".

import { type Bytes, isEqual } from "./bytes.js";
import { hash } from "./hashes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (leaf: Bytes): Bytes => hash(LEAF, leaf);
export const nodeHash = (left: Bytes, right: Bytes): Bytes => hash(NODE, left, right);

/** The root over leaves in their order; of no leaves it is SHA-256 of nothing. */
export function treeRoot(leaves: Bytes[]): Bytes {
  if (leaves.length === 0) return hash();
  let level = leaves.map(leafHash);
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1];
      above.push(right === undefined ? level[i]! : nodeHash(level[i]!, right));
    }
    level = above;
  }
  return level[0]!;
}

/** RFC 9162 section 2.1.3.2: whether the leaf stands at `index` of the tree of `size` leaves with this root. */
export function isIncluded(leaf: Bytes, index: number, size: number, path: Bytes[], root: Bytes): boolean {
  if (index >= size) return false;
  let place = index;
  let last = size - 1;
  let computed = leafHash(leaf);
  for (const sibling of path) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      computed = nodeHash(sibling, computed);
      while (place % 2 === 0 && place !== 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      computed = nodeHash(computed, sibling);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && isEqual(computed, root);
}
