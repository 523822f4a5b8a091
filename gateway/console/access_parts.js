// Who has looked at a consignment, and the receipt for having looked oneself.

import { useState } from "./vendor/hooks.js";

import { el, nothing, seconds, table, time } from "./elements.js";
import { Busy, FaultNote, useAnswer } from "./parts.js";
import { fieldOrWord, standing } from "./picture.js";
import { askJson, claimsOf } from "./session.js";
import { lookedAt, word } from "./words.js";

const LOG_SHOWN = 10;
const NAMES_SHOWN = 2;

/** The gateway's signed word that this read was logged. */
export function ReceiptPart({ picture, receipt }) {
  if (!receipt) return el("p", {}, word("noReceipt"));
  const claims = claimsOf(receipt);
  const pairs = [
    [word("signedBy"), picture.member(claims.iss)],
    [word("reader"), picture.member(claims.sub)],
    [word("when"), seconds(claims.iat)],
    [word("accessRecords"), claims.access_records.map((id) => el("div", { class: "code" }, id))],
  ];
  return [el("p", {}, word("receiptAbout")),
    el("dl", { class: "fields" }, pairs.map(([name, shown]) => el("div", {}, el("dt", {}, name), el("dd", {}, shown)))),
    el("details", {}, el("summary", {}, word("receiptText")), el("p", { class: "code hash", id: "receipt-text" }, receipt))];
}

/** The first of many names, and how many more; all of them stand in the title. */
function shortList(names) {
  return names.slice(0, NAMES_SHOWN).join(", ") + (names.length > NAMES_SHOWN ? ` +${names.length - NAMES_SHOWN}` : "");
}

/** The log of reads, asked after the view, so that the read just made stands in it. */
export function AccessPart({ picture, ucr, round }) {
  const isMine = !picture.view.reader.own_records_only;
  const [all, setAll] = useState(false);
  const [log, fault] = useAnswer(`${ucr} ${round}`, async () => (isMine ? (await askJson(`/v1/access-log?ucr=${encodeURIComponent(ucr)}`)).reads : []));
  if (!isMine) return el("p", {}, word("accessNotYours"));
  if (fault) return el(FaultNote, { fault });
  if (!log) return el(Busy, {});
  if (!log.length) return el("p", {}, word("noAccess"));
  const lines = all ? log : log.slice(0, LOG_SHOWN);
  const rows = lines.map(({ access, record, state: far, batch, block }) => [
    access ? time(access.at.utc) : nothing(),
    access ? [picture.member(access.reader), access.operator ? el("span", { class: "code small" }, ` ${access.operator}`) : null] : word("whoWithheld"),
    access ? lookedAt(access.view) : nothing(),
    standing(far), batch === null ? nothing() : `${batch} / ${block}`,
    el("span", { class: "code", title: record }, `${record.slice(0, 10)}…`),
    access ? el("span", { class: "small", title: access.sections.map(fieldOrWord).join(", ") }, shortList(access.sections.map(fieldOrWord))) : nothing()]);
  return el("div", { id: "access-content" }, el("p", {}, word("accessAbout")),
    table(word("access"), [word("when"), word("reader"), word("looked"), word("proof"), { text: `${word("batch")} / ${word("block")}`, number: true }, word("record"), word("sectionsShown")], rows),
    lines.length < log.length ? el("button", { type: "button", click: () => setAll(true) }, `${word("showAll")} (${log.length})`) : null);
}
