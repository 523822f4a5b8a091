// What a verifier believes beforehand. docs/spec/trust-root.md.

import { type Bytes, compareBytes, fromHex, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import { decodeUtf8, formatJson, type Json, type JsonObject, parseJson } from "./json.js";
import { readPolicy, type WitnessPolicy } from "./notes.js";
import { type Members, readList, readMembers, readNumber, readPrefixed, readText, refuseDisorder } from "./members.js";

const MOST_BYTES = 2 ** 20;
const MOST_BLOCK = 2 ** 40 - 1;
const MEMBERS = [
  "format",
  "consortium",
  "chain_id",
  "genesis_hash",
  "contracts",
  "validators",
  "least_votes",
  "independent_validators",
  "independent_attesters",
  "predecessor",
];
interface Range {
  from: number;
  to: number | null;
}

export interface ContractRange extends Range {
  name: "MemberRegistry" | "RecordLedger";
  address: Bytes;
  codeHash: Bytes;
}

export interface ValidatorRange extends Range {
  isAccepted: boolean;
  addresses: Bytes[];
}

export interface TrustRoot {
  consortium: Bytes;
  chainId: number;
  genesisHash: Bytes;
  contracts: ContractRange[];
  validators: ValidatorRange[];
  leastVotes: number;
  hasIndependentValidators: boolean;
  hasIndependentAttesters: boolean;
  /** Which outsiders must have cosigned; null where none are demanded. */
  witnesses: WitnessPolicy | null;
  fingerprint: string;
}

export function isWithin(range: Range, block: number): boolean {
  return range.from <= block && (range.to === null || block <= range.to);
}

/** Raises Malformed. */
export function parseTrustRoot(file: Bytes): TrustRoot {
  if (file.length > MOST_BYTES) throw new Malformed("trust root", `has at most ${MOST_BYTES} bytes`);
  const json = parseJson(decodeUtf8(file, "trust root"), "trust root");
  const isWitnessed = json instanceof Map && json.has("witnesses");
  const members = readMembers(json, "trust root", isWitnessed ? [...MEMBERS, "witnesses"] : MEMBERS);
  if (members.get("format") !== "tongguan-trust-root/2") throw new Malformed("format", "is tongguan-trust-root/2");
  const contracts = readContracts(members.get("contracts"));
  const validators = members.list("validators", { most: 10_000 }, readValidators);
  refuseGaps(validators, "validators");
  if (validators.at(-1)?.isAccepted === false) throw new Malformed("validators", "the open range must be accepted");
  const predecessor = members.get("predecessor");
  if (predecessor !== null) fromHex(readText(predecessor, "predecessor", /./), "predecessor", 32);
  return {
    consortium: fromHex(members.text("consortium", /./), "consortium", 32),
    chainId: members.number("chain_id", 1, Number.MAX_SAFE_INTEGER),
    genesisHash: members.prefixed("genesis_hash", 32),
    contracts,
    validators,
    leastVotes: members.number("least_votes", 1, 65_535),
    hasIndependentValidators: members.flag("independent_validators"),
    hasIndependentAttesters: members.flag("independent_attesters"),
    witnesses: isWitnessed ? readPolicy(members.get("witnesses")) : null,
    fingerprint: fingerprintOf(members),
  };
}


function readRange(members: Members, field: string): Range {
  const from = members.number("from_block", 0, MOST_BLOCK);
  const last = members.get("to_block");
  return { from, to: last === null ? null : readNumber(last, `${field}.to_block`, from, MOST_BLOCK) };
}

function readContracts(value: Json | undefined): ContractRange[] {
  const ranges = readList(value, "contracts", { least: 2, most: 1000 }, (item, field): ContractRange => {
    const members = readMembers(item, field, ["name", "address", "code_hash", "from_block", "to_block"]);
    const name = members.get("name")!;
    if (name !== "MemberRegistry" && name !== "RecordLedger") throw new Malformed(`${field}.name`, "names no contract");
    return {
      name,
      address: members.prefixed("address", 20),
      codeHash: members.prefixed("code_hash", 32),
      ...readRange(members, field),
    };
  });
  for (const name of ["MemberRegistry", "RecordLedger"]) {
    const own = ranges.filter((range) => range.name === name);
    if (own.length === 0) throw new Malformed("contracts", `lacks ${name}`);
    refuseGaps(own, "contracts");
  }
  return ranges;
}

function readValidators(item: Json, field: string): ValidatorRange {
  const members = readMembers(item, field, ["from_block", "to_block", "accepted", "addresses"]);
  const addresses = members.list("addresses", { least: 1, most: 256 },
    (address, place) => readPrefixed(address, place, 20),
  );
  refuseDisorder(addresses, `${field}.addresses`, compareBytes);
  return {
    isAccepted: members.flag("accepted"),
    addresses,
    ...readRange(members, field),
  };
}

/** Ranges follow each other without a gap; the last one is open. */
function refuseGaps(ranges: Range[], field: string): void {
  ranges.forEach((range, i) => {
    const next = ranges[i + 1];
    if (next === undefined ? range.to !== null : range.to === null || next.from !== range.to + 1) {
      throw new Malformed(field, "ranges of blocks follow each other without a gap, and the last one is open");
    }
  });
}

/** SHA-256 of the members in their order as JSON without spaces. */
function fingerprintOf(members: JsonObject): string {
  const inOrder = (value: Json, names: string[]): Json =>
    new Map(names.map((name) => [name, (value as JsonObject).get(name)!]));
  const eachInOrder = (name: string, names: string[]): Json =>
    (members.get(name) as Json[]).map((item) => inOrder(item, names));
  const changed = new Map<string, Json>([
    ["contracts", eachInOrder("contracts", ["name", "address", "code_hash", "from_block", "to_block"])],
    ["validators", eachInOrder("validators", ["from_block", "to_block", "accepted", "addresses"])],
  ]);
  const shown = [...MEMBERS];
  if (members.has("witnesses")) {
    shown.push("witnesses");
    changed.set("witnesses", inOrder(members.get("witnesses")!, ["origins", "keys", "quorum", "time_stamp_roots"]));
  }
  const text = formatJson(new Map(shown.map((name) => [name, changed.get(name) ?? members.get(name)!])));
  return toHex(hash(new TextEncoder().encode(text)));
}
