/** A gateway's signed promise that a record is kept and will be anchored in time; docs/spec/receipts.md. */

import { type Bytes, equal, Malformed, parseBase64url, parseUtf8, sha256 } from "./bytes.ts";
import { type JsonObject, parseObject } from "./json.ts";
import { CompactJws } from "./jws.ts";
import type { PublicJwk } from "./keys.ts";

const HASH_BYTES = 32;
const GROUP_MAX = 2048;

interface Place {
  leaf: Bytes;
  index: number;
  size: number;
  path: Bytes;
  root: Bytes;
}

export class Receipt {
  /** What to keep: whoever holds it can prove a broken promise. */
  readonly text: string;
  /** `iss`, `aud`, `record_id`, `entries`, `accepted_at`, `anchor_by`. */
  readonly claims: JsonObject;
  readonly #jws: CompactJws;
  readonly #place: Place | null;

  private constructor(text: string, claims: JsonObject, jws: CompactJws, place: Place | null) {
    this.text = text;
    this.claims = claims;
    this.#jws = jws;
    this.#place = place;
  }

  /** The receipt in a text of either form, its signature not checked; throws Malformed. */
  static parse(text: string): Receipt {
    if (!text.includes("~")) {
      const alone = new CompactJws(text, "tongguan-receipt+jwt");
      return new Receipt(text, alone.claims, alone, null);
    }
    const [signed, leaf, index, path, ...more] = text.split("~");
    if (!signed || !leaf || index === undefined || path === undefined || more.length > 0 || !/^(0|[1-9][0-9]{0,3})$/.test(index)) {
      throw new Malformed("a receipt of a group is JWS, leaf, index and path");
    }
    const jws = new CompactJws(signed, "tongguan-receipts+jwt");
    const { size, root, ...shared } = jws.claims;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1 || size > GROUP_MAX) {
      throw new Malformed(`a group has 1 to ${GROUP_MAX} receipts`);
    }
    const raw = parseBase64url(leaf);
    const place = { leaf: raw, index: Number(index), size, path: parseBase64url(path), root: parseBase64url(String(root)) };
    return new Receipt(text, { ...shared, ...parseObject(parseUtf8(raw)) }, jws, place);
  }

  get recordId(): string {
    return String(this.claims["record_id"]);
  }

  /** By when the record is anchored, in seconds since 1970 UTC. */
  get anchorBy(): number {
    return Number(this.claims["anchor_by"]);
  }

  /** The thumbprint of the gateway's key; its JWK stands in the registry (`GET /v1/ledger/keys`). */
  get kid(): string {
    return this.#jws.kid;
  }

  /** Whether this key of a gateway signed all that the receipt says. */
  async verify(gatewayKey: PublicJwk): Promise<boolean> {
    if (this.#place !== null && !(await isIncluded(this.#place))) return false;
    return this.#jws.verify(gatewayKey);
  }
}

/** The inclusion proof of RFC 9162, 2.1.3.2. */
async function isIncluded({ leaf, index, size, path, root }: Place): Promise<boolean> {
  if (index >= size || path.length % HASH_BYTES !== 0) return false;
  let position = index;
  let last = size - 1;
  let known = await sha256(Uint8Array.of(0), leaf);
  for (let at = 0; at < path.length; at += HASH_BYTES) {
    if (last === 0) return false;
    const sibling = path.slice(at, at + HASH_BYTES);
    if (position % 2 === 1 || position === last) {
      known = await sha256(Uint8Array.of(1), sibling, known);
      while (position % 2 === 0 && position !== 0) {
        position >>= 1;
        last >>= 1;
      }
    } else {
      known = await sha256(Uint8Array.of(1), known, sibling);
    }
    position >>= 1;
    last >>= 1;
  }
  return last === 0 && equal(known, root);
}
