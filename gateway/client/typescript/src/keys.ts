/** Keys on P-256 and Ed25519, by WebCrypto alone. */

import { type Bytes, base64url, concat, Malformed, parseBase64, parseBase64url, sha256, utf8 } from "./bytes.ts";
import { type JsonObject, writeJson } from "./json.ts";

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ITERATIONS_MAX = 10_000_000;
const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** `ES256` or `Ed25519`, as a JWS names them. */
export type Algorithm = "ES256" | "Ed25519";

/** A registered public key, as a JWK of exactly the members that its thumbprint is made of. */
export class PublicJwk {
  readonly algorithm: Algorithm;
  readonly members: Readonly<Record<string, string>>;

  private constructor(algorithm: Algorithm, members: Record<string, string>) {
    this.algorithm = algorithm;
    this.members = members;
  }

  /** The key in a JWK's members; throws Malformed. */
  static of(jwk: JsonObject | JsonWebKey): PublicJwk {
    const { kty, crv, x, y } = jwk as Record<string, unknown>;
    if (kty === "EC" && crv === "P-256") {
      return new PublicJwk("ES256", { crv, kty, x: coordinate(x), y: coordinate(y) });
    }
    if (kty === "OKP" && crv === "Ed25519") return new PublicJwk("Ed25519", { crv, kty, x: coordinate(x) });
    throw new Malformed("a key is on P-256 or Ed25519");
  }

  /** The thumbprint (RFC 7638, SHA-256) in base64url, 43 characters. */
  async kid(): Promise<string> {
    return base64url(await sha256(utf8(writeJson({ ...this.members }))));
  }

  /** Whether this key signed a message; `signature` has 64 bytes. */
  async verify(message: Bytes, signature: Bytes): Promise<boolean> {
    if (signature.length !== 64) return false;
    const how = this.algorithm === "ES256" ? ES256 : { name: "Ed25519" };
    try {
      const key = await crypto.subtle.importKey("jwk", { ...this.members }, how, false, ["verify"]);
      return await crypto.subtle.verify(how, key, signature, message);
    } catch (error) {
      // A point off the curve: nobody signed this.
      if (error instanceof DOMException && error.name === "DataError") return false;
      throw error;
    }
  }
}

function coordinate(text: unknown): string {
  if (typeof text !== "string" || parseBase64url(text).length !== 32) throw new Malformed("a coordinate has 32 bytes");
  return text;
}

