// What does not agree, rule by rule, with what was answered and decided; and the officer's decision.

import { useState } from "./vendor/hooks.js";

import { el, seconds, table } from "./elements.js";
import { FaultNote } from "./parts.js";
import { address } from "./router.js";
import { ask, session } from "./session.js";
import { isChinese, roleWord, sentence, word } from "./words.js";

const OUTCOMES = ["confirmed", "cleared", "ignored"];
const ruleOf = (line) => String(line.rule ?? "").split("-")[0];

/** Every finding of a consignment; first those that are open. */
export function Findings({ view, picture, again }) {
  const opinions = new Map(view.opinions.map((line) => [line.rule, line]));
  const rules = [...new Set([...opinions.keys(), ...view.findings.map(ruleOf)])];
  const isOpen = (rule) => ["open", "unsigned", undefined].includes(opinions.get(rule)?.state);
  rules.sort((one, other) => Number(isOpen(other)) - Number(isOpen(one)));
  return el("section", { id: "findings", class: "sheet", "aria-labelledby": "findings-title" },
    el("h2", { id: "findings-title" }, word("findings"), el("span", { class: "count" }, ` ${rules.length}`)),
    rules.length ? rules.map((rule) => el(Finding, { key: rule, rule, opinion: opinions.get(rule), lines: linesOf(view, rule), picture, again }))
      : el("p", {}, word("noFindings")));
}

/** The rule's lines; what a desk signed and this gateway computes alike stands once. */
function linesOf(view, rule) {
  const alike = new Map();
  for (const line of view.findings.filter((one) => ruleOf(one) === rule)) {
    const key = JSON.stringify([line.rule, line.text, line.declared, line.computed]);
    if (!alike.has(key)) alike.set(key, { ...line, records: [] });
    const kept = alike.get(key);
    kept.records = [...new Set([...kept.records, ...line.records.filter(Boolean)])];
  }
  return [...alike.values()];
}

function Finding({ rule, opinion, lines, picture, again }) {
  const severity = opinion?.severity ?? lines[0]?.severity ?? "I";
  const state = opinion?.state ?? "unsigned";
  const signers = (opinion?.signed ?? []).filter((line) => !line.withdrawn);
  return el("section", { class: `finding severity-${severity} ${state}`, id: `finding-${rule}`, tabindex: "-1", "aria-label": `${word("rule")} ${rule}` },
    el("h3", {}, el("span", { class: "gravity" }, sentence(severity)), " ", el("a", { class: "code", href: address("finding", picture.view.ucr, rule) }, rule), " ",
      el("span", { class: "standing" }, word(`finding_${state}`)), opinion?.reopened ? ` · ${word("reopened")}` : null,
      opinion?.opened_at ? [" · ", seconds(opinion.opened_at)] : null),
    lines.map((line) => el("div", { class: "said-line" }, el("p", {}, (isChinese() ? line.text_zh ?? line.text : line.text) ?? word("notShownToYou"), " ", el("span", { class: "code small" }, line.rule)),
      comparison(line, picture))),
    signers.length ? el("p", { class: "small" }, `${word("signedBy")} `, signers.map((line, place) => [place ? ", " : "", picture.member(line.by)]))
      : el("p", { class: "small" }, `${word("foundBy")} ${roleWord("GATEWAY")}`),
    (opinion?.explanations ?? []).map((line) => el("p", { class: "quote" }, picture.member(line.by), ": ", line.text)),
    opinion?.disposition ? el("p", { class: "decision" }, el("b", {}, word(`finding_${opinion.disposition.outcome || "withdrawn"}`)), " · ", picture.member(opinion.disposition.by), " · ", seconds(opinion.disposition.at), ": ", opinion.disposition.reason) : null,
    session.identity.can_dispose && signers.length ? el(Decision, { rule, findings: signers.map((line) => line.record), ucr: picture.view.ucr, again, isOpen: state === "open" }) : null);
}

/** The values that a finding rests on, each with its source. */
function comparison(line, picture) {
  const inputs = (line.inputs ?? []).filter((input) => input.record);
  const sums = [["declared", line.declared], ["computed", line.computed], ["delta", line.delta], ["tolerance", line.tolerance]].filter(([, said]) => said);
  if (!inputs.length && !sums.length) return picture.sources(line.records ?? []);
  return [
    sums.length ? el("p", { class: "sums" }, sums.map(([name, said]) => el("span", {}, `${word(name)} `, el("b", {}, said), " "))) : null,
    el("p", {}, `${word("sources")} `, picture.sources(line.records ?? [])),
    inputs.length ? table(`${word("inputs")} ${line.rule}`, [word("field"), word("text"), word("source")], inputs.map((input) => [el("span", { class: "code" }, input.field), el("b", {}, input.value ?? "—"), picture.source(input.record)])) : null,
  ];
}

function Decision({ rule, findings, ucr, again, isOpen }) {
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  const decide = async (event) => {
    event.preventDefault();
    const { outcome, reason } = event.target.elements;
    setFault(null);
    setBusy(true);
    try {
      await ask("/v1/dispositions", { method: "POST", body: { ucr, rule, findings, outcome: outcome.value, reason: reason.value.trim() } });
      setDone(true);
      again();
    } catch (error) {
      setFault(error);
    }
    setBusy(false);
  };
  return el("details", { class: "decide", open: isOpen && !isDone },
    el("summary", {}, word("decide")),
    fault ? el(FaultNote, { fault }) : null,
    isDone ? el("p", { role: "status" }, word("decided")) : null,
    el("form", { class: "ask", autocomplete: "off", submit: decide },
      el("label", {}, el("span", {}, word("outcome")), el("select", { name: "outcome" }, OUTCOMES.map((one) => el("option", { value: one }, word(`finding_${one}`))))),
      el("label", { class: "wide" }, el("span", {}, word("reason")), el("input", { name: "reason", maxlength: "1000", required: true })),
      el("button", { type: "submit", class: "main", disabled: isBusy }, word("signDecision"))),
    el("p", { class: "small" }, word("decideAbout")));
}
