// A gateway's promise, alone or in a group under one signature. docs/spec/receipts.md.

import { type Bytes, fromBase64url, fromHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { decodeUtf8, type Json, type JsonObject, parseJson } from "./json.js";
import { readHash, readList, readMembers, readNumber, readText, readThumbprint } from "./members.js";
import { isIncluded } from "./merkle.js";
import { type Jws, parseJws, USCC } from "./records.js";

const MOST_TEXT = 131_072;
const MOST_TIME = 2 ** 40 - 1;
const MOST_GROUP = 2048;
const MOST_ENTRIES = 200;

export interface PromisedEntry {
  tag: string;
  digest: string;
}

export interface Receipt {
  jws: Jws;
  gateway: string;
  consortium: string;
  recordId: string;
  entries: PromisedEntry[];
  acceptedAt: number;
  anchorBy: number;
  /** Where it belongs to a group: whether its leaf stands under the signed root. */
  isInGroup: boolean;
}

/** Raises Malformed. */
export function parseReceipt(text: string, field: string): Receipt {
  if (text.length > MOST_TEXT) throw new Malformed(field, `has at most ${MOST_TEXT} characters`);
  const [jwsText, ...parts] = text.split("~");
  if (parts.length === 0) return parseAlone(jwsText!, field);
  const [leaf, index, path] = parts;
  if (parts.length !== 3 || leaf === undefined || index === undefined || path === undefined) {
    throw new Malformed(field, "must be a JWS, or a JWS with leaf, index and path");
  }
  return parseGrouped(jwsText!, leaf, index, path, field);
}

function parseAlone(text: string, field: string): Receipt {
  const jws = parseJws(text, "tongguan-receipt+jwt", field);
  const names = ["iss", "aud", "record_id", "entries", "accepted_at", "anchor_by"];
  const claims = readMembers(jws.payload, field, names);
  return { jws, ...readPromise(claims, field), ...readLeaf(claims, field), isInGroup: true };
}

function parseGrouped(text: string, leafText: string, indexText: string, pathText: string, field: string): Receipt {
  const jws = parseJws(text, "tongguan-receipts+jwt", field);
  const claims = readMembers(jws.payload, field, ["iss", "aud", "accepted_at", "anchor_by", "size", "root"]);
  const size = readNumber(claims.get("size"), `${field}.size`, 1, MOST_GROUP);
  const root = readHash(claims.get("root"), `${field}.root`);
  const leaf = fromBase64url(leafText, `${field}.leaf`);
  const parts = readMembers(parseJson(decodeUtf8(leaf, field), field), `${field}.leaf`, ["record_id", "entries"]);
  if (!/^(?:0|[1-9][0-9]{0,3})$/.test(indexText))
    throw new Malformed(`${field}.index`, "is a number without leading zeros");
  const path = splitHashes(fromBase64url(pathText, `${field}.path`), `${field}.path`);
  const isInGroup = isIncluded(leaf, Number(indexText), size, path, root);
  return { jws, ...readPromise(claims, field), ...readLeaf(parts, field), isInGroup };
}

function splitHashes(bytes: Bytes, field: string): Bytes[] {
  if (bytes.length % 32 !== 0) throw new Malformed(field, "is hashes of 32 bytes");
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

function readPromise(
  claims: JsonObject,
  field: string,
): Pick<Receipt, "gateway" | "consortium" | "acceptedAt" | "anchorBy"> {
  return {
    gateway: readText(claims.get("iss"), `${field}.iss`, USCC),
    consortium: readText(claims.get("aud"), `${field}.aud`, /^[0-9a-f]{64}$/),
    acceptedAt: readNumber(claims.get("accepted_at"), `${field}.accepted_at`, 0, MOST_TIME),
    anchorBy: readNumber(claims.get("anchor_by"), `${field}.anchor_by`, 0, MOST_TIME),
  };
}

function readLeaf(claims: JsonObject, field: string): Pick<Receipt, "recordId" | "entries"> {
  return {
    recordId: readThumbprint(claims.get("record_id"), `${field}.record_id`),
    entries: readList(claims.get("entries"), `${field}.entries`, { least: 1, most: MOST_ENTRIES }, readPromisedEntry),
  };
}

function readPromisedEntry(item: Json, field: string): PromisedEntry {
  if (!Array.isArray(item) || item.length !== 2) throw new Malformed(field, "must be [tag, entry digest]");
  const tag = readText(item[0], `${field}.tag`, /./);
  fromHex(tag, `${field}.tag`, 16);
  return { tag, digest: readThumbprint(item[1], `${field}.digest`) };
}
