// My records: what my member has said, how far each has come, its receipt; and signed records carried to the gateway.

import { useState } from "./vendor/hooks.js";

import { decimal, el, nothing, seconds, table } from "./elements.js";
import { Busy, FaultNote, problemText, setTitle, useAnswer } from "./parts.js";
import { standing } from "./picture.js";
import { address, go } from "./router.js";
import { Preview } from "./preview_part.js";
import { Problem, ask, askJson, save, session } from "./session.js";
import { isChinese, typeWord, word } from "./words.js";

const STATES = ["accepted", "anchored", "covered", "refused"];
const FILES_MAX = 200;
const FILE_BYTES_MAX = 1_000_000;

/** The page of a declarant's own records. */
export function RecordsPage({ at, lapse }) {
  setTitle(word("myRecords"));
  const [round, setRound] = useState(0);
  return el("div", { id: "records-page" }, el("h1", {}, word("myRecords")),
    session.identity.rights.includes("submit") && session.identity.has_preview ? el(Preview, {}) : null,
    session.identity.rights.includes("submit") ? el(Upload, { taken: () => setRound(round + 1) }) : null,
    el(OwnRecords, { at, lapse, round }));
}

function OwnRecords({ at, lapse, round }) {
  const state = at.query.get("state") ?? "";
  const [more, setMore] = useState({ key: "", lines: [], next: null });
  const key = `${state} ${round}`;
  const ask = (after) => askJson(`/v1/records?${new URLSearchParams({ ...(state ? { state } : {}), ...(after ? { after } : {}) })}`);
  const [page, fault] = useAnswer(key, () => ask(null), lapse);
  const lines = page ? [...page.records, ...(more.key === key ? more.lines : [])] : [];
  const next = page ? (more.key === key ? more.next : page.next) : null;
  const goOn = async () => {
    const following = await ask(next);
    setMore({ key, lines: [...(more.key === key ? more.lines : []), ...following.records], next: following.next });
  };
  return el("section", { class: "sheet", id: "own-records", "aria-labelledby": "own-title" },
    el("h2", { id: "own-title" }, word("records"), page ? el("span", { class: "count" }, ` ${lines.length}${next ? "+" : ""}`) : null),
    el("div", { class: "ask" }, el("label", {}, el("span", {}, word("stateHead")),
      el("select", { id: "own-state", change: (event) => go(`${address("records")}${event.target.value ? `?state=${event.target.value}` : ""}`, { replace: true }) },
        ["", ...STATES].map((one) => el("option", { value: one, selected: one === state }, one ? word(one === "anchored" ? "anchoredState" : one) : word("any")))))),
    fault ? el(FaultNote, { fault }) : null,
    page ? table(word("myRecords"), [word("type"), word("record"), word("proof"), word("accepted"), word("anchorBy"), { text: word("batch"), number: true }, word("receiptWord")],
      lines.map((line) => [typeWord(line.type), el("a", { class: "code hash", href: address("record", line.record_id) }, line.record_id),
        [standing(line.state), line.reason ? el("div", { class: "small warn" }, line.reason) : null], seconds(line.accepted_at), seconds(line.anchor_by),
        line.batch === null ? nothing() : el("a", { href: address("batch", String(line.batch)) }, decimal(line.batch)),
        el("button", { type: "button", class: "link", "aria-label": `${word("download")} · ${word("receiptWord")} ${line.record_id}`,
          click: () => save(new Blob([line.receipt], { type: "application/jose" }), `${line.record_id}.receipt.jws`) }, word("download"))])) : fault ? null : el(Busy, {}),
    next ? el("button", { type: "button", click: goOn }, word("more")) : null);
}

/** Files of signed records, each sent as it is; a key never comes near the browser. */
function Upload({ taken }) {
  const [verdicts, setVerdicts] = useState([]);
  const [isBusy, setBusy] = useState(false);
  const send = async (event) => {
    const files = [...event.target.files].slice(0, FILES_MAX);
    event.target.value = "";
    setVerdicts([]);
    setBusy(true);
    const told = [];
    for (const file of files) {
      told.push(await sendFile(file));
      setVerdicts([...told]);
    }
    setBusy(false);
    taken();
  };
  return el("section", { class: "sheet", id: "upload", "aria-labelledby": "upload-title" },
    el("h2", { id: "upload-title" }, word("uploadTitle")),
    el("p", {}, word("uploadAbout")),
    el("pre", {}, el("code", {}, "tongguan sign DIR FILE --member SLUG --ucr UCR > FILE.sd-jwt")),
    el("p", { class: "row" }, el("label", { class: "file" }, el("span", {}, word("signedFiles")), " ", el("input", { type: "file", id: "signed-files", multiple: true, disabled: isBusy, change: send }))),
    verdicts.length ? table(word("verdicts"), [word("fileName"), word("answerWord"), word("record")], verdicts.map(({ name, fault, record }) => ({
      class: fault ? "severity-H" : null,
      cells: [name, fault ? [el("b", {}, fault.title), " ", fault.text] : word("accepted"),
        record ? el("a", { class: "code hash", href: address("record", record) }, record) : nothing()],
    }))) : null);
}

async function sendFile(file) {
  if (file.size > FILE_BYTES_MAX) return { name: file.name, fault: { title: word("tooLarge"), text: "" } };
  try {
    const answer = await ask("/v1/records", { method: "POST", type: "application/sd-jwt", body: (await file.text()).trim() });
    return { name: file.name, record: (await answer.json()).record_id };
  } catch (fault) {
    if (!(fault instanceof Problem)) return { name: file.name, fault: { title: word("noConnection"), text: "" } };
    const told = fault.document;
    return { name: file.name, fault: { title: isChinese() ? told.title_zh : told.title, text: problemText(fault) } };
  }
}
