// Signed records: SD-JWTs of RFC 9901 in the one form that Tongguan knows. docs/spec/records.md.

import { ascii, type Bytes, fromBase64url, toBase64url } from "./bytes.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import { decodeUtf8, type Json, type JsonObject, parseJson } from "./json.js";
import { Members, readMembers, readText, readThumbprint } from "./members.js";

const MOST_TEXT = 2_097_152;
const MOST_HEADER = 512;
const MOST_JWT = 131_072;
const MOST_DISCLOSURE = 262_144;
const MOST_SECTIONS = 32;
/** Most elements of the sections that are lists; every other section has exactly one. */
const MOST_ELEMENTS: Record<string, number> = { ucr: 200, names: 64, references: 1000, goods_items: 999, access: 200 };
const CLAIMS = new Set(["iss", "aud", "iat", "jti", "vct", "_sd_alg", "amends", "withdraws"]);
const UCR = /^[0-9][A-Z]{2}[0-9A-Z]{1,18}-[0-9A-Z()\-]{1,19}$/;
export const USCC = /^[0-9A-Z]{18}$/;
export const TYPE = /^[a-z]{1,24}\.[a-z_]{1,32}$/;

export type Algorithm = "ES256" | "Ed25519" | "SM2";

export interface Jws {
  algorithm: Algorithm;
  kid: string;
  payload: JsonObject;
  signature: Bytes;
  signingInput: Bytes;
}

export interface Disclosure {
  section: string;
  /** Place within its section. */
  index: number;
  digest: string;
  value: Json;
}

export interface Section {
  name: string;
  digests: string[];
}

export interface SignedRecord {
  jws: Jws;
  id: string;
  digest: Bytes;
  issuer: string;
  consortium: string;
  issuedAt: number;
  number: string;
  type: string;
  amends: string | null;
  withdraws: string | null;
  sections: Section[];
  disclosures: Disclosure[];
}

/** A compact JWS whose header has exactly `alg`, `kid` and `typ`. Raises Malformed. */
export function parseJws(text: string, type: string, field: string): Jws {
  if (text.length > MOST_JWT) throw new Malformed(field, `has at most ${MOST_JWT} characters`);
  const parts = text.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new Malformed(field, "must have three parts");
  }
  if (header.length > MOST_HEADER) throw new Malformed(`${field}.header`, `has at most ${MOST_HEADER} characters`);
  const members = readMembers(parsePart(header, `${field}.header`), `${field}.header`, ["alg", "kid", "typ"]);
  const algorithm = members.get("alg")!;
  if (algorithm !== "ES256" && algorithm !== "Ed25519" && algorithm !== "SM2")
    throw new Malformed(`${field}.header.alg`, "is ES256, Ed25519 or SM2");
  if (members.get("typ") !== type) throw new Malformed(`${field}.header.typ`, `is ${type}`);
  const kid = members.thumbprint("kid");
  const claims = parsePart(payload, `${field}.payload`);
  if (!(claims instanceof Map)) throw new Malformed(`${field}.payload`, "must be an object");
  return {
    algorithm,
    kid,
    payload: claims,
    signature: fromBase64url(signature, `${field}.signature`, 64),
    signingInput: ascii(`${header}.${payload}`),
  };
}

function parsePart(part: string, field: string): Json {
  return parseJson(decodeUtf8(fromBase64url(part, field), field), field);
}

/** Raises Malformed. The disclosures are in claim order, each once. */
export function parseRecord(text: string, field: string): SignedRecord {
  if (text.length > MOST_TEXT) throw new Malformed(field, `has at most ${MOST_TEXT} characters`);
  if (!text.endsWith("~")) throw new Malformed(field, "must end with ~");
  const [jwt, ...disclosures] = text.slice(0, -1).split("~");
  const jws = parseJws(jwt!, "tongguan-record+sd-jwt", field);
  const claims = new Members(jws.payload, field);
  const sections = readSections(claims, field);
  const digest = hash(jws.signingInput);
  if (claims.get("_sd_alg") !== "sha-256") throw new Malformed(`${field}._sd_alg`, "is sha-256");
  if (claims.has("amends") && claims.has("withdraws")) throw new Malformed(field, "amends or withdraws, not both");
  const aud = claims.text("aud", /^[0-9a-f]{64}$/);
  return {
    jws,
    digest,
    id: toBase64url(digest),
    issuer: claims.text("iss", USCC),
    consortium: aud,
    issuedAt: claims.number("iat", 0, 2 ** 40 - 1),
    number: claims.thumbprint("jti"),
    type: claims.text("vct", TYPE),
    amends: readOptionalId(claims, "amends", field),
    withdraws: readOptionalId(claims, "withdraws", field),
    sections,
    disclosures: readDisclosures(disclosures, sections, field),
  };
}

