// Statistics of all consignments together: times, volumes, findings, corroboration, cost of anchoring. What is chosen
// stands in the address; every chart has its table and its file. Small counts come withheld from the gateway.

import { barChart, columnChart, legend, lineChart } from "./charts.js";
import { codeWord } from "./codes.js";
import { decimal, el, nothing, table } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { address, go } from "./router.js";
import { askJson, download } from "./session.js";
import { isChinese, sentence, word } from "./words.js";

const WAYS = ["office", "mode", "procedure", "direction", "early", "month"];
const STRETCHES = ["release", "gate_out", "arrival_lodging", "discharge_lodging", "lodging_acceptance", "acceptance_release", "inspection_release", "assessment_payment", "payment_release", "release_gate_out"];
const LISTS = { office: "cn-customs-office", mode: "cn-transport-mode", procedure: "cn-trade-mode" };
const STATES = ["open", "confirmed", "cleared", "ignored", "withdrawn"];
const GRADES = ["agree", "single", "contradict"];
const BARS = 12;
const number = { number: true };

/** The page of those to whom the view policy shows the statistics. */
export function StatisticsPage({ at, lapse }) {
  setTitle(word("statistics"));
  const by = at.query.get("by") ?? "office";
  const stretch = at.query.get("stretch") ?? "release";
  const year = at.query.get("year") ?? "";
  const asked = new URLSearchParams({ by, stretch, ...(year ? { year } : {}) });
  const [told, fault] = useAnswer(String(asked), async () => {
    const months = new URLSearchParams({ ...Object.fromEntries(asked), by: "month" });
    const [chosen, monthly] = await Promise.all([askJson(`/v1/statistics?${asked}`), askJson(`/v1/statistics?${months}`)]);
    return { chosen, monthly };
  }, lapse);
  const save = (name) => download(`/v1/statistics/export?table=${name}&${asked}`);
  return el("div", { id: "statistics" }, el("h1", {}, word("statistics")),
    el("div", { class: "ask" },
      el(Choice, { at, name: "by", label: word("tellApartBy"), chosen: by, choices: WAYS.map((one) => [one, word(`by_${one}`)]) }),
      el(Choice, { at, name: "stretch", label: word("stretch"), chosen: stretch, choices: STRETCHES.map((one) => [one, word(`stretch_${one}`)]) }),
      told ? el(Choice, { at, name: "year", label: word("year"), chosen: told.chosen.year, choices: told.chosen.years.map((one) => [one, one]) }) : null),
    fault ? el(FaultNote, { fault }) : told ? parts(told, by, stretch, save) : el(Busy, {}));
}

function Choice({ at, name, label, chosen, choices }) {
  const change = (event) => {
    const asked = new URLSearchParams(at.query);
    asked.set(name, event.target.value);
    go(`${address("statistics")}?${asked}`, { replace: true });
  };
  return el("label", {}, el("span", {}, label),
    el("select", { id: `choice-${name}`, change }, choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text))));
}

function parts({ chosen, monthly }, by, stretch, save) {
  const name = (value) => valueWord(by, value);
  const rests = `${decimal(chosen.total.count ?? 0)} ${word("declarations")} · ${word("countedTo")} ${decimal(chosen.counted_batches)} / ${decimal(chosen.batches)} ${word("batches")}`;
  return [
    el("p", { class: "small" }, word("statisticsAbout"), " ", rests),
    el(Times, { chosen, name, stretch, save }),
    el(Distribution, { chosen, name, save }),
    el(Trend, { chosen, monthly, name, save }),
    el(Volumes, { chosen, monthly, name, save }),
    el(Findings, { lines: chosen.findings, save }),
    el(Grades, { lines: chosen.corroboration, save }),
    el(Anchoring, { lines: chosen.anchoring, save }),
  ];
}

function Part({ id, title, chart, file, save, children }) {
  return el("section", { class: "sheet", id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title), chart, children,
    el("button", { type: "button", click: () => save(file) }, word("exportCsv")));
}

