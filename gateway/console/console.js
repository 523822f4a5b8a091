// The console: a token in memory, one question at a time, the answer drawn. Nothing is stored, nothing comes from outside.

import { el, fill, nothing, seconds, setZone, table, time, zoneName } from "./elements.js";
import { Picture, fieldOrWord, standing, state } from "./picture.js";
import { conditionWord, isChinese, lookedAt, roleWord, setLanguage, stateNames, stateWord, word } from "./words.js";

const RECEIPT_HEADER = "Tongguan-Read-Receipt";
const LOG_SHOWN = 25;
const CRITERIA = ["declaration", "transport_document", "master_bill", "container", "order", "invoice", "tax_bill", "payment", "broker", "importer", "office", "district", "cop", "pre"];

const $ = (id) => document.getElementById(id);
/** All that the page knows; it ends with the page. */
const page = { token: "", claims: null, members: new Map(), answer: null, log: null, hits: null, asking: 0 };

class Problem extends Error {
  constructor(said, status) {
    super(said.detail ?? said.title ?? `HTTP ${status}`);
    this.said = said;
    this.status = status;
  }
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${page.token}` }, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
  return answer;
}

/** Runs one question: says that it is asked, shows what went wrong, and drops an answer that a newer question overtook. */
async function during(work) {
  const mine = ++page.asking;
  fill($("alert"));
  $("busy").textContent = word("busy");
  $("busy").className = "";
  try {
    await work(() => mine === page.asking);
  } catch (fault) {
    if (mine === page.asking) showFault(fault);
  } finally {
    if (mine === page.asking && $("busy").textContent === word("busy")) $("busy").textContent = "";
  }
}

function showFault(fault) {
  if (!(fault instanceof Problem)) {
    fill($("alert"), el("p", {}, fault instanceof TypeError && !navigator.onLine ? word("noConnection") : `${word("noConnection")} ${fault.message}`));
    return;
  }
  const { said, status } = fault;
  if (status === 401) showEntrance(true);
  fill($("alert"), el("p", {}, el("b", {}, (isChinese() ? said.title_zh : said.title) ?? `HTTP ${status}`), " ", status === 401 ? word("lapsed") : fault.message),
    said.fix ? el("p", {}, said.fix) : null,
    el("p", { class: "small code" }, `HTTP ${status} · ${said.code ?? ""} · ${word("trace")} ${said.trace_id ?? ""}`));
}

/** The claims of a compact JWS, unverified: for showing who asks and when the token lapses. */
function claimsOf(jws) {
  const [, payload] = jws.split(".");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function useToken(said) {
  let claims;
  try {
    claims = claimsOf(said.trim());
    if (typeof claims.sub !== "string" || typeof claims.exp !== "number") throw new TypeError("claims");
  } catch {
    fill($("alert"), el("p", {}, word("noToken")));
    return;
  }
  await during(async () => {
    const before = page.token;
    page.token = said.trim();
    try {
      page.members = await allMembers();
    } catch (fault) {
      page.token = before;
      throw fault;
    }
    if (page.claims?.sub !== claims.sub) clearPicture();
    page.claims = claims;
    $("token").value = "";
    showEntrance(false);
    showWho();
    $("ucr").focus();
  });
}

/** Every member with its roles, from the registry. */
async function allMembers() {
  const found = new Map();
  for (let after = ""; after !== null;) {
    const said = await (await ask(`/v1/ledger/members?limit=100&after=${encodeURIComponent(after)}`)).json();
    for (const one of said.members) found.set(one.uscc, one);
    after = said.next;
  }
  return found;
}

function forget() {
  Object.assign(page, { token: "", claims: null, members: new Map(), hits: null });
  page.asking += 1;
  clearPicture();
  fill($("hits"));
  fill($("alert"));
  $("busy").textContent = "";
  for (const form of ["token-form", "ucr-form", "search-form"]) $(form).reset();
  showEntrance(true);
  showWho();
}

function clearPicture() {
  page.answer = page.log = null;
  fill($("picture"));
}

function showEntrance(open) {
  $("entrance").hidden = !open;
  $("desk").hidden = !page.claims;
  $("forget").hidden = !page.claims;
  if (open) $("token").focus();
}

function showWho() {
  if (!page.claims) {
    fill($("who"));
    return;
  }
  const line = page.members.get(page.claims.sub);
  const left = Math.max(0, Math.floor(page.claims.exp - Date.now() / 1000));
  fill($("who"), el("span", { class: "code" }, page.claims.sub), line ? ` ${line.roles.map(roleWord).join(" · ")} · ${word(line.kind)}` : "",
    el("span", { class: left ? "small" : "small warn"}, left ? ` · ${word("lapsesIn")} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : ` · ${word("tokenLapsed")}`));
}

