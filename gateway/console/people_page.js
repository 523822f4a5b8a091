// People: my own browsers that are logged in, and, for administrators, the member's people.

import { useState } from "./vendor/hooks.js";

import { el, seconds, table } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { ask, askJson, session } from "./session.js";
import { word } from "./words.js";

const RIGHTS = ["read", "submit", "dispose", "operate", "administer"];

/** The page of one's own sessions and one's colleagues. */
export function PeoplePage({ lapse }) {
  setTitle(word("people"));
  const isAdministrator = session.identity.rights.includes("administer");
  return el("div", { id: "people" }, el("h1", {}, word("people")),
    el("section", { class: "sheet" }, el("h2", {}, word("yourSelf")),
      el("p", {}, session.identity.name, " · ", el("span", { class: "code" }, session.identity.pseudonym)),
      el("p", { class: "small" }, word("pseudonymAbout")),
      el("p", {}, `${word("rights")}: ${session.identity.rights.map((right) => word(`right_${right}`)).join(", ")}`)),
    el(OwnSessions, { lapse }),
    isAdministrator ? el(Colleagues, { lapse }) : null);
}

function OwnSessions({ lapse }) {
  const [list, fault, again] = useAnswer("sessions", () => askJson("/v1/sessions"), lapse);
  const end = async (id) => {
    await ask(`/v1/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
    again();
  };
  const endAll = async () => {
    await ask("/v1/sessions", { method: "DELETE" });
    lapse();
  };
  return el("section", { class: "sheet", id: "sessions" }, el("h2", {}, word("sessions")),
    fault ? el(FaultNote, { fault }) : null,
    list ? table(word("sessions"), [word("browser"), word("since"), word("lastSeen"), ""], list.sessions.map((line) => [
      [line.browser, line.is_this ? el("b", {}, ` · ${word("thisBrowser")}`) : null], seconds(line.created_at), seconds(line.seen_at),
      line.is_this ? "" : el("button", { type: "button", class: "link", click: () => end(line.session) }, word("logOut"))])) : el(Busy, {}),
    el("p", {}, el("button", { type: "button", id: "everywhere", click: endAll }, word("logOutEverywhere"))));
}

function Colleagues({ lapse }) {
  const [list, fault, again] = useAnswer("people", () => askJson("/v1/people"), lapse);
  const [invited, setInvited] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const during = async (work) => {
    setRefusal(null);
    try {
      await work();
      again();
    } catch (error) {
      setRefusal(error);
    }
  };
  const invite = (event) => {
    event.preventDefault();
    const form = event.target;
    const rights = RIGHTS.filter((right) => form.elements[`right-${right}`].checked);
    const body = { name: form.elements.name.value, rights };
    during(async () => {
      setInvited(await askJson("/v1/people", { method: "POST", body }));
      form.reset();
    });
  };
  const remove = (operator) => during(() => ask(`/v1/people/${encodeURIComponent(operator)}`, { method: "DELETE" }));
  const logOut = (operator) => during(() => ask(`/v1/people/${encodeURIComponent(operator)}/sessions`, { method: "DELETE" }));
  return el("section", { class: "sheet", id: "colleagues" }, el("h2", {}, word("colleagues")),
    fault || refusal ? el(FaultNote, { fault: fault ?? refusal }) : null,
    list ? table(word("colleagues"), [word("name"), word("pseudonym"), word("rights"), word("sessions"), ""], list.operators.map((line) => [
      line.name, el("span", { class: "code" }, line.pseudonym), line.rights.map((right) => word(`right_${right}`)).join(", "),
      line.ended_at ? word("ended") : String(line.sessions.length),
      line.ended_at || line.operator === session.identity.operator ? "" : [
        el("button", { type: "button", class: "link", click: () => logOut(line.operator) }, word("logOut")), " ",
        el("button", { type: "button", class: "link", click: () => remove(line.operator) }, word("endOperator"))]])) : el(Busy, {}),
    invited ? el("div", { class: "note", role: "status" }, el("p", {}, word("linkAbout")), el("p", { class: "code hash", id: "invitation" }, invited.link)) : null,
    el("form", { class: "ask", id: "invite-form", autocomplete: "off", submit: invite },
      el("label", {}, el("span", {}, word("name")), el("input", { name: "name", maxlength: "64", required: true })),
      RIGHTS.map((right) => el("label", { class: "check" }, el("input", { type: "checkbox", name: `right-${right}`, defaultChecked: right === "read" }), ` ${word(`right_${right}`)}`)),
      el("button", { type: "submit", class: "main" }, word("invite"))));
}
