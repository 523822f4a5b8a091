/** Encodings and hashes that signed things travel in. */

/** A text, key or signature that is not what its format says; the same input is refused again. */
export class Malformed extends Error {
  override name = "Malformed";
}

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** The text in UTF-8 bytes; throws Malformed. */
export function parseUtf8(raw: Bytes): string {
  try {
    return strictDecoder.decode(raw);
  } catch {
    throw new Malformed("not UTF-8");
  }
}

export function base64(raw: Bytes): string {
  let binary = "";
  for (const byte of raw) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Base64url without padding (RFC 4648, section 5). */
export function base64url(raw: Bytes | string): string {
  const standard = base64(typeof raw === "string" ? utf8(raw) : raw);
  return standard.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function parseBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Malformed("not base64");
  }
}

/** The bytes behind canonical base64url without padding; throws Malformed for any other text. */
export function parseBase64url(text: string): Bytes {
  const raw = parseBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (base64url(raw) !== text) throw new Malformed("not canonical base64url without padding");
  return raw;
}

export function concat(...parts: Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  // Every byte is looked at, so that the time tells nothing of the first difference.
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export async function sha256(...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export async function hmacSha256(secret: Bytes, message: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}