function lookUp(ucr) {
  return during(async (isNewest) => {
    const answer = await ask(`/v1/consignments/${encodeURIComponent(ucr)}`);
    const view = await answer.json();
    if (!isNewest()) return;
    page.answer = { view, receipt: answer.headers.get(RECEIPT_HEADER), at: new Date().toISOString() };
    page.log = null;
    $("ucr").value = view.ucr;
    draw();
    $("picture-title").focus();
    $("busy").textContent = `${word("shown")} ${view.ucr}`;
    $("busy").className = "unseen";
    await refreshLog(isNewest);
  });
}

/** Who has looked: asked after the picture, so that the read just made stands in it. */
async function refreshLog(isNewest = () => true) {
  const { view } = page.answer;
  if (view.reader.own_records_only) return;
  const log = await (await ask(`/v1/access-log?ucr=${encodeURIComponent(view.ucr)}`)).json();
  if (!isNewest()) return;
  page.log = log.reads;
  fill($("access-content"), accessLog(new Picture(view, page.members, page.claims.sub), false));
}

/** Saves an answer as a file; the gateway's own file name is used. */
function download(path) {
  return during(async () => {
    const answer = await ask(path);
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "tongguan.json";
    const url = URL.createObjectURL(await answer.blob());
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    if (page.answer) await refreshLog();
  });
}

function draw() {
  const { view, receipt, at } = page.answer;
  const picture = new Picture(view, page.members, page.claims.sub);
  const path = `/v1/consignments/${encodeURIComponent(view.ucr)}`;
  const sections = picture.sections();
  sections.push(["records", word("records"), view.records.length, picture.records((id) => download(`/v1/records/${id}/bundle`))]);
  sections.push(["receipt", word("receipt"), null, readReceipt(picture, receipt)]);
  sections.push(["access", word("access"), null, el("div", { id: "access-content" }, accessLog(picture, false))]);
  fill($("picture"),
    el("header", { class: "title" },
      el("div", {}, el("h1", { id: "picture-title", tabindex: "-1" }, el("span", { class: "small" }, `${word("ucr")} `), el("span", { class: "code" }, view.ucr)),
        el("p", { class: "small" }, `${word("readBy")} `, picture.member(view.reader.member), ` · ${view.reader.conditions.map(conditionWord).join(", ")} · `, time(at), ` ${zoneName()}`),
        view.reader.takes_part_because ? el("p", { class: "small" }, picture.standing()) : null),
      el("p", { class: "actions" },
        view.reader.own_records_only ? null : el("button", { type: "button", id: "download", click: () => download(`${path}/bundle`) }, word("downloadBundle")),
        el("button", { type: "button", click: () => window.print() }, word("print")))),
    picture.summary(),
    el("div", { class: "columns" },
      el("nav", { "aria-label": word("sections") }, el("ul", {}, sections.map(([id, title, count]) =>
        el("li", {}, el("a", { href: `#${id}` }, id === "weights" ? word("weight") : title, count === null ? null : el("span", { class: "count" }, ` ${count}`)))))),
      el("div", { class: "sections" }, sections.map(([id, title, , content]) =>
        el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), content)))));
}

function readReceipt(picture, receipt) {
  if (!receipt) return el("p", {}, word("noReceipt"));
  const claims = claimsOf(receipt);
  const pairs = [
    [word("signedBy"), picture.member(claims.iss)],
    [word("reader"), picture.member(claims.sub)],
    [word("when"), seconds(claims.iat)],
    [word("accessRecords"), claims.access_records.map((one) => el("div", { class: "code" }, one))],
  ];
  return [el("p", {}, word("receiptAbout")),
    el("dl", { class: "fields" }, pairs.map(([name, said]) => el("div", {}, el("dt", {}, name), el("dd", {}, said)))),
    el("details", {}, el("summary", {}, word("receiptText")), el("p", { class: "code hash", id: "receipt-text" }, receipt))];
}

