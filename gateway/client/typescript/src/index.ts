/** Client of a Tongguan gateway for Node.js (20 and newer) and browsers. */

export { Malformed } from "./bytes.ts";
export { type ClientOptions, GatewayClient, GatewayRefused, type Verdict } from "./client.ts";
export type { Json, JsonObject } from "./json.ts";
export { CompactJws } from "./jws.ts";
export { type Algorithm, PublicJwk, SigningKey } from "./keys.ts";
export { Receipt } from "./receipt.ts";
export { type RecordDraft, recordNumber, type SignedRecord, signRecord } from "./record.ts";
export { provesWebhook, verifyWebhook } from "./webhooks.ts";
