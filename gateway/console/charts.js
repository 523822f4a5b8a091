// Small charts in SVG: bars, columns, lines. Each is an image with a name; its numbers stand in the table beside it.
// Colours come from the style sheet, so that dark, forced colours and print hold for charts too.

import { el } from "./elements.js";

const WIDTH = 640;
const ROW = 26;
const LABEL = 190;
const FIGURE = 70;
const HEIGHT = 200;
const LEFT = 46;
const FOOT = 22;
const TICKS = 4;

/** Horizontal bars, one a row; a row's parts stand one after another. Rows: {label, parts: [{value, kind}], figure}. */
export function barChart(name, rows) {
  const most = Math.max(1e-9, ...rows.map((row) => sum(row.parts)));
  const room = WIDTH - LABEL - FIGURE;
  const height = rows.length * ROW + 4;
  return figure(name, height, rows.map((row, at) => {
    let from = LABEL;
    const marks = row.parts.map((part) => {
      const width = (part.value / most) * room;
      const mark = el("rect", { class: `mark ${part.kind}`, x: px(from), y: px(at * ROW + 5), width: px(width), height: ROW - 10 });
      from += width;
      return mark;
    });
    const middle = px(at * ROW + ROW / 2 + 4);
    return [el("text", { class: "label", x: LABEL - 8, y: middle, "text-anchor": "end" }, cut(row.label)), ...marks,
      el("text", { class: "label", x: px(from + 6), y: middle }, row.figure)];
  }));
}

/** Columns over an axis of names: {label, value}. */
export function columnChart(name, columns) {
  const axis = axisOf(columns.map((one) => one.value));
  const step = (WIDTH - LEFT) / Math.max(1, columns.length);
  return figure(name, HEIGHT + FOOT, [
    grid(axis),
    columns.map((one, at) => {
      const height = (one.value / axis.most) * (HEIGHT - 10);
      return [el("rect", { class: "mark first", x: px(LEFT + at * step + step * 0.12), y: px(HEIGHT - height), width: px(step * 0.76), height: px(height) }), nameBelow(one.label, at, step)];
    }),
  ]);
}

/** Lines over an axis of names; a value that is null is a gap. Lines: {kind, label, values}. */
export function lineChart(name, names, lines) {
  const axis = axisOf(lines.flatMap((line) => line.values.filter((one) => one !== null)));
  const step = (WIDTH - LEFT) / Math.max(1, names.length);
  const spot = (value, at) => [px(LEFT + (at + 0.5) * step), px(HEIGHT - (value / axis.most) * (HEIGHT - 10))];
  return figure(name, HEIGHT + FOOT, [
    grid(axis),
    names.map((label, at) => nameBelow(label, at, step)),
    lines.map((line) => {
      const known = line.values.map((value, at) => (value === null ? null : [...spot(value, at)]));
      const path = known.map((one, at) => (one ? `${at && known[at - 1] ? "L" : "M"}${one[0]} ${one[1]}` : "")).join("");
      return [el("path", { class: `line ${line.kind}`, d: path }), known.filter(Boolean).map(([x, y]) => el("circle", { class: `mark ${line.kind}`, cx: x, cy: y, r: 3 }))];
    }),
  ]);
}

/** What the kinds of marks stand for. */
export function legend(kinds) {
  return el("p", { class: "legend small" }, kinds.map(([kind, text]) => el("span", {}, el("svg", { class: "key", viewBox: "0 0 12 12", "aria-hidden": "true" }, el("rect", { class: `mark ${kind}`, width: 12, height: 12 })), text)));
}

function figure(name, height, children) {
  return el("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": name }, children);
}

function grid(axis) {
  return axis.ticks.map((value) => {
    const y = px(HEIGHT - (value / axis.most) * (HEIGHT - 10));
    return [el("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y, y2: y }), el("text", { class: "label", x: LEFT - 6, y: px(Number(y) + 4), "text-anchor": "end" }, String(value))];
  });
}

const nameBelow = (label, at, step) => el("text", { class: "label", x: px(LEFT + (at + 0.5) * step), y: HEIGHT + 16, "text-anchor": "middle" }, label);

/** Ticks at round numbers from nothing to beyond the greatest value. */
function axisOf(values) {
  const greatest = Math.max(1, ...values);
  const power = 10 ** Math.floor(Math.log10(greatest / TICKS));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one * TICKS >= greatest);
  const ticks = Array.from({ length: Math.ceil(greatest / step) + 1 }, (_, at) => Number((at * step).toPrecision(6)));
  return { ticks, most: ticks[ticks.length - 1] };
}

const sum = (parts) => parts.reduce((total, part) => total + part.value, 0);
const px = (number) => String(Math.round(number * 10) / 10);
const cut = (text) => (text.length > 26 ? `${text.slice(0, 25)}…` : text);
