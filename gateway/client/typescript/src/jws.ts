/** A compact JWS (RFC 7515) of the gateway. */

import { type Bytes, Malformed, parseBase64url, parseUtf8, utf8 } from "./bytes.ts";
import { type JsonObject, parseObject } from "./json.ts";
import type { PublicJwk } from "./keys.ts";

const CHARS_MAX = 131_072;

/** Well formed, not yet verified. */
export class CompactJws {
  readonly claims: JsonObject;
  readonly kid: string;
  readonly #algorithm: string;
  readonly #input: Bytes;
  readonly #signature: Bytes;

  /** The JWS of this `typ` in a text; throws Malformed. */
  constructor(text: string, typ: string) {
    const [header, payload, signature, ...more] = text.split(".");
    if (!header || !payload || !signature || more.length > 0 || text.length > CHARS_MAX) {
      throw new Malformed(`a compact JWS has three parts and at most ${CHARS_MAX} characters`);
    }
    const members = parseObject(parseUtf8(parseBase64url(header)));
    if (members["typ"] !== typ) throw new Malformed(`typ is ${typ}`);
    this.claims = parseObject(parseUtf8(parseBase64url(payload)));
    this.kid = String(members["kid"]);
    this.#algorithm = String(members["alg"]);
    this.#input = utf8(`${header}.${payload}`);
    this.#signature = parseBase64url(signature);
  }

  /** Whether this very key signed. */
  async verify(key: PublicJwk): Promise<boolean> {
    const isNamed = key.algorithm === this.#algorithm && (await key.kid()) === this.kid;
    return isNamed && (await key.verify(this.#input, this.#signature));
  }
}