function accessLog(picture, all) {
  if (picture.view.reader.own_records_only) return el("p", {}, word("accessNotYours"));
  if (page.log === null) return el("p", {}, word("busy"));
  if (!page.log.length) return el("p", {}, word("noAccess"));
  const lines = all ? page.log : page.log.slice(0, LOG_SHOWN);
  const rows = lines.map(({ access, record, state: far, batch, block }) => [
    access ? time(access.at.utc) : nothing(),
    access ? picture.member(access.reader) : word("whoWithheld"),
    access ? lookedAt(access.view) : nothing(),
    standing(far), batch === null ? nothing() : `${batch} / ${block}`,
    el("span", { class: "code", title: record }, `${record.slice(0, 10)}…`),
    access ? el("span", { class: "small" }, access.sections.map(fieldOrWord).join(", ")) : nothing()]);
  return [el("p", {}, word("accessAbout")),
    table(word("access"), [word("when"), word("reader"), word("looked"), word("proof"), { text: `${word("batch")} / ${word("block")}`, number: true }, word("record"), word("sectionsShown")], rows),
    lines.length < page.log.length ? el("button", { type: "button", click: () => fill($("access-content"), accessLog(picture, true)) }, `${word("showAll")} (${page.log.length})`) : null];
}

/** The criteria that were filled in, as a query. */
function criteria() {
  const said = new URLSearchParams();
  if ($("criterion-value").value.trim()) said.set($("criterion").value, $("criterion-value").value.trim());
  for (const [id, name] of [["goods-words", "goods"], ["hs", "hs"], ["state", "status"], ["from", "from"], ["to", "to"]]) {
    if ($(id).value.trim()) said.set(name, $(id).value.trim());
  }
  return said;
}

function search(cursor) {
  const said = criteria();
  if (![...said].length) {
    fill($("hits"), el("p", {}, word("nothingAsked")));
    return Promise.resolve();
  }
  if (cursor) said.set("cursor", cursor);
  return during(async (isNewest) => {
    const found = await (await ask(`/v1/search?${said}`)).json();
    if (!isNewest()) return;
    page.hits = { hits: cursor ? [...page.hits.hits, ...found.hits] : found.hits, next: found.next };
    drawHits();
  });
}

function drawHits() {
  if (!page.hits) return;
  const { hits, next } = page.hits;
  const rows = hits.map((one) => [
    el("button", { type: "button", class: "link code", click: () => lookUp(one.ucr) }, one.ucr),
    one.declarations.map((number) => el("div", { class: "code" }, number)), state(one.state), one.goods.join("、"), String(one.records)]);
  const found = hits.length ? table(word("hits"), [word("ucr"), word("declaration"), word("stateHead"), word("goods"), { text: word("records"), number: true }], rows)
    : next ? null : el("p", {}, word("noHits"));
  fill($("hits"), found, next ? el("button", { type: "button", click: () => search(next) }, word("more")) : null);
}

/** Every word of the page in the language chosen; what stands in forms is left as it is. */
function translate() {
  document.documentElement.lang = isChinese() ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
  const criterion = $("criterion").value || CRITERIA[0];
  fill($("criterion"), CRITERIA.map((name) => el("option", { value: name, selected: name === criterion }, name === "broker" ? roleWord("BROKER") : fieldOrWord(name))));
  const wanted = $("state").value;
  fill($("state"), ["", ...stateNames].map((name) => el("option", { value: name, selected: name === wanted }, name ? stateWord(name) : word("any"))));
  showWho();
  drawHits();
  if (page.answer) draw();
}

function start() {
  const language = navigator.language.startsWith("zh") ? "zh" : "en";
  $("language").value = language;
  setLanguage(language);
  $("language").addEventListener("change", (event) => {
    setLanguage(event.target.value);
    translate();
  });
  $("zone").addEventListener("change", (event) => {
    setZone(Number(event.target.value));
    if (page.answer) draw();
  });
  $("forget").addEventListener("click", forget);
  for (const [form, work] of [["token-form", () => useToken($("token").value)], ["ucr-form", () => lookUp($("ucr").value.trim())], ["search-form", () => search("")]]) {
    $(form).addEventListener("submit", (event) => {
      event.preventDefault();
      work();
    });
  }
  $("token-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) await useToken(await file.text());
    event.target.value = "";
  });
  $("export").addEventListener("click", () => {
    const said = criteria();
    if ([...said].length) download(`/v1/search/export?format=csv&${said}`);
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("#picture details").forEach((one) => { one.open = true; }));
  setInterval(showWho, 1_000);
  showEntrance(true);
  translate();
}

start();
