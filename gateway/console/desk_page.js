// The desk: findings that wait, and consignments of my office or my own by state; what is new since I last looked.

import { useEffect, useState } from "./vendor/hooks.js";

import { code, decimal, el, nothing, table } from "./elements.js";
import { Busy, FaultNote, duration, setTitle, useAnswer } from "./parts.js";
import { state } from "./picture.js";
import { keepPreference, preference } from "./preferences.js";
import { address, go } from "./router.js";
import { askJson, download, session } from "./session.js";
import { isChinese, sentence, stateNames, stateWord, word } from "./words.js";

const SEVERITIES = ["H", "M", "I"];
const FINDING_STATES = ["open", "confirmed", "cleared", "ignored", "withdrawn", "any"];
/** What a consignment waits for, by state: where goods stand still, first. */
const OPEN_STATES = ["INSPECTION", "MANUAL_REVIEW", "DETAINED", "ACCEPTED", "ASSESSED", "RELEASED"];

/** The first page of whoever is logged in. */
export function DeskPage({ at, lapse }) {
  const [lookedAt] = useState(() => preference("looked", 0));
  useEffect(() => {
    const timer = setTimeout(() => keepPreference("looked", Math.floor(Date.now() / 1000)), 5_000);
    return () => clearTimeout(timer);
  }, []);
  setTitle(word("desk"));
  return el("div", { id: "desk" },
    el("h1", {}, word("desk"), session.identity.offices.length ? el("span", { class: "small" }, ` ${word("offices")} `, session.identity.offices.map((office) => [code({ system: "cn-customs-office", value: office }), " "])) : null),
    el(Worklist, { at, lapse, lookedAt }),
    el(Consignments, { at, lapse }));
}

function criteria(at, names) {
  const asked = new URLSearchParams();
  for (const name of names) if (at.query.get(name)) asked.set(name, at.query.get(name));
  return asked;
}

