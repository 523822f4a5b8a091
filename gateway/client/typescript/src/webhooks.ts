/** Checks that a post to a webhook is its sender's as it came. */

import { type Bytes, base64, concat, equal, hmacSha256, Malformed, parseBase64, sha256, utf8 } from "./bytes.ts";
import { CompactJws } from "./jws.ts";
import type { PublicJwk } from "./keys.ts";

const TOLERANCE_S = 300;
const SIGNATURES_MAX = 16;

/**
 * The id of a post that carries a signature of Standard Webhooks (`v1`) under this secret and came in time; throws
 * Malformed. The same id may come again: take it once. `body` is as it came, byte for byte.
 */
export async function verifyWebhook(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Bytes,
  secret: string,
  nowS: number = Date.now() / 1000,
): Promise<string> {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value ?? "")]));
  const id = byName.get("webhook-id") ?? "";
  const timestamp = byName.get("webhook-timestamp") ?? "";
  if (id === "" || !/^[0-9]{1,12}$/.test(timestamp)) throw new Malformed("webhook-id and webhook-timestamp are there");
  if (Math.abs(nowS - Number(timestamp)) > TOLERANCE_S) {
    throw new Malformed(`webhook-timestamp is within ${TOLERANCE_S} s of now`);
  }
  const key = parseBase64(secret.replace(/^whsec_/, ""));
  if (key.length < 24 || key.length > 64) throw new Malformed("secret is whsec_ and base64 of 24 to 64 bytes");
  const wanted = utf8(`v1,${base64(await hmacSha256(key, concat(utf8(`${id}.${timestamp}.`), body)))}`);
  const signatures = (byName.get("webhook-signature") ?? "").split(" ").slice(0, SIGNATURES_MAX);
  if (!signatures.some((signature) => equal(utf8(signature), wanted))) {
    throw new Malformed("webhook-signature holds a signature under this secret of exactly these bytes");
  }
  return id;
}

/**
 * Whether the header `Tongguan-Webhook` is the gateway's word that it told this member's webhook this body: what proves to
 * others what was told. Throws Malformed where the header is no JWS.
 */
export async function provesWebhook(
  header: string,
  body: Bytes,
  gatewayKey: PublicJwk,
  member: string,
  webhook: string,
): Promise<boolean> {
  const jws = new CompactJws(header, "tongguan-webhook+jwt");
  const digest = Array.from(await sha256(body), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const { aud, sub, body_sha256: said } = jws.claims;
  return (await jws.verify(gatewayKey)) && aud === member && sub === webhook && said === digest;
}
