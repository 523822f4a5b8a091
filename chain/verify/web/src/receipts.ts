// A gateway's promise, alone or in a group under one signature. docs/spec/receipts.md.

import { type Bytes, fromBase64url, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { decodeUtf8, type Json, type JsonObject, parseJson } from "./json.js";
import { readHash, readHex, readMembers } from "./members.js";
import { isIncluded } from "./merkle.js";
import { type Jws, parseJws } from "./records.js";

const MOST_TEXT = 131_072;
const MOST_GROUP = 2048;
const MOST_ENTRIES = 256;

export interface PromisedEntry {
  tag: Bytes;
  digest: Bytes;
}

export interface Promised {
  consortium: string;
  entries: PromisedEntry[];
  acceptedAt: number;
  anchorBy: number;
}

export interface Receipt {
  jws: Jws;
  /** As it is said; empty where it is no text. */
  gateway: string;
  recordId: string;
  /** Null where a claim has another form: then no gateway gave it. */
  promised: Promised | null;
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

const CLAIMS = ["iss", "aud", "record_id", "entries", "accepted_at", "anchor_by"];

function parseAlone(text: string, field: string): Receipt {
  const jws = parseJws(text, "tongguan-receipt+jwt", field);
  return { ...readClaims(jws, jws.payload, field), isInGroup: true };
}

function parseGrouped(text: string, leafText: string, indexText: string, pathText: string, field: string): Receipt {
  const jws = parseJws(text, "tongguan-receipts+jwt", field);
  const shared = ["iss", "aud", "accepted_at", "anchor_by"];
  const claims = readMembers(jws.payload, field, [...shared, "size", "root"]);
  const size = claims.number("size", 1, MOST_GROUP);
  const root = claims.hash("root");
  const leaf = fromBase64url(leafText, `${field}.leaf`);
  const parts = readMembers(parseJson(decodeUtf8(leaf, field), field), `${field}.leaf`, ["record_id", "entries"]);
  if (!/^(?:0|[1-9][0-9]{0,3})$/.test(indexText))
    throw new Malformed(`${field}.index`, "is a number without leading zeros");
  const path = splitHashes(fromBase64url(pathText, `${field}.path`), `${field}.path`);
  const isInGroup = isIncluded(leaf, Number(indexText), size, path, root);
  const said = new Map([...shared.map((name) => [name, claims.get(name)!] as const), ...parts]);
  return { ...readClaims(jws, said, field), isInGroup };
}

function splitHashes(bytes: Bytes, field: string): Bytes[] {
  if (bytes.length % 32 !== 0) throw new Malformed(field, "is hashes of 32 bytes");
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

function readClaims(jws: Jws, claims: JsonObject, field: string): Omit<Receipt, "isInGroup"> {
  const text = (name: string): string => {
    const value = claims.get(name);
    return typeof value === "string" ? value : "";
  };
  return { jws, gateway: text("iss"), recordId: text("record_id"), promised: readPromise(claims, field) };
}

function readPromise(claims: JsonObject, field: string): Promised | null {
  try {
    const members = readMembers(claims, field, CLAIMS);
    const most = Number.MAX_SAFE_INTEGER;
    return {
      consortium: toHex(members.hex("aud", 32)),
      entries: members.list("entries", { least: 1, most: MOST_ENTRIES }, readPromisedEntry),
      acceptedAt: members.number("accepted_at", 0, most),
      anchorBy: members.number("anchor_by", 0, most),
    };
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readPromisedEntry(item: Json, field: string): PromisedEntry {
  if (!Array.isArray(item) || item.length !== 2) throw new Malformed(field, "must be [tag, entry digest]");
  return { tag: readHex(item[0], field, 16), digest: readHash(item[1], field) };
}