/** A choice that stands in the address, so that a filtered list can be sent to a colleague. */
function Choice({ at, name, label, choices, usual = "" }) {
  const change = (event) => {
    const asked = new URLSearchParams(at.query);
    if (event.target.value && event.target.value !== usual) asked.set(name, event.target.value);
    else asked.delete(name);
    go(`${address()}${[...asked].length ? `?${asked}` : ""}`, { replace: true });
  };
  const chosen = at.query.get(name) ?? usual;
  return el("label", {}, el("span", {}, label),
    el("select", { id: `choice-${name}`, change }, choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
}

function Typed({ at, name, label, size }) {
  const change = (event) => {
    const asked = new URLSearchParams(at.query);
    if (event.target.value.trim()) asked.set(name, event.target.value.trim());
    else asked.delete(name);
    go(`${address()}${[...asked].length ? `?${asked}` : ""}`, { replace: true });
  };
  return el("label", {}, el("span", {}, label), el("input", { id: `choice-${name}`, size, maxlength: "64", value: at.query.get(name) ?? "", change }));
}

function Worklist({ at, lapse, lookedAt }) {
  const asked = criteria(at, ["severity", "rule", "state", "office", "broker"]);
  const [more, setMore] = useState({ key: "", lines: [], next: null });
  const key = String(asked);
  const [page, fault] = useAnswer(key, () => askJson(`/v1/findings?${asked}`), lapse);
  const lines = page ? [...page.findings, ...(more.key === key ? more.lines : [])] : [];
  const next = page ? (more.key === key ? more.next : page.next) : null;
  const goOn = async () => {
    const following = await askJson(`/v1/findings?${asked}&cursor=${encodeURIComponent(next)}`);
    setMore({ key, lines: [...(more.key === key ? more.lines : []), ...following.findings], next: following.next });
  };
  return el("section", { class: "sheet", id: "worklist", "aria-labelledby": "worklist-title" },
    el("h2", { id: "worklist-title" }, word("worklist"), page ? el("span", { class: "count" }, ` ${lines.length}${next ? "+" : ""}`) : null),
    el("div", { class: "ask" },
      el(Choice, { at, name: "severity", label: word("severity"), choices: [["", word("any")], ...SEVERITIES.map((one) => [one, sentence(one)])] }),
      el(Choice, { at, name: "state", label: word("stateHead"), usual: "open", choices: FINDING_STATES.map((one) => [one, word(`finding_${one}`)]) }),
      el(Typed, { at, name: "rule", label: word("rule"), size: "6" }),
      el(Typed, { at, name: "office", label: word("office"), size: "6" }),
      el(Typed, { at, name: "broker", label: word("broker"), size: "20" }),
      el("button", { type: "button", click: () => download(`/v1/findings/export?${asked}`) }, word("exportCsv"))),
    fault ? el(FaultNote, { fault }) : null,
    page ? (lines.length ? findingTable(lines, lookedAt) : el("p", {}, word("nothingWaits"))) : fault ? null : el(Busy, {}),
    next ? el("button", { type: "button", click: goOn }, word("more")) : null);
}

const byGravity = (one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) || one.opened_at - other.opened_at;

function findingTable(lines, lookedAt) {
  const rows = [...lines].sort(byGravity).map((line) => ({
    class: `severity-${line.severity}`,
    cells: [
      sentence(line.severity),
      [el("a", { href: address("finding", line.ucr, line.rule) }, line.rule), line.changed_at > lookedAt ? el("span", { class: "new" }, word("isNew")) : null],
      el("span", { class: "said" }, (isChinese() ? line.text_zh ?? line.text : line.text) ?? word(line.state === "withdrawn" ? "noLongerFollows" : "notShownToYou")),
      [el("span", { class: "code" }, line.declarations[0] ?? ""), el("div", { class: "code small hash" }, line.ucr)],
      line.offices.map((office, place) => [place ? ", " : "", code({ system: "cn-customs-office", value: office })]),
      duration(line.waited_s),
      [word(`finding_${line.state}`), line.reopened ? ` · ${word("reopened")}` : "", line.explanations ? ` · ${line.explanations} ${word("answers")}` : ""],
    ],
  }));
  return table(word("worklist"), [word("severity"), word("rule"), word("text"), word("declaration"), word("office"), word("age"), word("stateHead")], rows);
}

/** By which consignments are mine: my office's, my district's, those that I trade or declare. */
function mine(office) {
  const { member, roles, offices } = session.identity;
  const code = session.members.get(member)?.customs_code ?? "";
  if (office || offices.length) return [["office", office || offices[0]]];
  if (roles.includes("CUSTOMS") && code) return [["district", code.slice(0, 2)]];
  if (roles.includes("TRADER")) return [["importer", member]];
  if (roles.includes("BROKER")) return [["broker", member]];
  return [];
}

function Consignments({ at, lapse }) {
  const asked = new URLSearchParams(mine(at.query.get("office")));
  const status = at.query.get("status") ?? "";
  if (status) asked.set("status", status);
  const isAsked = [...asked].length > 0;
  const [page, fault] = useAnswer(String(asked), () => (isAsked ? askJson(`/v1/search?${asked}`) : Promise.resolve({ hits: [], next: null })), lapse);
  return el("section", { class: "sheet", id: "consignments", "aria-labelledby": "consignments-title" },
    el("h2", { id: "consignments-title" }, word("consignments"), page ? el("span", { class: "count" }, ` ${page.hits.length}${page.next ? "+" : ""}`) : null),
    el("div", { class: "ask" },
      el(Choice, { at, name: "status", label: word("stateHead"), choices: [["", word("any")], ...[...new Set([...OPEN_STATES, ...stateNames])].map((one) => [one, stateWord(one)])] }),
      el(Choice, { at, name: "sort", label: word("sortedBy"), choices: [["", word("ucr")], ["due", word("due")]] }),
      isAsked ? el("button", { type: "button", click: () => download(`/v1/search/export?format=csv&${asked}`) }, word("exportCsv")) : null),
    fault ? el(FaultNote, { fault }) : null,
    !isAsked ? el("p", {}, word("chooseState")) : page ? hitTable(at.query.get("sort") === "due" ? [...page.hits].sort(byDue) : page.hits) : fault ? null : el(Busy, {}));
}

/** What is due first stands first; what waits for nothing, last. */
const byDue = (one, other) => (one.due_by ?? "9999").localeCompare(other.due_by ?? "9999") || one.ucr.localeCompare(other.ucr);

/** A day by which something is due, marked once it has passed. */
function due(line) {
  if (!line.due_by) return nothing();
  const isLate = line.due_by.slice(0, 10) < new Date().toISOString().slice(0, 10);
  return el("span", { class: isLate ? "warn" : null }, line.due_by.slice(0, 10), " ", el("span", { class: "small" }, line.due), isLate ? ` · ${word("overdue")}` : "");
}

/** Consignments that a search found. */
export function hitTable(hits, matched = null) {
  if (!hits.length) return el("p", {}, word("noHits"));
  const rows = hits.map((line, at) => [
    el("a", { class: "code hash", href: address("consignment", line.ucr) }, line.ucr),
    line.declarations.map((number) => el("div", { class: "code" }, number)), state(line.state), due(line), line.goods.join("、"), decimal(line.records),
    ...(matched ? [matched[at].map((name) => word(`match_${name}`)).join(", ")] : [])]);
  return table(word("hits"), [word("ucr"), word("declaration"), word("stateHead"), word("due"), word("goods"), { text: word("records"), number: true }, ...(matched ? [word("foundAs")] : [])], rows);
}

