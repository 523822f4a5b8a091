/** Reads questions, one JSON object a line, and answers each with one line: what the built client says of it. */

import { createInterface } from "node:readline";
import { CompactJws, GatewayClient, GatewayRefused, Malformed, PublicJwk, Receipt, SigningKey } from "../dist/index.js";
import { provesWebhook, recordNumber, signRecord, verifyWebhook } from "../dist/index.js";
import { keepIn } from "../dist/node.js";

const bytes = (text) => new TextEncoder().encode(text);

async function sign({ pem, passphrase, draft, salts }) {
  const key = await SigningKey.parse(pem, passphrase);
  const left = [...(salts ?? [])];
  const record = await signRecord(draft, key, salts === undefined ? undefined : () => left.shift());
  return { text: record.text, record_id: record.recordId, kid: key.kid, jwk: key.publicJwk.members };
}

async function submit({ urls, pem, passphrase, member, folder, drafts, gateway_keys: gatewayKeys }) {
  const key = await SigningKey.parse(pem, passphrase);
  const client = new GatewayClient({ baseUrls: urls, key, member, keep: keepIn(folder) });
  const consortium = await client.consortium();
  const records = [];
  for (const draft of drafts) records.push(await signRecord({ ...draft, consortium }, key));
  const verdicts = await client.submitBulk(records);
  const again = await client.submit(records[0]);
  const receipts = verdicts.filter(({ receipt }) => receipt !== null).map(({ receipt }) => receipt);
  const known = await Promise.all(gatewayKeys.map(async (jwk) => [await PublicJwk.of(jwk).kid(), PublicJwk.of(jwk)]));
  const keys = new Map(known);
  const verified = await Promise.all([...receipts, again].map((receipt) => receipt.verify(keys.get(receipt.kid))));
  let refusal = null;
  try {
    await client.get("/v1/consignments/none");
  } catch (error) {
    if (!(error instanceof GatewayRefused)) throw error;
    refusal = error.status;
  }
  return {
    record_ids: records.map(({ recordId }) => recordId),
    receipts: receipts.map(({ text }) => text),
    problems: verdicts.map(({ problem }) => problem?.code ?? null),
    is_verified: verified.every(Boolean),
    again: again.recordId,
    refusal,
  };
}

const ANSWERS = {
  sign,
  submit,
  number: async ({ secret, identity }) => recordNumber(secret, ...identity),
  receipt: async ({ text, jwk }) => {
    const receipt = Receipt.parse(text);
    return { claims: receipt.claims, verifies: await receipt.verify(PublicJwk.of(jwk)) };
  },
  webhook: async ({ headers, body, secret, now_s: nowS }) => verifyWebhook(headers, bytes(body), secret, nowS),
  proves: async ({ header, body, jwk, member, webhook }) =>
    provesWebhook(header, bytes(body), PublicJwk.of(jwk), member, webhook),
  jws: async ({ text, typ, jwk }) => new CompactJws(text, typ).verify(PublicJwk.of(jwk)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = await ANSWERS[question.ask](question);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    answer = "malformed";
  }
  console.log(JSON.stringify(answer));
}
