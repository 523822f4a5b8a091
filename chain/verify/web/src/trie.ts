// Merkle-Patricia proofs of EIP-1186 over one set of nodes. docs/spec/storage.md, "Storage proofs".

import { type Bytes, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { keccak } from "./hashes.js";
import { decodeRlp, type Item, readString } from "./rlp.js";

const EMPTY_TRIE = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

export interface Account {
  storageRoot: Bytes;
  codeHash: Bytes;
}

/** The trie nodes of a bundle, each known by its keccak-256. */
export class NodeSet {
  private readonly nodes = new Map<string, { bytes: Bytes; item: Item | null; isUsed: boolean }>();

  constructor(nodes: Bytes[]) {
    for (const bytes of nodes) this.nodes.set(toHex(keccak(bytes)), { bytes, item: null, isUsed: false });
  }

  /** How many nodes no proof has passed. */
  get spare(): number {
    return [...this.nodes.values()].filter((node) => !node.isUsed).length;
  }

  /** The value under a key in the trie of this root; null where the nodes prove that there is none. Raises Malformed. */
  find(root: Bytes, key: Bytes): Bytes | null {
    if (toHex(root) === EMPTY_TRIE) return null;
    const path = nibbles(keccak(key));
    let node = this.node(root);
    let depth = 0;
    for (;;) {
      if (!Array.isArray(node)) throw new Malformed("node", "must be a list");
      let next: Item;
      if (node.length === 17) {
        if (depth === path.length) throw new Malformed("node", "no key of 32 bytes ends in a branch");
        next = node[path[depth++]!]!;
      } else {
        const { rest, isLeaf } = hexPrefix(node);
        if (!rest.every((nibble, i) => nibble === path[depth + i])) return null;
        depth += rest.length;
        if (isLeaf) return depth === path.length ? readString(node[1], "node.value") : null;
        next = node[1]!;
      }
      if (next instanceof Uint8Array && next.length === 0) return null;
      node = next instanceof Uint8Array ? this.node(next) : next;
    }
  }

  /** Null where the nodes prove that there is none. */
  account(stateRoot: Bytes, address: Bytes): Account | null {
    const value = this.find(stateRoot, address);
    if (value === null) return null;
    const fields = decodeRlp(value);
    if (!Array.isArray(fields) || fields.length !== 4) throw new Malformed("account", "must have four fields");
    return {
      storageRoot: readString(fields[2], "account.storage", 32),
      codeHash: readString(fields[3], "account.code", 32),
    };
  }

  private node(reference: Bytes): Item {
    if (reference.length !== 32) throw new Malformed("node", "a reference has 32 bytes");
    const node = this.nodes.get(toHex(reference));
    if (node === undefined) throw new Malformed("node", `is missing (${toHex(reference)})`);
    node.isUsed = true;
    node.item ??= decodeRlp(node.bytes);
    return node.item;
  }
}

function nibbles(bytes: Bytes): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** The path of a leaf or an extension, and which of the two it is. */
function hexPrefix(node: Item[]): { rest: number[]; isLeaf: boolean } {
  if (node.length !== 2) throw new Malformed("node", "must have 2 or 17 items");
  const [flag, ...rest] = nibbles(readString(node[0], "node.path"));
  const isOdd = flag === 1 || flag === 3;
  if (flag === undefined || flag > 3 || (!isOdd && rest.shift() !== 0))
    throw new Malformed("node.path", "has no such flag");
  return { rest, isLeaf: flag >= 2 };
}

/** One contract's storage under a state root. Each word is looked up once. */
export class Storage {
  private readonly words = new Map<bigint, bigint>();

  constructor(
    private readonly nodes: NodeSet,
    private readonly root: Bytes,
  ) {}

  /** The word at a slot; zero where the nodes prove that there is none. Raises Malformed. */
  word(slot: bigint): bigint {
    const known = this.words.get(slot);
    if (known !== undefined) return known;
    const value = this.nodes.find(this.root, slotKey(slot));
    const word = value === null ? 0n : readWord(value);
    this.words.set(slot, word);
    return word;
  }
}

function slotKey(slot: bigint): Bytes {
  const key = new Uint8Array(32);
  for (let i = 31, rest = slot; i >= 0; i--, rest >>= 8n) key[i] = Number(rest & 255n);
  return key;
}

function readWord(value: Bytes): bigint {
  const bytes = readString(decodeRlp(value), "word");
  if (bytes.length > 32 || bytes.length === 0 || bytes[0] === 0)
    throw new Malformed("word", "must be 1 to 32 bytes without leading zeros");
  return BigInt(`0x${toHex(bytes)}`);
}