function readOptionalId(claims: JsonObject, name: string, field: string): string | null {
  return claims.has(name) ? readThumbprint(claims.get(name), `${field}.${name}`) : null;
}

function readSections(claims: JsonObject, field: string): Section[] {
  const sections: Section[] = [];
  const seen = new Set<string>();
  for (const [name, value] of claims) {
    if (CLAIMS.has(name)) continue;
    const place = `${field}.${name}`;
    if (!/^[a-z][a-z_]{0,31}$/.test(name)) throw new Malformed(place, "is no name of a section");
    const isList = Object.hasOwn(MOST_ELEMENTS, name);
    const most = isList ? MOST_ELEMENTS[name]! : 1;
    if (!Array.isArray(value) || value.length < 1 || value.length > most) {
      throw new Malformed(place, `must be an array of 1 to ${most} digests`);
    }
    const digests = value.map((element) => readThumbprint(readMembers(element, place, ["..."]).get("..."), place));
    for (const digest of digests) {
      if (seen.has(digest)) throw new Malformed(place, "a digest stands twice");
      seen.add(digest);
    }
    sections.push({ name, digests });
  }
  if (sections.length > MOST_SECTIONS) throw new Malformed(field, `has at most ${MOST_SECTIONS} sections`);
  if (!sections.some((section) => section.name === "ucr")) throw new Malformed(field, "must have a section ucr");
  return sections;
}

function readDisclosures(texts: string[], sections: Section[], field: string): Disclosure[] {
  const places = new Map<string, { section: string; index: number; order: number }>();
  for (const { name, digests } of sections) {
    digests.forEach((digest, index) => places.set(digest, { section: name, index, order: places.size }));
  }
  let before = -1;
  return texts.map((text, i) => {
    const where = `${field}.disclosures[${i}]`;
    if (text.length > MOST_DISCLOSURE) throw new Malformed(where, `has at most ${MOST_DISCLOSURE} characters`);
    const pair = parsePart(text, where);
    if (!Array.isArray(pair) || pair.length !== 2) throw new Malformed(where, "must be an array [salt, value]");
    readText(pair[0], `${where}.salt`, /^[A-Za-z0-9_-]{22,64}$/);
    const value = pair[1]!;
    refuseDigests(value, where);
    const digest = toBase64url(hash(ascii(text)));
    const place = places.get(digest);
    if (place === undefined) throw new Malformed(where, "belongs to no element of the record");
    if (place.order <= before) throw new Malformed(where, "must stand in the order of the claims, each once");
    before = place.order;
    return { section: place.section, index: place.index, digest, value };
  });
}

/** A value holds no further digests. */
function refuseDigests(value: Json, field: string): void {
  if (Array.isArray(value)) value.forEach((item) => refuseDigests(item, field));
  else if (value instanceof Map) {
    if (["...", "_sd", "_sd_alg"].some((name) => value.has(name)))
      throw new Malformed(field, "a value holds no further digests");
    value.forEach((member) => refuseDigests(member, field));
  }
}

/** The UCR that a disclosed element names; null where it names none. */
export function ucrOf(value: Json): string | null {
  return typeof value === "string" && value.length <= 35 && UCR.test(value) ? value : null;
}

/** The texts that are disclosed as UCRs, of a UCR's form or not. */
export function disclosedNames(record: SignedRecord): string[] {
  return record.disclosures.flatMap(({ section, value }) =>
    section === "ucr" && typeof value === "string" ? [value] : [],
  );
}

/** The UCRs that are disclosed, in the record's order. */
export function disclosedUcrs(record: SignedRecord): string[] {
  return record.disclosures.flatMap(({ section, value }) => {
    const ucr = section === "ucr" ? ucrOf(value) : null;
    return ucr === null ? [] : [ucr];
  });
}
