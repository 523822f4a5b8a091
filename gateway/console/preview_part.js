// Native files looked at before they are signed: what each would become, every fault at its line, unsigned records to save.

import { useState } from "./vendor/hooks.js";

import { el, nothing, table, value } from "./elements.js";
import { FaultNote } from "./parts.js";
import { fieldOrWord } from "./picture.js";
import { ask, save } from "./session.js";
import { isChinese, typeWord, word } from "./words.js";

const FILES_MAX = 20;
const number = { number: true };

/** A place to drop native files. They are read by the member's own readers; nothing is stored, signed or sent on. */
export function Preview() {
  const [looks, setLooks] = useState([]);
  const [isBusy, setBusy] = useState(false);
  const look = async (files) => {
    setBusy(true);
    setLooks([]);
    const done = [];
    for (const file of [...files].slice(0, FILES_MAX)) {
      done.push(await lookAt(file));
      setLooks([...done]);
    }
    setBusy(false);
  };
  return el("section", { class: "sheet drop", id: "preview", "aria-labelledby": "preview-title",
    dragover: (event) => event.preventDefault(),
    drop: (event) => {
      event.preventDefault();
      look(event.dataTransfer.files);
    } },
  el("h2", { id: "preview-title" }, word("previewTitle")),
  el("p", {}, word("previewAbout")),
  el("p", { class: "row" }, el("label", { class: "file" }, el("span", {}, word("nativeFiles")), " ", el("input", { type: "file", id: "native-files", multiple: true, disabled: isBusy, change: (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    look(files);
  } }))),
  el("div", { role: "status" }, looks.map((one) => el(Look, { key: one.name, look: one }))));
}

async function lookAt(file) {
  try {
    const answer = await ask("/v1/preview", { method: "POST", type: "application/octet-stream", body: file });
    return { name: file.name, answer: await answer.json() };
  } catch (fault) {
    return { name: file.name, fault };
  }
}

function Look({ look }) {
  const { name, answer, fault } = look;
  if (fault) return el("section", {}, el("h3", {}, name), el(FaultNote, { fault }));
  if (answer.faults.length) {
    return el("section", {}, el("h3", {}, name, ` · ${word("faultsFound")}: ${answer.faults.length}`),
      table(`${name}: ${word("faultsFound")}`, [{ text: word("line"), ...number }, word("field"), word("rule"), word("valueWord"), word("whatToDo")], answer.faults.map((one) => ({
        class: "severity-H",
        cells: [one.line === null ? nothing() : String(one.line), el("span", { class: "code hash" }, one.field), isChinese() ? one.rule_zh : one.rule, one.value === null ? nothing() : el("span", { class: "code" }, one.value), (isChinese() ? one.fix_zh : one.fix) || nothing()],
      }))));
  }
  return el("section", {}, el("h3", {}, name, ` · ${answer.kind} · ${answer.entity_count}`),
    answer.remarks.map((one) => el("p", { class: "small warn" }, one)),
    answer.entities.map((one) => el("details", { open: answer.entities.length === 1 }, el("summary", {}, `${one.ordinal} · ${one.record_type ? typeWord(one.record_type) : word("noRecord")} ${one.note}`),
      one.record_type ? el("p", {}, el("button", { type: "button", click: () => saveUnsigned(name, one) }, word("saveUnsigned"))) : null,
      Object.entries(one.sections).map(([section, elements]) => el("section", {}, el("h4", {}, fieldOrWord(section)), elements.map((element) => el("p", { class: "said" }, value(element, fieldOrWord))))))));
}

/** What `tongguan sign` takes where the key is. */
function saveUnsigned(name, entity) {
  const text = `${JSON.stringify({ record_type: entity.record_type, sections: entity.sections }, null, 2)}\n`;
  save(new Blob([text], { type: "application/json" }), `${name.replace(/\.[^.]*$/, "")}-${entity.ordinal}.unsigned.json`);
}
