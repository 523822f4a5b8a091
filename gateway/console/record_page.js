// One record: who said it, where it stands on the chain, every section that the reader sees, and its proof.

import { el, nothing, seconds, value } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { fieldOrWord, standing } from "./picture.js";
import { address } from "./router.js";
import { askJson, download } from "./session.js";
import { typeWord, word } from "./words.js";

/** The page of a record. */
export function RecordPage({ at, lapse }) {
  const id = at.words[1] ?? "";
  const [record, fault] = useAnswer(id, () => askJson(`/v1/records/${encodeURIComponent(id)}`), lapse);
  setTitle(record ? `${typeWord(record.type)} ${id.slice(0, 8)}…` : word("record"));
  if (fault) return el(FaultNote, { fault });
  if (!record) return el(Busy, {});
  const ucrs = (record.sections.ucr ?? []).filter((ucr) => typeof ucr === "string");
  const pairs = [
    [word("record"), el("span", { class: "code hash" }, record.record)],
    [word("issuer"), el("a", { class: "code", href: address("member", record.issuer) }, record.issuer)],
    [word("issued"), seconds(record.issued_at)], [word("anchored"), seconds(record.anchored_at)], [word("proof"), standing(record.state)],
    [word("batch"), record.batch === null ? nothing() : el("a", { href: address("batch", String(record.batch)) }, `${record.batch} / ${record.position}`)],
    [word("block"), record.block === null ? nothing() : el("a", { href: address("block", String(record.block)) }, String(record.block))],
    [word("amends"), record.amends ? el("a", { class: "code hash", href: address("record", record.amends) }, record.amends) : nothing()],
  ];
  return el("article", { class: "sheet", id: "record" },
    el("h1", {}, typeWord(record.type)),
    el("p", {}, ucrs.map((ucr) => el("a", { class: "code hash", href: address("consignment", ucr) }, ucr))),
    record.outside ? el("p", { class: "warn" }, record.outside) : null,
    el("dl", { class: "fields" }, pairs.map(([name, shown]) => el("div", {}, el("dt", {}, name), el("dd", {}, shown)))),
    Object.entries(record.sections).filter(([name]) => name !== "ucr").map(([name, elements]) =>
      el("section", {}, el("h2", {}, fieldOrWord(name)), elements.map((element) => el("p", { class: "said" }, value(element, fieldOrWord))))),
    record.withheld.length ? el("p", {}, `${word("withheld")}: ${record.withheld.map(fieldOrWord).join(", ")}`) : null,
    record.batch === null ? null : el("p", { class: "actions" }, el("button", { type: "button", click: () => download(`/v1/records/${encodeURIComponent(id)}/bundle`) }, word("downloadBundle"))));
}
