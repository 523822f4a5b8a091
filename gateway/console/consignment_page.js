// One consignment: what contradicts first, the way of the goods on a line, sources side by side, then every section.

import { useEffect, useState } from "./vendor/hooks.js";

import { AccessPart, ReceiptPart } from "./access_parts.js";
import { el, time, zoneName } from "./elements.js";
import { Findings } from "./finding_parts.js";
import { Corroboration, GoodsSideBySide, Milestones } from "./overview.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { Picture } from "./picture.js";
import { askJson, download, session } from "./session.js";
import { conditionWord, word } from "./words.js";

/** The page of a consignment; at the address of a finding, that finding is looked at first. */
export function ConsignmentPage({ at, lapse }) {
  const [, ucr = "", rule = ""] = at.words;
  const path = `/v1/consignments/${encodeURIComponent(ucr)}`;
  const [found, fault, again] = useAnswer(ucr, async () => ({ view: await askJson(path), at: new Date().toISOString() }), lapse);
  const [refusal, setRefusal] = useState(null);
  useEffect(() => {
    if (!found) return;
    const wanted = document.getElementById(at.fragment || (rule ? `finding-${rule}` : "picture-title"));
    wanted?.focus();
    if (at.fragment || rule) wanted?.scrollIntoView({ block: "start" });
  }, [found === null, at.fragment, rule]);
  setTitle(ucr);
  if (fault) return el(FaultNote, { fault });
  if (!found) return el(Busy, {});
  const { view } = found;
  const picture = new Picture(view, session.members, session.identity.member);
  const save = (from) => download(from).catch(setRefusal);
  const sections = picture.sections();
  sections.push(["records", word("records"), view.records.length, picture.records((id) => save(`/v1/records/${id}/bundle`))]);
  sections.push(["receipt", word("receipt"), null, el(ReceiptPart, { picture, receipt: view.read_receipt })]);
  sections.push(["access", word("access"), null, el(AccessPart, { picture, ucr, round: found.at })]);
  return [
    el("article", { id: "picture" },
      refusal ? el(FaultNote, { fault: refusal }) : null,
      el(Title, { picture, at: found.at, save: () => save(`${path}/bundle`) }),
      picture.summary(),
      el(Milestones, { view, picture }),
      el(Findings, { view, picture, again }),
      el(Corroboration, { view, picture }),
      el(GoodsSideBySide, { view, picture }),
      el("div", { class: "columns" },
        el("nav", { class: "contents", "aria-label": word("sections") }, el("ul", {}, sections.map(([id, title, count]) =>
          el("li", {}, el("a", { href: `#${id}` }, id === "weights" ? word("weight") : title, count === null ? null : el("span", { class: "count" }, ` ${count}`)))))),
        el("div", { class: "sections" }, sections.map(([id, title, , content]) =>
          el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), content))))),
    el("p", { id: "shown", role: "status", class: "unseen" }, `${word("shown")} ${view.ucr}`),
  ];
}

function Title({ picture, at, save }) {
  const { view } = picture;
  return el("header", { class: "title" },
    el("div", {},
      el("h1", { id: "picture-title", tabindex: "-1" }, el("span", { class: "small" }, `${word("ucr")} `), el("span", { class: "code" }, view.ucr)),
      el("p", { class: "small" }, `${word("readBy")} `, session.identity.name ? `${session.identity.name}, ` : null, picture.member(view.reader.member), ` · ${view.reader.conditions.map(conditionWord).join(", ")} · `, time(at), ` ${zoneName()}`),
      view.reader.takes_part_because ? el("p", { class: "small" }, picture.standing()) : null),
    el("p", { class: "actions" },
      view.reader.own_records_only ? null : el("button", { type: "button", id: "download", click: save }, word("downloadBundle")),
      el("button", { type: "button", click: () => printPage(false) }, word("print")),
      el("button", { type: "button", click: () => printPage(true) }, word("printAll"))));
}

/** Prints the page that an officer files, or every section. */
function printPage(whole) {
  document.body.classList.toggle("whole", whole);
  window.print();
  document.body.classList.remove("whole");
}