/** A member's private key. It never prints itself, and cannot be taken out again. */
export class SigningKey {
  readonly publicJwk: PublicJwk;
  readonly kid: string;
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey, publicJwk: PublicJwk, kid: string) {
    this.#key = key;
    this.publicJwk = publicJwk;
    this.kid = kid;
  }

  /** The key in an encrypted PKCS#8 PEM text (PBES2, PBKDF2, AES-CBC); throws Malformed, also for a wrong passphrase. */
  static async parse(pem: string, passphrase: string): Promise<SigningKey> {
    const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([\s\S]*?)-----END ENCRYPTED PRIVATE KEY-----/.exec(pem)?.[1];
    if (body === undefined) throw new Malformed("the private key is an encrypted PKCS#8 PEM file");
    const pkcs8 = await decrypt(parseBase64(body.replaceAll(/\s/g, "")), passphrase);
    for (const how of [ES256, { name: "Ed25519" }]) {
      let open: CryptoKey;
      try {
        open = await crypto.subtle.importKey("pkcs8", pkcs8, how, true, ["sign"]);
      } catch {
        // Of the other kind; which one it is stands in the file, and WebCrypto reads it.
        continue;
      }
      const jwk = PublicJwk.of(await crypto.subtle.exportKey("jwk", open));
      const key = await crypto.subtle.importKey("pkcs8", pkcs8, how, false, ["sign"]);
      return new SigningKey(key, jwk, await jwk.kid());
    }
    throw new Malformed("the private key is on P-256 or Ed25519");
  }

  /** The signature of a message, 64 raw bytes; of ES256 the twin with the low `s`, the only one that intake takes. */
  async sign(message: Bytes): Promise<Bytes> {
    if (this.publicJwk.algorithm === "Ed25519") {
      return new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, this.#key, message));
    }
    const raw = new Uint8Array(await crypto.subtle.sign(ES256, this.#key, message));
    const s = raw.slice(32).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
    if (s <= P256_ORDER / 2n) return raw;
    const low = (P256_ORDER - s).toString(16).padStart(64, "0");
    return concat(raw.slice(0, 32), Uint8Array.from(low.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  }

  /** A compact JWS (RFC 7515) of claims. */
  async signCompact(typ: string, claims: JsonObject): Promise<string> {
    const header = writeJson({ alg: this.publicJwk.algorithm, kid: this.kid, typ });
    const input = `${base64url(header)}.${base64url(writeJson(claims))}`;
    return `${input}.${base64url(await this.sign(utf8(input)))}`;
  }
}

/** The DER elements of a sequence, one level deep: tag and content each. */
function* elements(der: Bytes): Generator<{ tag: number; content: Bytes }> {
  let at = 0;
  while (at < der.length) {
    const tag = der[at] ?? 0;
    let length = der[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets < 1 || octets > 3) throw new Malformed("the private key's file is too large");
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (der[at + i] ?? 0);
      at += octets;
    }
    if (at + length > der.length) throw new Malformed("the private key's file is cut short");
    yield { tag, content: der.slice(at, at + length) };
    at += length;
  }
}

function within(der: Bytes, ...places: number[]): Bytes {
  let content = der;
  for (const place of places) {
    const element = [...elements(content)][place];
    if (element === undefined) throw new Malformed("the private key's file is encrypted by PBES2 with PBKDF2");
    content = element.content;
  }
  return content;
}

const HEX = (raw: Bytes): string => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
const PBES2 = "2a864886f70d01050d";
const PBKDF2 = "2a864886f70d01050c";
const HASHES: Readonly<Record<string, string>> = {
  "2a864886f70d0209": "SHA-256",
  "2a864886f70d020a": "SHA-384",
  "2a864886f70d020b": "SHA-512",
};
const CIPHERS: Readonly<Record<string, number>> = { "60864801650304012a": 256, "608648016503040102": 128 };

/** EncryptedPrivateKeyInfo (RFC 5958) under PBES2 (RFC 8018). */
async function decrypt(file: Bytes, passphrase: string): Promise<Bytes> {
  const scheme = within(file, 0, 0);
  const kdf = within(scheme, 1, 0);
  const cipher = within(scheme, 1, 1);
  if (HEX(within(scheme, 0)) !== PBES2 || HEX(within(kdf, 0)) !== PBKDF2) {
    throw new Malformed("the private key's file is encrypted by PBES2 with PBKDF2");
  }
  const parameters = [...elements(within(kdf, 1))];
  const salt = parameters[0]?.content;
  const iterations = Number.parseInt(HEX(parameters[1]?.content ?? new Uint8Array()), 16);
  const prf = parameters.filter(({ tag }) => tag === 0x30)[0]?.content;
  const hash = prf === undefined ? undefined : HASHES[HEX(within(prf, 0))];
  const length = CIPHERS[HEX(within(cipher, 0))];
  if (salt === undefined || hash === undefined || length === undefined || !(iterations <= ITERATIONS_MAX)) {
    throw new Malformed("the private key's file is encrypted by AES-CBC under PBKDF2 with SHA-2");
  }
  const secret = await crypto.subtle.importKey("raw", utf8(passphrase), "PBKDF2", false, ["deriveKey"]);
  const derived = { name: "AES-CBC", length };
  const key = await crypto.subtle.deriveKey({ name: "PBKDF2", hash, salt, iterations }, secret, derived, false, ["decrypt"]);
  try {
    const iv = within(cipher, 1);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, within(file, 0, 1)));
  } catch (error) {
    if (error instanceof DOMException) throw new Malformed("the private key opens with the given passphrase");
    throw error;
  }
}
