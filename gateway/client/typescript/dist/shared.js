// src/bytes.ts
var Malformed = class extends Error {
  name = "Malformed";
};
var encoder = new TextEncoder();
var strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
function utf8(text) {
  return encoder.encode(text);
}
function parseUtf8(raw) {
  try {
    return strictDecoder.decode(raw);
  } catch {
    throw new Malformed("not UTF-8");
  }
}
function base64(raw) {
  let binary = "";
  for (const byte of raw) binary += String.fromCharCode(byte);
  return btoa(binary);
}
function base64url(raw) {
  const standard = base64(typeof raw === "string" ? utf8(raw) : raw);
  return standard.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
function parseBase64(text) {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Malformed("not base64");
  }
}
function parseBase64url(text) {
  const raw = parseBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (base64url(raw) !== text) throw new Malformed("not canonical base64url without padding");
  return raw;
}
function concat(...parts) {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}
async function hmacSha256(secret, message) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}

// src/json.ts
function parseObject(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed("not a JSON object");
  return value;
}
function writeJson(value) {
  return JSON.stringify(value, (_, member) => {
    if (typeof member === "number" && !Number.isSafeInteger(member)) {
      throw new Malformed("a number is a whole one; write decimals as strings");
    }
    return member;
  });
}

// src/keys.ts
var P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
var ITERATIONS_MAX = 1e7;
var ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
var PublicJwk = class _PublicJwk {
  algorithm;
  members;
  constructor(algorithm, members) {
    this.algorithm = algorithm;
    this.members = members;
  }
  /** The key in a JWK's members; throws Malformed. */
  static of(jwk) {
    const { kty, crv, x, y } = jwk;
    if (kty === "EC" && crv === "P-256") {
      return new _PublicJwk("ES256", { crv, kty, x: coordinate(x), y: coordinate(y) });
    }
    if (kty === "OKP" && crv === "Ed25519") return new _PublicJwk("Ed25519", { crv, kty, x: coordinate(x) });
    throw new Malformed("a key is on P-256 or Ed25519");
  }
  /** The thumbprint (RFC 7638, SHA-256) in base64url, 43 characters. */
  async kid() {
    return base64url(await sha256(utf8(writeJson({ ...this.members }))));
  }
  /** Whether this key signed a message; `signature` has 64 bytes. */
  async verify(message, signature) {
    if (signature.length !== 64) return false;
    const how = this.algorithm === "ES256" ? ES256 : { name: "Ed25519" };
    try {
      const key = await crypto.subtle.importKey("jwk", { ...this.members }, how, false, ["verify"]);
      return await crypto.subtle.verify(how, key, signature, message);
    } catch (error) {
      if (error instanceof DOMException && error.name === "DataError") return false;
      throw error;
    }
  }
};
function coordinate(text) {
  if (typeof text !== "string" || parseBase64url(text).length !== 32) throw new Malformed("a coordinate has 32 bytes");
  return text;
}
var SigningKey = class _SigningKey {
  publicJwk;
  kid;
  #key;
  constructor(key, publicJwk, kid) {
    this.#key = key;
    this.publicJwk = publicJwk;
    this.kid = kid;
  }
  /** The key in an encrypted PKCS#8 PEM text (PBES2, PBKDF2, AES-CBC); throws Malformed, also for a wrong passphrase. */
  static async parse(pem, passphrase) {
    const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([\s\S]*?)-----END ENCRYPTED PRIVATE KEY-----/.exec(pem)?.[1];
    if (body === void 0) throw new Malformed("the private key is an encrypted PKCS#8 PEM file");
    const pkcs8 = await decrypt(parseBase64(body.replaceAll(/\s/g, "")), passphrase);
    for (const how of [ES256, { name: "Ed25519" }]) {
      let open;
      try {
        open = await crypto.subtle.importKey("pkcs8", pkcs8, how, true, ["sign"]);
      } catch {
        continue;
      }
      const jwk = PublicJwk.of(await crypto.subtle.exportKey("jwk", open));
      const key = await crypto.subtle.importKey("pkcs8", pkcs8, how, false, ["sign"]);
      return new _SigningKey(key, jwk, await jwk.kid());
    }
    throw new Malformed("the private key is on P-256 or Ed25519");
  }
  /** The signature of a message, 64 raw bytes; of ES256 the twin with the low `s`, the only one that intake takes. */
  async sign(message) {
    if (this.publicJwk.algorithm === "Ed25519") {
      return new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, this.#key, message));
    }
    const raw = new Uint8Array(await crypto.subtle.sign(ES256, this.#key, message));
    const s = raw.slice(32).reduce((number, byte) => number << 8n | BigInt(byte), 0n);
    if (s <= P256_ORDER / 2n) return raw;
    const low = (P256_ORDER - s).toString(16).padStart(64, "0");
    return concat(raw.slice(0, 32), Uint8Array.from(low.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  }
  /** A compact JWS (RFC 7515) of claims. */
  async signCompact(typ, claims) {
    const header = writeJson({ alg: this.publicJwk.algorithm, kid: this.kid, typ });
    const input = `${base64url(header)}.${base64url(writeJson(claims))}`;
    return `${input}.${base64url(await this.sign(utf8(input)))}`;
  }
};
function* elements(der) {
  let at = 0;
  while (at < der.length) {
    const tag = der[at] ?? 0;
    let length = der[at + 1] ?? 0;
    at += 2;
    if (length >= 128) {
      const octets = length & 127;
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
function within(der, ...places) {
  let content = der;
  for (const place of places) {
    const element = [...elements(content)][place];
    if (element === void 0) throw new Malformed("the private key's file is encrypted by PBES2 with PBKDF2");
    content = element.content;
  }
  return content;
}
var HEX = (raw) => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
var PBES2 = "2a864886f70d01050d";
var PBKDF2 = "2a864886f70d01050c";
var HASHES = {
  "2a864886f70d0209": "SHA-256",
  "2a864886f70d020a": "SHA-384",
  "2a864886f70d020b": "SHA-512"
};
var CIPHERS = { "60864801650304012a": 256, "608648016503040102": 128 };
async function decrypt(file, passphrase) {
  const scheme = within(file, 0, 0);
  const kdf = within(scheme, 1, 0);
  const cipher = within(scheme, 1, 1);
  if (HEX(within(scheme, 0)) !== PBES2 || HEX(within(kdf, 0)) !== PBKDF2) {
    throw new Malformed("the private key's file is encrypted by PBES2 with PBKDF2");
  }
  const parameters = [...elements(within(kdf, 1))];
  const salt = parameters[0]?.content;
  const iterations = Number.parseInt(HEX(parameters[1]?.content ?? new Uint8Array()), 16);
  const prf = parameters.filter(({ tag }) => tag === 48)[0]?.content;
  const hash = prf === void 0 ? void 0 : HASHES[HEX(within(prf, 0))];
  const length = CIPHERS[HEX(within(cipher, 0))];
  if (salt === void 0 || hash === void 0 || length === void 0 || !(iterations <= ITERATIONS_MAX)) {
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

export {
  Malformed,
  utf8,
  parseUtf8,
  base64,
  base64url,
  parseBase64,
  parseBase64url,
  concat,
  equal,
  sha256,
  hmacSha256,
  parseObject,
  writeJson,
  PublicJwk,
  SigningKey
};
