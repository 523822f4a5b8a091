// Elements and values: everything becomes text nodes, so nothing that a member said is ever read as markup.

import { h } from "./vendor/preact.js";

import { codeWord } from "./codes.js";
import { isChinese } from "./words.js";

/** An element with attributes, listeners (functions, by event) and children; strings become text, null is left out. */
export function el(name, attributes = {}, ...children) {
  if (typeof name !== "string") return h(name, attributes, ...children);
  const properties = {};
  for (const [key, value] of Object.entries(attributes)) {
    // A property that is true or false: the text "false" would be true.
    if (key === "spellcheck") properties[key] = value === "true";
    else if (value === null || value === undefined || value === false) continue;
    else properties[typeof value === "function" && key !== "ref" ? `on${key}` : key] = value;
  }
  return h(name, properties, ...children);
}

/** Stands where nothing was said. */
export function nothing() {
  return el("span", { class: "none" }, "—");
}

let offsetHours = 0;

/** Sets the zone in which times are shown: whole hours east of UTC. */
export function setZone(hours) {
  offsetHours = hours;
}

/** What stands behind a shown time. */
export function zoneName() {
  return offsetHours === 0 ? "UTC" : `UTC+${offsetHours}`;
}

/** A time as people read it; the text as its source wrote it stands in the title. */
export function time(utc, said) {
  if (!utc) return nothing();
  const moment = new Date(utc);
  if (Number.isNaN(moment.getTime())) return String(utc);
  const shifted = new Date(moment.getTime() + offsetHours * 3_600_000).toISOString();
  const shown = `${shifted.slice(0, 10)} ${shifted.slice(11, 19)}`;
  return el("time", { datetime: utc, title: said && said !== utc ? said : `${utc}` }, shown);
}

/** Unix seconds as a time. */
export function seconds(at) {
  return at === null || at === undefined ? nothing() : time(new Date(at * 1000).toISOString().replace(".000Z", "Z"));
}

/** A decimal string with thousands set apart; digits behind the point stay, or lose zeros beyond `keep`. */
export function decimal(text, keep = 2) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text));
  if (!match) return String(text);
  const [, sign, whole, fraction = ""] = match;
  let behind = fraction;
  while (behind.length > keep && behind.endsWith("0")) behind = behind.slice(0, -1);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return sign + grouped + (behind ? `.${behind}` : "");
}

/** A fraction as percent, without rounding. */
export function percent(text) {
  const match = /^(\d+)\.(\d{6})$/.exec(String(text));
  if (!match) return String(text);
  const millionths = BigInt(match[1]) * 1_000_000n + BigInt(match[2]);
  const rest = String(millionths % 10_000n).padStart(4, "0").replace(/0+$/, "");
  return `${millionths / 10_000n}${rest ? `.${rest}` : ""} %`;
}

/** A number with its unit or currency; the text as said stands in the title. */
export function measure(said) {
  const unit = said.currency ?? codeWord("uncefact-rec-20", said.unit, isChinese()) ?? said.unit ?? "";
  const shown = decimal(said.value, said.currency ? 5 : 0);
  return el("span", { class: "measure", title: `${said.value} ${said.currency ?? said.unit ?? ""}` }, `${shown}\u00a0${unit}`);
}

/** A coded value: what it means and the code; the code list and its source's name stand in the title. */
export function code(said) {
  if (said === null || said === undefined) return nothing();
  if (typeof said !== "object") return String(said);
  const title = [said.system, said.name, said.means].filter(Boolean).join(" · ");
  const name = codeWord(said.system, said.value, isChinese()) ?? said.name;
  const shown = name ? [name, " ", el("span", { class: "code" }, said.value)] : [said.value];
  return el("span", { title, class: said.known === false ? "unknown" : null }, shown);
}

/** Any JSON value of a record, shown as what it is. */
export function value(said, word) {
  if (said === null || said === undefined) return nothing();
  if (typeof said === "boolean") return word(said ? "yes" : "no");
  if (typeof said !== "object") return String(said);
  if (Array.isArray(said)) return said.map((one, place) => [place ? "; " : "", value(one, word)]);
  if ("utc" in said) return time(said.utc, said.said);
  if ("value" in said && ("unit" in said || "currency" in said)) return measure(said);
  if ("system" in said) return code(said);
  if ("mark" in said) return [`${word(said.mark)} `, said.rate ? percent(said.rate) : value(said.amount, word)];
  const parts = Object.entries(said).map(([name, one], place) => [
    place ? ", " : "",
    el("span", { class: "field" }, `${word(name)} `),
    value(one, word),
  ]);
  return el("span", {}, parts);
}

/** A table with a caption, headings and rows; a row is a list of cells, or {cells, ...attributes}. */
export function table(caption, headings, rows) {
  const heads = headings.map((one) => el("th", { scope: "col", class: one.number ? "number" : null }, one.text ?? one));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, heads)),
      el("tbody", {}, rows.map((row) => tableRow(row, headings)))));
}

function tableRow(row, headings) {
  const { cells, ...attributes } = Array.isArray(row) ? { cells: row } : row;
  return el("tr", attributes, cells.map((cell, place) => {
    if (cell?.type === "th") return cell;
    return el("td", { class: headings[place]?.number ? "number" : null }, cell);
  }));
}
