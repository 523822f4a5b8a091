// Block headers and the seals of validators (QBFT). docs/spec/headers.md.

import { type Bytes, compareBytes, isEqual, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { keccak } from "./hashes.js";
import { decodeRlp, encodeRlp, type Item, readNumber, readString } from "./rlp.js";
import { sealSigner } from "./signatures.js";

const MIX_HASH = "63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
const MOST_NUMBER = 2 ** 40 - 1;
/** Bytes of each field by its place: null of a number, 0 of any. */
const SIZES = [32, 32, 20, 32, 32, 32, 256, null, null, null, null, null, 0, 32, 8, null, 32, null, null, 32, 32];
const WIDE_NUMBERS = [7, 15];
const FIELDS = { stateRoot: 3, number: 8, timestamp: 11, extraData: 12, mixHash: 13 };

export interface Header {
  number: number;
  timestamp: number;
  stateRoot: Bytes;
  mixHash: Bytes;
  validators: Bytes[];
  seals: Bytes[];
  /** Known by what validators sign: the header with its round and no seals. */
  sealHash: Bytes;
  /** Known to the chain: the header with round 0 and no seals. */
  blockHash: Bytes;
}

/** Raises Malformed. */
export function parseHeader(bytes: Bytes): Header {
  const fields = decodeRlp(bytes);
  if (!Array.isArray(fields) || fields.length < 15 || fields.length > SIZES.length) {
    throw new Malformed("header", `must be a list of 15 to ${SIZES.length} strings`);
  }
  fields.forEach((field, i) => {
    const size = SIZES[i];
    const bytes = readString(field, `header[${i}]`, size || undefined);
    if (size === null && (bytes[0] === 0 || bytes.length > (WIDE_NUMBERS.includes(i) ? 32 : 8)))
      throw new Malformed(`header[${i}]`, "must be a number in its shortest form");
  });
  const extra = decodeRlp(readString(fields[FIELDS.extraData], "header.extraData"));
  if (!Array.isArray(extra) || extra.length !== 5) throw new Malformed("header.extraData", "must have five items");
  const [vanity, validators, vote, round, seals] = extra as [Item, Item, Item, Item, Item];
  readString(vanity, "header.vanity", 32);
  if (!Array.isArray(validators) || !Array.isArray(seals))
    throw new Malformed("header.extraData", "must hold two lists");
  readNumber(round, "header.round", 2 ** 32 - 1);
  const hashWith = (shownRound: Item): Bytes => {
    const changed = [...fields];
    changed[FIELDS.extraData] = encodeRlp([vanity, validators, vote, shownRound, []]);
    return keccak(encodeRlp(changed));
  };
  return {
    number: readNumber(fields[FIELDS.number]!, "header.number", MOST_NUMBER),
    timestamp: readNumber(fields[FIELDS.timestamp]!, "header.timestamp", MOST_NUMBER),
    stateRoot: readString(fields[FIELDS.stateRoot], "header.stateRoot", 32),
    mixHash: readString(fields[FIELDS.mixHash], "header.mixHash", 32),
    validators: validators.map((validator) => readString(validator, "header.validator", 20)),
    seals: seals.map((seal) => readString(seal, "header.seal", 65)),
    sealHash: hashWith(round),
    blockHash: hashWith(new Uint8Array(0)),
  };
}

/** Why these seals are not exactly a quorum of the expected validators (ascending); null where they are. */
export function sealFault(header: Header, expected: Bytes[]): string | null {
  if (toHex(header.mixHash) !== MIX_HASH) return "mixHash is not that of a sealed header";
  const listed = header.validators;
  if (listed.length !== expected.length || !listed.every((validator, i) => isEqual(validator, expected[i]!))) {
    return "the header's validators are not those of the trust root";
  }
  const quorum = Math.ceil((2 * expected.length) / 3);
  if (header.seals.length !== quorum)
    return `a bundle carries exactly ${quorum} seals, this has ${header.seals.length}`;
  let before: Bytes | null = null;
  for (const seal of header.seals) {
    const signer = sealSigner(header.sealHash, seal);
    if (signer === null) return "a seal is no signature, or has the higher s";
    if (!expected.some((validator) => isEqual(validator, signer))) return `an outsider sealed: 0x${toHex(signer)}`;
    if (before !== null && compareBytes(before, signer) >= 0) return "seals are not by ascending signer, none twice";
    before = signer;
  }
  return null;
}
