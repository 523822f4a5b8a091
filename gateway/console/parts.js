// Parts that several pages use: what went wrong, a question that is being asked, a title.

import { useEffect, useState } from "./vendor/hooks.js";

import { el } from "./elements.js";
import { Problem } from "./session.js";
import { isChinese, word } from "./words.js";

/** A problem in the reader's language: its detail is the whole sentence, with what to do at its end. */
export const problemText = (fault) => (isChinese() ? fault.document.detail_zh : null) ?? fault.message;

/** What went wrong, in the reader's language, with what to do. */
export function FaultNote({ fault }) {
  if (!(fault instanceof Problem)) {
    const text = fault?.name === "NotAllowedError" ? word("passkeyRefused") : `${word("noConnection")} ${fault?.message ?? ""}`;
    return el("div", { class: "alert", role: "alert" }, el("p", {}, text));
  }
  const { document: told, status } = fault;
  return el("div", { class: "alert", role: "alert" },
    el("p", {}, el("b", {}, (isChinese() ? told.title_zh : told.title) ?? `HTTP ${status}`), " ", problemText(fault)),
    el("p", { class: "small code" }, `HTTP ${status} · ${told.code ?? ""} · ${word("trace")} ${told.trace_id ?? ""}`));
}

/** Asks once for each `key`: gives [answer, fault, ask again]. An answer that a newer question overtook is dropped. */
export function useAnswer(key, question, lapse) {
  const [known, setKnown] = useState({ key: null, answer: null, fault: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isNewest = true;
    question().then(
      (answer) => isNewest && setKnown({ key, answer, fault: null }),
      (fault) => {
        if (!isNewest) return;
        if (fault instanceof Problem && fault.status === 401 && lapse) lapse();
        setKnown({ key, answer: null, fault });
      },
    );
    return () => {
      isNewest = false;
    };
  }, [key, round]);
  const isThis = known.key === key;
  return [isThis ? known.answer : null, isThis ? known.fault : null, () => setRound(round + 1)];
}

/** That a question is being asked. */
export function Busy() {
  return el("p", { role: "status", class: "busy small" }, word("busy"));
}

/** Has the browser's tab and history say which page this is. */
export function setTitle(text) {
  document.title = `${text} · Tongguan 通关`;
}

/** Lengths of time as people say them. */
export function duration(seconds) {
  if (seconds < 5_400) return `${Math.max(1, Math.round(seconds / 60))} ${word("minutes")}`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} ${word("hour")}`;
  return `${Math.round(seconds / 86_400)} ${word("days")}`;
}
