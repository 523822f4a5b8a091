// What a reader wants first: the way of the goods on a line, which facts hold, and goods lined up across sources.

import { decimal, el, measure, nothing, table, time, value } from "./elements.js";
import { fieldOrWord } from "./picture.js";
import { codeWord } from "./codes.js";
import { isChinese, stateWord, typeWord, word } from "./words.js";

const MOMENTS_MAX = 12;
const MOVES = new Set(["ARR", "RCF", "DLV", "DEP", "DISC", "LOAD", "GTOT", "GTIN", "ARRI", "DEPA"]);
const COMPARED = ["hs", "name", "quantity", "unit_price", "total", "origin"];
const VALUE_FIELDS = ["total", "freight", "insurance", "fob", "cif"];

/** The milestones in order: customs' moves, arrivals and departures, tax. */
export function Milestones({ view, picture }) {
  const moments = view.timeline.filter((one) => one.state || (one.type.startsWith("tax.") && one.at_is !== "issued") || (one.code && MOVES.has(one.code.value)) || one.type === "customs.declaration");
  if (!moments.length) return null;
  const shown = moments.slice(-MOMENTS_MAX);
  return el("section", { id: "milestones", "aria-labelledby": "milestones-title" },
    el("h2", { id: "milestones-title", class: "unseen" }, word("milestones")),
    el("ol", { class: "milestones" }, shown.map((one, place) => {
      const hours = place ? (new Date(one.at) - new Date(shown[place - 1].at)) / 3_600_000 : null;
      const name = one.state ? stateWord(one.state) : one.code ? codeWord(one.code.system, one.code.value, isChinese()) ?? one.code.value : typeWord(one.type);
      return el("li", { class: one.state ? `state-${one.state}` : one.type.split(".")[0] },
        hours === null ? null : el("span", { class: "gap" }, hours >= 0.05 ? `${decimal(hours.toFixed(1))} ${word("hour")}` : ""),
        el("b", {}, name), time(one.at), one.at_is === "issued" ? el("span", { class: "small" }, ` ${word("byIssue")}`) : null, picture.source(one.record));
    })));
}

/** Which facts rest on independent sources that agree, on one, or on sources that contradict; those first. */
export function Corroboration({ view, picture }) {
  const order = ["contradict", "single", "agree"];
  const lines = [...view.corroboration].sort((one, other) => order.indexOf(one.grade) - order.indexOf(other.grade));
  if (!lines.length) return null;
  return el("section", { id: "corroboration", class: "sheet", "aria-labelledby": "corroboration-title" },
    el("h2", { id: "corroboration-title" }, word("corroboration")),
    table(word("corroboration"), [word("fact"), word("grade"), word("sources")], lines.map((line) => ({
      class: `grade-${line.grade}`,
      cells: [word(`fact_${line.fact}`), el("b", {}, word(`grade_${line.grade}`)),
        line.sources.map((one) => el("span", { class: "stated" }, el("b", {}, one.value), " ", picture.source(one.record)))],
    }))));
}

/** Goods item by item, a column a source; what differs is marked. Sums of each source beneath. */
export function GoodsSideBySide({ view, picture }) {
  const records = [...new Set(view.goods_items.map((one) => one.record))];
  if (records.length < 2) return null;
  const items = (record) => view.goods_items.filter((one) => one.record === record).map((one) => one.value);
  const ordinals = [...new Set(view.goods_items.map((one) => one.value.ordinal))].sort((one, other) => one - other);
  const rows = ordinals.flatMap((ordinal) => {
    const here = records.map((record) => items(record).find((item) => item.ordinal === ordinal));
    return COMPARED.filter((name) => here.some((item) => item?.[name] !== undefined)).map((name, place) => comparedRow(ordinal, name, place, here));
  });
  rows.push(...sumRows(view, records));
  const heads = records.map((record) => {
    const line = view.records.find((one) => one.record === record);
    return { text: [typeWord(line.type), " ", picture.source(record)] };
  });
  return el("section", { id: "side-by-side", class: "sheet", "aria-labelledby": "side-title" },
    el("h2", { id: "side-title" }, word("sideBySide")),
    table(word("sideBySide"), ["№", word("field"), ...heads], rows));
}

function comparedRow(ordinal, name, place, here) {
  const said = here.map((item) => item?.[name]);
  // Everybody names goods in words of their own: a name that differs says nothing.
  const differs = name !== "name" && isDifferent(said);
  return {
    class: [place ? "" : "begins", differs ? "differs" : ""].filter(Boolean).join(" ") || null,
    cells: [place ? "" : String(ordinal), el("th", { scope: "row" }, fieldOrWord(name), differs ? el("span", { class: "mark" }, ` ≠ ${word("differ")}`) : null), ...said.map(shownValue)],
  };
}

function sumRows(view, records) {
  return VALUE_FIELDS.flatMap((name) => {
    const said = records.map((record) => sumOf(view.values.find((one) => one.record === record)?.value, name));
    if (said.every((one) => one === undefined)) return [];
    const differs = isDifferent(said);
    return [{ class: `total${differs ? " differs" : ""}`, cells: ["", el("th", { scope: "row" }, fieldOrWord(name), differs ? el("span", { class: "mark" }, ` ≠ ${word("differ")}`) : null), ...said.map(shownValue)] }];
  });
}

/** A sum of one source; an invoice calls its total that of its lines. */
function sumOf(values, name) {
  return values?.[name] ?? (name === "total" ? values?.lines_total ?? values?.gross : undefined);
}

function shownValue(said) {
  if (said === undefined || said === null) return nothing();
  if (typeof said === "object" && "value" in said && ("unit" in said || "currency" in said)) return measure(said);
  return value(said, fieldOrWord);
}

/** Whether those who say something say different things; numbers are compared as numbers, names of goods are not. */
function isDifferent(said) {
  const plain = said.filter((one) => one !== undefined && one !== null).map((one) => {
    if (typeof one !== "object") return String(one);
    const amount = Number(one.value);
    return `${Number.isNaN(amount) ? one.value : amount} ${one.currency ?? one.unit ?? ""}`;
  });
  return new Set(plain).size > 1;
}

