// The hashes of the formats, each by its name on the pages of docs/spec.

import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Bytes, concat } from "./bytes.js";

export const hash = (...parts: Bytes[]): Bytes => sha256(concat(...parts));
export const hash512 = (...parts: Bytes[]): Bytes => sha512(concat(...parts));
export const keccak = (...parts: Bytes[]): Bytes => keccak_256(concat(...parts));
