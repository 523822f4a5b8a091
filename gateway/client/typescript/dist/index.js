import {
  Malformed,
  PublicJwk,
  SigningKey,
  base64,
  base64url,
  concat,
  equal,
  hmacSha256,
  parseBase64,
  parseBase64url,
  parseObject,
  parseUtf8,
  sha256,
  utf8,
  writeJson
} from "./shared.js";

// src/jws.ts
var CHARS_MAX = 131072;
var CompactJws = class {
  claims;
  kid;
  #algorithm;
  #input;
  #signature;
  /** The JWS of this `typ` in a text; throws Malformed. */
  constructor(text, typ) {
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
  async verify(key) {
    const isNamed = key.algorithm === this.#algorithm && await key.kid() === this.kid;
    return isNamed && await key.verify(this.#input, this.#signature);
  }
};

// src/receipt.ts
var HASH_BYTES = 32;
var GROUP_MAX = 2048;
var Receipt = class _Receipt {
  /** What to keep: whoever holds it can prove a broken promise. */
  text;
  /** `iss`, `aud`, `record_id`, `entries`, `accepted_at`, `anchor_by`. */
  claims;
  #jws;
  #place;
  constructor(text, claims, jws, place) {
    this.text = text;
    this.claims = claims;
    this.#jws = jws;
    this.#place = place;
  }
  /** The receipt in a text of either form, its signature not checked; throws Malformed. */
  static parse(text) {
    if (!text.includes("~")) {
      const alone = new CompactJws(text, "tongguan-receipt+jwt");
      return new _Receipt(text, alone.claims, alone, null);
    }
    const [signed, leaf, index, path, ...more] = text.split("~");
    if (!signed || !leaf || index === void 0 || path === void 0 || more.length > 0 || !/^(0|[1-9][0-9]{0,3})$/.test(index)) {
      throw new Malformed("a receipt of a group is JWS, leaf, index and path");
    }
    const jws = new CompactJws(signed, "tongguan-receipts+jwt");
    const { size, root, ...shared } = jws.claims;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1 || size > GROUP_MAX) {
      throw new Malformed(`a group has 1 to ${GROUP_MAX} receipts`);
    }
    const raw = parseBase64url(leaf);
    const place = { leaf: raw, index: Number(index), size, path: parseBase64url(path), root: parseBase64url(String(root)) };
    return new _Receipt(text, { ...shared, ...parseObject(parseUtf8(raw)) }, jws, place);
  }
  get recordId() {
    return String(this.claims["record_id"]);
  }
  /** By when the record is anchored, in seconds since 1970 UTC. */
  get anchorBy() {
    return Number(this.claims["anchor_by"]);
  }
  /** The thumbprint of the gateway's key; its JWK stands in the registry (`GET /v1/ledger/keys`). */
  get kid() {
    return this.#jws.kid;
  }
  /** Whether this key of a gateway signed all that the receipt says. */
  async verify(gatewayKey) {
    if (this.#place !== null && !await isIncluded(this.#place)) return false;
    return this.#jws.verify(gatewayKey);
  }
};
async function isIncluded({ leaf, index, size, path, root }) {
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

// src/client.ts
var TIMEOUT_MS = 3e4;
var ASSERTION_LIFETIME_S = 60;
var TOKEN_MARGIN_S = 20;
var UPLOAD_LINES = 200;
var ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
var GatewayRefused = class extends Error {
  name = "GatewayRefused";
  status;
  problem;
  constructor(status, problem) {
    const fix = problem["fix"] ? `. ${String(problem["fix"])}` : "";
    super(`${String(problem["detail"] ?? `HTTP ${status}`)}${fix}`);
    this.status = status;
    this.problem = problem;
  }
  /** Whether the same request may succeed later, here or at another gateway. */
  get isTemporary() {
    return this.status === 429 || this.status >= 500;
  }
};
var GatewayClient = class {
  #baseUrls;
  #key;
  #member;
  #keep;
  #tokens = /* @__PURE__ */ new Map();
  constructor({ baseUrls, key, member, keep }) {
    if (baseUrls.length === 0) throw new Malformed("a client needs the address of a gateway");
    this.#baseUrls = baseUrls.map((url) => url.replace(/\/+$/, ""));
    this.#key = key;
    this.#member = member;
    this.#keep = keep ?? (async () => void 0);
  }
  /** The receipt for a record; the same record again gives the same one. */
  async submit(record) {
    const body = record.text;
    const answer = await this.#ask({ method: "POST", path: "/v1/records", mediaType: "application/sd-jwt", body });
    return this.#kept(record, String(parseObject(answer)["receipt"]));
  }
  /** A verdict for each record, in order. */
  async submitBulk(records) {
    const verdicts = [];
    for (let first = 0; first < records.length; first += UPLOAD_LINES) {
      const portion = records.slice(first, first + UPLOAD_LINES);
      const body = portion.map((record) => `"${record.text}"
`).join("");
      const request = { method: "POST", path: "/v1/records/bulk", mediaType: "application/x-ndjson", body };
      const lines = (await this.#ask(request)).split("\n").filter((line) => line !== "");
      if (lines.length !== portion.length) {
        throw new Error(`${lines.length} of ${portion.length} records were answered; send them again`);
      }
      for (const [i, record] of portion.entries()) {
        const line = parseObject(lines[i] ?? "");
        const receipt = typeof line["receipt"] === "string" ? await this.#kept(record, line["receipt"]) : null;
        verdicts.push({ record, receipt, problem: receipt ? null : line["problem"] });
      }
    }
    return verdicts;
  }
  /** The JSON answer to a question, such as `/v1/consignments/UCR`. */
  async get(path) {
    return parseObject(await this.#ask({ method: "GET", path }));
  }
  /** The consortium's id, as the gateways' trust root says. Compare its fingerprint by another way before you believe it. */
  async consortium() {
    return String((await this.get("/v1/trust-root"))["consortium"]);
  }
  async #kept(record, text) {
    const receipt = Receipt.parse(text);
    if (receipt.recordId !== record.recordId) throw new Error("the gateway's receipt is for another record");
    await this.#keep(record, receipt);
    return receipt;
  }
  async #ask(request) {
    let last;
    for (const baseUrl of this.#baseUrls) {
      try {
        return await this.#askOne(baseUrl, request);
      } catch (error) {
        if (error instanceof GatewayRefused && !error.isTemporary) throw error;
        if (error instanceof Malformed) throw error;
        last = error;
      }
    }
    throw last;
  }
  async #askOne(baseUrl, request) {
    let answer = await this.#send(baseUrl, request);
    if (answer.status === 401 && this.#tokens.delete(baseUrl)) {
      answer = await this.#send(baseUrl, request);
    }
    return checked(answer);
  }
  async #send(baseUrl, { method, path, mediaType, body }) {
    const headers = { Authorization: `Bearer ${await this.#token(baseUrl)}` };
    if (mediaType !== void 0) headers["Content-Type"] = mediaType;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return fetch(baseUrl + path, { method, headers, signal, ...body === void 0 ? {} : { body } });
  }
  async #token(baseUrl) {
    const known = this.#tokens.get(baseUrl);
    if (known !== void 0 && Date.now() < known.untilMs) return known.text;
    const nowS = Math.floor(Date.now() / 1e3);
    const assertion = await this.#key.signCompact("client-authentication+jwt", {
      iss: this.#member,
      sub: this.#member,
      aud: baseUrl,
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      iat: nowS,
      exp: nowS + ASSERTION_LIFETIME_S
    });
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion
    });
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = parseObject(await checked(await fetch(`${baseUrl}/v1/token`, { method: "POST", body: form, signal })));
    const lifetimeS = Number(answer["expires_in"]) - TOKEN_MARGIN_S;
    const token = { text: String(answer["access_token"]), untilMs: Date.now() + lifetimeS * 1e3 };
    this.#tokens.set(baseUrl, token);
    return token.text;
  }
};
async function checked(answer) {
  const text = await answer.text();
  if (answer.ok) return text;
  let problem = {};
  try {
    problem = parseObject(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  throw new GatewayRefused(answer.status, problem);
}

// src/record.ts
var MANY = /* @__PURE__ */ new Set(["ucr", "names", "references", "goods_items", "access"]);
var SALT_BYTES = 16;
async function recordNumber(secret, ...identity) {
  const key = parseBase64url(secret.trim());
  if (key.length !== 32) throw new Malformed("a secret for record numbers has 32 bytes");
  return base64url(await hmacSha256(key, utf8(["tongguan-jti", ...identity].join("\0"))));
}
async function signRecord(draft, key, salts = () => base64url(crypto.getRandomValues(new Uint8Array(SALT_BYTES)))) {
  const { issuer, consortium, number, type, amends, withdraws } = draft;
  if (amends !== void 0 && withdraws !== void 0) throw new Malformed("a record amends or withdraws, not both");
  const claims = {
    iss: issuer,
    aud: consortium,
    iat: draft.issuedAt ?? Math.floor(Date.now() / 1e3),
    jti: number,
    vct: type,
    _sd_alg: "sha-256",
    ...amends === void 0 ? {} : { amends },
    ...withdraws === void 0 ? {} : { withdraws }
  };
  let disclosures = "";
  for (const [name, value] of Object.entries({ ...draft.sections, ucr: draft.ucrs })) {
    const digests = [];
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
function elementsOf(name, value) {
  if (!MANY.has(name)) return [value];
  if (!Array.isArray(value) || value.length === 0) {
    throw new Malformed(`section ${name} is a list of at least one element`);
  }
  return value;
}

// src/webhooks.ts
var TOLERANCE_S = 300;
var SIGNATURES_MAX = 16;
async function verifyWebhook(headers, body, secret, nowS = Date.now() / 1e3) {
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
async function provesWebhook(header, body, gatewayKey, member, webhook) {
  const jws = new CompactJws(header, "tongguan-webhook+jwt");
  const digest = Array.from(await sha256(body), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const { aud, sub, body_sha256: said } = jws.claims;
  return await jws.verify(gatewayKey) && aud === member && sub === webhook && said === digest;
}
export {
  CompactJws,
  GatewayClient,
  GatewayRefused,
  Malformed,
  PublicJwk,
  Receipt,
  SigningKey,
  provesWebhook,
  recordNumber,
  signRecord,
  verifyWebhook
};
