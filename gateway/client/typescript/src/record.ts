/** A record as its issuer signed it: an SD-JWT (RFC 9901), every element a disclosure with a salt of its own. */

import { base64url, hmacSha256, Malformed, parseBase64url, sha256, utf8 } from "./bytes.ts";
import { type Json, type JsonObject, writeJson } from "./json.ts";
import type { SigningKey } from "./keys.ts";

/** Sections that have one element for each value; every other section is one element. */
const MANY: ReadonlySet<string> = new Set(["ucr", "names", "references", "goods_items", "access"]);
const SALT_BYTES = 16;

/** What a record says, until it is signed. */
export interface RecordDraft {
  /** Such as `logistics.event`; `GET /v1/schemas/{type}` says its sections. */
  type: string;
  /** The consignments that it speaks of. */
  ucrs: string[];
  /** Its sections by name; those of many elements are lists. */
  sections: JsonObject;
  /** The consortium's id, 64 hex digits: `consortium` of `GET /v1/trust-root`. */
  consortium: string;
  /** USCC of the member that signs. */
  issuer: string;
  /** Your number of it, see `recordNumber`. */
  number: string;
  /** The id of the record that it replaces, or takes back; one of them at most. */
  amends?: string;
  withdraws?: string;
  /** Seconds since 1970 UTC; now where it is not given. */
  issuedAt?: number;
}

export interface SignedRecord {
  /** What is sent, and kept: sending it again is safe, signing again is not. */
  readonly text: string;
  /** The digest of what was signed, in base64url. */
  readonly recordId: string;
}

/**
 * Your number of a record: an HMAC under a secret of your own over what it is read from, never over the time, so that a
 * second run gives the same number. The secret is 32 bytes in base64url, as a member's folder keeps them in `jti-secret`.
 */
export async function recordNumber(secret: string, ...identity: string[]): Promise<string> {
  const key = parseBase64url(secret.trim());
  if (key.length !== 32) throw new Malformed("a secret for record numbers has 32 bytes");
  return base64url(await hmacSha256(key, utf8(["tongguan-jti", ...identity].join("\0"))));
}

/** The record signed by a member's registered key. */
export async function signRecord(
  draft: RecordDraft,
  key: SigningKey,
  salts: () => string = () => base64url(crypto.getRandomValues(new Uint8Array(SALT_BYTES))),
): Promise<SignedRecord> {
  const { issuer, consortium, number, type, amends, withdraws } = draft;
  if (amends !== undefined && withdraws !== undefined) throw new Malformed("a record amends or withdraws, not both");
  const claims: JsonObject = {
    iss: issuer,
    aud: consortium,
    iat: draft.issuedAt ?? Math.floor(Date.now() / 1000),
    jti: number,
    vct: type,
    _sd_alg: "sha-256",
    ...(amends === undefined ? {} : { amends }),
    ...(withdraws === undefined ? {} : { withdraws }),
  };
  let disclosures = "";
  for (const [name, value] of Object.entries({ ...draft.sections, ucr: draft.ucrs })) {
    const digests: Json[] = [];
    for (const element of elementsOf(name, value)) {
      const disclosure = base64url(writeJson([salts(), element]));
      disclosures += `${disclosure}~`;
      digests.push({ "...": base64url(await sha256(utf8(disclosure))) });
    }
    claims[name] = digests;
  }
  const jwt = await key.signCompact("tongguan-record+sd-jwt", claims);
  const digest = await sha256(utf8(jwt.slice(0, jwt.lastIndexOf("."))));
  return { text: `${jwt}~${disclosures}`, recordId: base64url(digest) };
}

function elementsOf(name: string, value: Json): Json[] {
  if (!MANY.has(name)) return [value];
  if (!Array.isArray(value) || value.length === 0) {
    throw new Malformed(`section ${name} is a list of at least one element`);
  }
  return value;
}
