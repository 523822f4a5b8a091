/** Talks to the gateways of a consortium as one member: to the first that answers, in the order given. */

import { base64url, Malformed } from "./bytes.ts";
import { type JsonObject, parseObject } from "./json.ts";
import type { SigningKey } from "./keys.ts";
import { Receipt } from "./receipt.ts";
import type { SignedRecord } from "./record.ts";

const TIMEOUT_MS = 30_000;
const ASSERTION_LIFETIME_S = 60;
const TOKEN_MARGIN_S = 20;
const UPLOAD_LINES = 200;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** What a gateway refused, as its RFC 9457 problem document says. */
export class GatewayRefused extends Error {
  override name = "GatewayRefused";
  readonly status: number;
  readonly problem: JsonObject;

  constructor(status: number, problem: JsonObject) {
    const fix = problem["fix"] ? `. ${String(problem["fix"])}` : "";
    super(`${String(problem["detail"] ?? `HTTP ${status}`)}${fix}`);
    this.status = status;
    this.problem = problem;
  }

  /** Whether the same request may succeed later, here or at another gateway. */
  get isTemporary(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** What became of one record of an upload: a receipt, or a problem document. */
export interface Verdict {
  record: SignedRecord;
  receipt: Receipt | null;
  problem: JsonObject | null;
}

export interface ClientOptions {
  /** Gateways' addresses, the preferred one first. */
  baseUrls: string[];
  /** A registered key of the member. */
  key: SigningKey;
  /** The member's USCC. */
  member: string;
  /** Is given each record with its receipt, to keep both; `keepIn` of `./node` writes files. */
  keep?: (record: SignedRecord, receipt: Receipt) => Promise<void>;
}

interface Request {
  method: string;
  path: string;
  mediaType?: string;
  body?: string;
}

/** Sending a record again is safe at each gateway: the same text has the same receipt, and counts once on the chain. */
export class GatewayClient {
  readonly #baseUrls: string[];
  readonly #key: SigningKey;
  readonly #member: string;
  readonly #keep: (record: SignedRecord, receipt: Receipt) => Promise<void>;
  readonly #tokens = new Map<string, { text: string; untilMs: number }>();

  constructor({ baseUrls, key, member, keep }: ClientOptions) {
    if (baseUrls.length === 0) throw new Malformed("a client needs the address of a gateway");
    this.#baseUrls = baseUrls.map((url) => url.replace(/\/+$/, ""));
    this.#key = key;
    this.#member = member;
    this.#keep = keep ?? (async () => undefined);
  }

  /** The receipt for a record; the same record again gives the same one. */
  async submit(record: SignedRecord): Promise<Receipt> {
    const body = record.text;
    const answer = await this.#ask({ method: "POST", path: "/v1/records", mediaType: "application/sd-jwt", body });
    return this.#kept(record, String(parseObject(answer)["receipt"]));
  }

  /** A verdict for each record, in order. */
  async submitBulk(records: SignedRecord[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (let first = 0; first < records.length; first += UPLOAD_LINES) {
      const portion = records.slice(first, first + UPLOAD_LINES);
      const body = portion.map((record) => `"${record.text}"\n`).join("");
      const request = { method: "POST", path: "/v1/records/bulk", mediaType: "application/x-ndjson", body };
      const lines = (await this.#ask(request)).split("\n").filter((line) => line !== "");
      if (lines.length !== portion.length) {
        throw new Error(`${lines.length} of ${portion.length} records were answered; send them again`);
      }
      for (const [i, record] of portion.entries()) {
        const line = parseObject(lines[i] ?? "");
        const receipt = typeof line["receipt"] === "string" ? await this.#kept(record, line["receipt"]) : null;
        verdicts.push({ record, receipt, problem: receipt ? null : (line["problem"] as JsonObject) });
      }
    }
    return verdicts;
  }

  /** The JSON answer to a question, such as `/v1/consignments/UCR`. */
  async get(path: string): Promise<JsonObject> {
    return parseObject(await this.#ask({ method: "GET", path }));
  }

  /** The consortium's id, as the gateways' trust root says. Compare its fingerprint by another way before you believe it. */
  async consortium(): Promise<string> {
    return String((await this.get("/v1/trust-root"))["consortium"]);
  }

  async #kept(record: SignedRecord, text: string): Promise<Receipt> {
    const receipt = Receipt.parse(text);
    if (receipt.recordId !== record.recordId) throw new Error("the gateway's receipt is for another record");
    await this.#keep(record, receipt);
    return receipt;
  }

  async #ask(request: Request): Promise<string> {
    let last: unknown;
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

  async #askOne(baseUrl: string, request: Request): Promise<string> {
    let answer = await this.#send(baseUrl, request);
    if (answer.status === 401 && this.#tokens.delete(baseUrl)) {
      // It was started again with another key, or our clocks differ: one new token, then its word counts.
      answer = await this.#send(baseUrl, request);
    }
    return checked(answer);
  }

  async #send(baseUrl: string, { method, path, mediaType, body }: Request): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${await this.#token(baseUrl)}` };
    if (mediaType !== undefined) headers["Content-Type"] = mediaType;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return fetch(baseUrl + path, { method, headers, signal, ...(body === undefined ? {} : { body }) });
  }

  async #token(baseUrl: string): Promise<string> {
    const known = this.#tokens.get(baseUrl);
    if (known !== undefined && Date.now() < known.untilMs) return known.text;
    const nowS = Math.floor(Date.now() / 1000);
    const assertion = await this.#key.signCompact("client-authentication+jwt", {
      iss: this.#member,
      sub: this.#member,
      aud: baseUrl,
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      iat: nowS,
      exp: nowS + ASSERTION_LIFETIME_S,
    });
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion,
    });
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = parseObject(await checked(await fetch(`${baseUrl}/v1/token`, { method: "POST", body: form, signal })));
    const lifetimeS = Number(answer["expires_in"]) - TOKEN_MARGIN_S;
    const token = { text: String(answer["access_token"]), untilMs: Date.now() + lifetimeS * 1000 };
    this.#tokens.set(baseUrl, token);
    return token.text;
  }
}

async function checked(answer: Response): Promise<string> {
  const text = await answer.text();
  if (answer.ok) return text;
  let problem: JsonObject = {};
  try {
    problem = parseObject(text);
  } catch (error) {
    // A proxy between us answered with a page of its own; its status is all that counts.
    if (!(error instanceof Malformed)) throw error;
  }
  throw new GatewayRefused(answer.status, problem);
}
