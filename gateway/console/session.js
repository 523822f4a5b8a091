// Who is logged in, and how the gateway is asked: with the session's cookie, or with a token in this page's memory.

/** All that the page knows of who it is; `token` ends with the page. */
export const session = { identity: null, members: new Map(), token: "", claims: null };

export class Problem extends Error {
  constructor(document, status) {
    super(document.detail ?? document.title ?? `HTTP ${status}`);
    this.document = document;
    this.status = status;
  }
}

/** The answer to a request; throws a Problem with what the gateway says against it. */
export async function ask(path, { method = "GET", body, type = "application/json" } = {}) {
  const headers = {};
  if (session.token) headers.Authorization = `Bearer ${session.token}`;
  if (body !== undefined) headers["Content-Type"] = type;
  const answer = await fetch(path, {
    method, headers, cache: "no-store", referrerPolicy: "no-referrer", credentials: session.token ? "omit" : "same-origin",
    body: body === undefined ? undefined : type === "application/json" ? JSON.stringify(body) : body,
  });
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
  return answer;
}

/** The JSON of an answer. */
export async function askJson(path, options) {
  return (await ask(path, options)).json();
}

/** The claims of a compact JWS, unverified: for showing who asks and when the token lapses. */
export function claimsOf(jws) {
  const [, payload] = jws.split(".");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Takes up the session of this browser's cookie; false where there is none. */
export async function resume() {
  try {
    await become(await askJson("/v1/session"));
    return true;
  } catch (fault) {
    if (fault instanceof Problem && [401, 403, 404].includes(fault.status)) return false;
    throw fault;
  }
}

/** Begins to ask as the one whom a log-in answered. */
export async function become(identity) {
  session.members = await allMembers();
  session.identity = { ...identity, isToken: false };
}

/** Begins to ask with a machine's token; throws TypeError where the text is none. */
export async function useToken(text) {
  const before = session.token;
  const claims = claimsOf(text.trim());
  if (typeof claims.sub !== "string" || typeof claims.exp !== "number") throw new TypeError("claims");
  session.token = text.trim();
  try {
    session.members = await allMembers();
  } catch (fault) {
    session.token = before;
    throw fault;
  }
  const line = session.members.get(claims.sub);
  session.identity = {
    member: claims.sub, roles: line?.roles ?? [], kind: line?.kind ?? "participant", name: "", pseudonym: "",
    rights: ["read"], offices: [], can_dispose: false, may_read_statistics: true, lapses_at: claims.exp, isToken: true,
  };
}

/** Forgets who is logged in; the gateway is told where a session ends. */
export async function leave(everywhere) {
  const wasSession = session.identity && !session.identity.isToken;
  if (wasSession) await ask(everywhere ? "/v1/sessions" : "/v1/session", { method: "DELETE" });
  Object.assign(session, { identity: null, members: new Map(), token: "" });
}

/** Saves an answer as a file; the gateway's own file name is used. */
export async function download(path) {
  const answer = await ask(path);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "tongguan.json";
  save(await answer.blob(), name);
}

/** Saves bytes as a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function allMembers() {
  const members = new Map();
  for (let after = ""; after !== null;) {
    const page = await askJson(`/v1/ledger/members?limit=100&after=${encodeURIComponent(after)}`);
    for (const line of page.members) members.set(line.uscc, line);
    after = page.next;
  }
  return members;
}