function Times({ chosen, name, stretch, save }) {
  const shown = chosen.times.filter((line) => line.p50_h !== null).slice(0, BARS);
  const rows = shown.map((line) => ({
    label: name(line.value),
    parts: [{ value: line.p50_h, kind: "first" }, { value: line.p80_h - line.p50_h, kind: "second" }, { value: line.p95_h - line.p80_h, kind: "third" }],
    figure: `${line.p50_h} / ${line.p95_h}`,
  }));
  const title = `${word(`stretch_${stretch}`)}, ${word("hours")}`;
  const heads = [word("valueWord"), { text: word("count"), ...number }, { text: word("median"), ...number }, { text: "80 %", ...number }, { text: "95 %", ...number }, { text: word("outliers"), ...number }];
  const cells = (line, label) => [label, figure(line.count), figure(line.p50_h), figure(line.p80_h), figure(line.p95_h), line.outliers === null ? figure(null) : `${decimal(line.outliers)} (> ${decimal(line.outliers_from_h)})`];
  return el(Part, { id: "times", title, file: "times", save, chart: rows.length ? [barChart(title, rows), legend([["first", word("median")], ["second", "80 %"], ["third", "95 %"]])] : el("p", {}, word("nothingCounted")) },
    table(title, heads, [...chosen.times.map((line) => cells(line, name(line.value))), { class: "total", cells: cells(chosen.total, word("together")) }]));
}

function Distribution({ chosen, name, save }) {
  const whole = chosen.distribution.filter((line) => line.value === "");
  const bin = (line) => (line.to_h === null ? `≥ ${line.from_h}` : `${line.from_h}–${line.to_h}`);
  const values = [...new Set(chosen.distribution.map((line) => line.value))].filter(Boolean);
  const at = new Map(chosen.distribution.map((line) => [`${line.value} ${line.from_h}`, line]));
  const title = word("distribution");
  const rows = whole.map((line) => [bin(line), figure(line.count), ...values.map((value) => cell(at.get(`${value} ${line.from_h}`)))]);
  return el(Part, { id: "distribution", title, file: "distribution", save, chart: columnChart(`${title}, ${word("hours")}`, whole.map((line) => ({ label: line.to_h === null ? `≥ ${line.from_h}` : String(line.from_h), value: line.count ?? 0 }))) },
    folded(table(title, [word("hours"), { text: word("together"), ...number }, ...values.map((value) => ({ text: name(value), ...number }))], rows)));
}

function Trend({ chosen, monthly, name, save }) {
  const months = [...monthly.times].sort((one, other) => (one.value < other.value ? -1 : 1));
  const line = (kind, field) => ({ kind, values: months.map((one) => one[field]) });
  const title = word("trend");
  const values = [...new Set(chosen.trend.map((one) => one.value))];
  const at = new Map(chosen.trend.map((one) => [`${one.value} ${one.month}`, one]));
  const heads = [word("month"), { text: word("count"), ...number }, { text: word("median"), ...number }, { text: "80 %", ...number }, { text: "95 %", ...number }, ...values.map((value) => ({ text: `${name(value)}, ${word("median")}`, ...number }))];
  const rows = months.map((one) => [el("span", { class: "whole" }, one.value), figure(one.count), figure(one.p50_h), figure(one.p80_h), figure(one.p95_h), ...values.map((value) => {
    const found = at.get(`${value} ${one.value}`);
    return found ? figure(found.p50_h) : nothing();
  })]);
  return el(Part, { id: "trend", title, file: "trend", save, chart: [lineChart(title, months.map((one) => one.value.slice(2)), [line("first", "p50_h"), line("second", "p80_h"), line("third", "p95_h")]), legend([["first", word("median")], ["second", "80 %"], ["third", "95 %"]])] },
    table(title, heads, rows));
}

