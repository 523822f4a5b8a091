// Passkeys: the browser's part of logging in. The authenticator shows the person what it signs, and for which site.

import { askJson } from "./session.js";

/** Whether this browser has passkeys at all. */
export const hasPasskeys = () => typeof PublicKeyCredential === "function" && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** Makes a passkey with a one-time link; gives who is logged in then. */
export async function enrol(link) {
  const { public_key: options } = await askJson("/v1/enrolment/options", { method: "POST", body: { link } });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  return askJson("/v1/enrolment", { method: "POST", body: { link, credential: credential.toJSON() } });
}

/** Logs in with any passkey of this site; gives who is logged in then. */
export async function logIn() {
  const { public_key: options } = await askJson("/v1/log-in");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  return askJson("/v1/log-in", { method: "POST", body: { credential: credential.toJSON() } });
}

/** Logs in with a one-time link alone, where the gateway allows it. */
export function useLink(link) {
  return askJson("/v1/log-in/link", { method: "POST", body: { link } });
}

/** Goes to a member's identity provider; a one-time link makes its subject known. The browser leaves this page. */
export async function goToProvider(member, link = "") {
  const { address } = await askJson("/v1/log-in/provider/start", { method: "POST", body: { member, link } });
  location.assign(address);
}

/** Logs in with what a provider sent this browser back with. */
export function returnFromProvider(query) {
  const body = { code: query.get("code") ?? "", state: query.get("state") ?? "", iss: query.get("iss") ?? "" };
  return askJson("/v1/log-in/provider", { method: "POST", body });
}
