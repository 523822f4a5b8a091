// Public keys as JWKs with only the members that their thumbprint is made of. docs/spec/records.md, "Header".

import type { Bytes } from "./bytes.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import { formatJson, type Json } from "./json.js";
import { readOrdered } from "./members.js";
import type { Algorithm } from "./records.js";
import { ed25519Verifier, p256Verifier, type Verifier } from "./signatures.js";
import { sm2Verifier } from "./sm2.js";

export interface Jwk {
  algorithm: Algorithm;
  /** RFC 7638, SHA-256. */
  thumbprint: Bytes;
  verify: Verifier;
}

/** Raises Malformed, also for a point that is none of its curve or not of its prime order. */
export function parseJwk(value: Json | undefined, field: string): Jwk {
  const isEdwards = value instanceof Map && value.get("kty") === "OKP";
  const members = readOrdered(value, field, isEdwards ? ["crv", "kty", "x"] : ["crv", "kty", "x", "y"]);
  const curve = members.text("crv", isEdwards ? /^Ed25519$/ : /^(?:P-256|SM2)$/);
  members.text("kty", isEdwards ? /^OKP$/ : /^EC$/);
  const x = members.hash("x");
  const isSm2 = curve === "SM2";
  const y = isEdwards ? x : members.hash("y");
  const verify = isEdwards ? ed25519Verifier(x) : isSm2 ? sm2Verifier(x, y) : p256Verifier(x, y);
  if (verify === null) throw new Malformed(field, "must be a point of its curve and of its prime order");
  const thumbprint = hash(new TextEncoder().encode(formatJson(members)));
  return { algorithm: isEdwards ? "Ed25519" : isSm2 ? "SM2" : "ES256", thumbprint, verify };
}