function Volumes({ chosen, monthly, name, save }) {
  const months = monthly.volumes.filter((line) => line.month === "").sort((one, other) => (one.value < other.value ? -1 : 1));
  const values = chosen.volumes.filter((line) => line.month === "");
  const at = new Map(chosen.volumes.map((line) => [`${line.value} ${line.month}`, line]));
  const title = word("volumes");
  return el(Part, { id: "volumes", title, file: "volumes", save, chart: columnChart(title, months.map((line) => ({ label: line.value.slice(2), value: line.count ?? 0 }))) },
    table(title, [word("valueWord"), { text: word("year"), ...number }, ...months.map((line) => ({ text: line.value, ...number }))], values.map((line) => [name(line.value), figure(line.count), ...months.map((month) => cell(at.get(`${line.value} ${month.value}`)))])));
}

function Findings({ lines, save }) {
  const title = word("findingsByRule");
  const rules = [...new Set(lines.map((line) => `${line.severity} ${line.rule}`))];
  const at = new Map(lines.map((line) => [`${line.severity} ${line.rule} ${line.state}`, line]));
  const rows = rules.map((rule) => ({ label: rule, parts: STATES.map((state) => ({ value: at.get(`${rule} ${state}`)?.count ?? 0, kind: `state-${state}` })), figure: "" }));
  return el(Part, { id: "findings-by-rule", title, file: "findings", save, chart: rows.length ? [barChart(title, rows), legend(STATES.map((state) => [`state-${state}`, word(`finding_${state}`)]))] : el("p", {}, word("nothingCounted")) },
    rows.length ? table(title, [word("severity"), word("rule"), ...STATES.map((state) => ({ text: word(`finding_${state}`), ...number }))], rules.map((rule) => [sentence(rule.slice(0, 1)), rule.slice(2), ...STATES.map((state) => cell(at.get(`${rule} ${state}`)))])) : null);
}

function Grades({ lines, save }) {
  const title = word("corroboration");
  const facts = [...new Set(lines.map((line) => line.fact))];
  const at = new Map(lines.map((line) => [`${line.fact} ${line.grade}`, line]));
  const rows = facts.map((fact) => ({ label: word(`fact_${fact}`), parts: GRADES.map((grade) => ({ value: at.get(`${fact} ${grade}`)?.count ?? 0, kind: `is-${grade}` })), figure: "" }));
  return el(Part, { id: "grades", title, file: "corroboration", save, chart: rows.length ? [barChart(title, rows), legend(GRADES.map((grade) => [`is-${grade}`, word(`grade_${grade}`)]))] : el("p", {}, word("nothingCounted")) },
    rows.length ? table(title, [word("fact"), ...GRADES.map((grade) => ({ text: word(`grade_${grade}`), ...number }))], facts.map((fact) => [word(`fact_${fact}`), ...GRADES.map((grade) => cell(at.get(`${fact} ${grade}`)))])) : null);
}

function Anchoring({ lines, save }) {
  const title = word("costOfAnchoring");
  return el(Part, { id: "anchoring", title, file: "anchoring", save, chart: columnChart(`${title}: ${word("entries")}`, lines.map((line) => ({ label: line.month.slice(2), value: line.entries }))) },
    table(title, [word("month"), { text: word("batches"), ...number }, { text: word("entries"), ...number }, { text: word("entriesABatch"), ...number }, { text: word("bytes"), ...number }, { text: word("gas"), ...number }, { text: word("gasAnEntry"), ...number }],
      lines.map((line) => [line.month, decimal(line.batches), decimal(line.entries), (line.entries / line.batches).toFixed(1), decimal(line.bytes), decimal(line.gas), decimal(Math.round(line.gas / line.entries))])));
}

const folded = (content) => el("details", {}, el("summary", {}, word("asTable")), content);

/** A figure, or that it is withheld. */
function figure(said) {
  return said === null ? el("span", { class: "withheld", title: word("withheldBelow") }, word("withheldShort")) : decimal(said);
}

const cell = (line) => (line ? figure(line.count) : nothing());

function valueWord(by, value) {
  if (value === "-") return word("notSaid");
  if (value === "+") return word("theRest");
  if (by === "early") return word(value === "yes" ? "lodgedEarly" : "lodgedAfter");
  if (by === "direction") return { I: word("import"), E: word("export") }[value] ?? value;
  const known = LISTS[by] ? codeWord(LISTS[by], value, isChinese()) : undefined;
  return known ? `${value} ${known}` : value;
}
