// The operator's page: whether every part works, how far anything lags, webhooks with their last errors, what was done.

import { useState } from "./vendor/hooks.js";

import { decimal, el, nothing, seconds, table } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { ask, askJson } from "./session.js";
import { word } from "./words.js";

const LOG_SHOWN = 50;
/** Settings that bound what anybody may ask: a rate, a most, a share. */
const BOUND = /_per_s$|_max$|_per_address/;

/** The page of whoever keeps the gateway, or a member's webhooks. */
export function OperatePage({ lapse }) {
  setTitle(word("operate"));
  return el("div", { id: "operate" }, el("h1", {}, word("operate")), el(Health, {}), el(Figures, {}), el(Replication, {}), el(Webhooks, { lapse }), el(Quotas, {}), el(OperatorLog, {}));
}

function Health() {
  const [ready, fault, again] = useAnswer("ready", async () => {
    // Not ready is an answer too, not a fault of the question.
    const answer = await fetch("/readyz", { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
    return answer.json();
  });
  return el("section", { class: "sheet", id: "health" }, el("h2", {}, word("health")),
    fault ? el(FaultNote, { fault }) : null,
    ready ? [el("p", { class: ready.ready ? "big good" : "big warn" }, word(ready.ready ? "allWorks" : "notAllWorks")),
      table(word("health"), [word("part"), word("stateHead"), word("reason")], Object.entries(ready.parts).map(([name, part]) => [
        el("span", { class: "code" }, name), el("span", { class: part.ready ? "good" : "warn" }, word(part.ready ? "works" : "worksNot")), part.reason || nothing()]))] : el(Busy, {}),
    el("button", { type: "button", click: again }, word("askAgain")));
}

function Figures() {
  const [lines, fault] = useAnswer("figures", async () => {
    const answer = await fetch("/metrics", { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
    return figuresIn(await answer.text());
  });
  if (fault) return el(FaultNote, { fault });
  return el("section", { class: "sheet", id: "figures" }, el("h2", {}, word("figures")),
    lines ? table(word("figures"), [word("figure"), { text: word("valueWord"), number: true }, word("meaning")], lines.map((line) => [el("span", { class: "code" }, line.name), decimal(line.value), line.help])) : el(Busy, {}));
}

/** The gateway's own figures in the text format of Prometheus; those of its process are left out. */
function figuresIn(text) {
  const help = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, told]) => [name, told]));
  return [...text.matchAll(/^(tongguan_[a-z_]+) ([0-9.e+-]+)$/gm)].map(([, name, value]) => ({ name, value: String(Math.round(Number(value) * 1_000) / 1_000), help: help.get(name) ?? "" }));
}

/** What other gateways have that this one lacks; told to the member that runs it. */
function Replication() {
  const [state, fault] = useAnswer("replication", () => askJson("/v1/replication"));
  if (fault || !state) return null;
  return el("section", { class: "sheet", id: "replication" }, el("h2", {}, word("replication")),
    el("p", {}, `${decimal(state.replicated_batches)} / ${decimal(state.batches)} ${word("batches")} · ${decimal(state.missing_entries)} ${word("missing")}`),
    state.peers.length ? table(word("peers"), [word("memberWord"), word("address"), { text: word("records"), number: true }, word("lastError")], state.peers.map((peer) => [
      el("span", { class: "code" }, peer.member), peer.url, decimal(peer.records), peer.last_fault ? [peer.last_fault, " ", seconds(Math.floor(peer.last_fault_at))] : nothing()])) : null,
    state.gaps.length ? table(word("gaps"), [{ text: word("batch"), number: true }, { text: word("missing"), number: true }, word("reason")], state.gaps.map((gap) => [String(gap.batch), decimal(gap.missing), gap.reason])) : null);
}

function Webhooks({ lapse }) {
  const [list, fault, again] = useAnswer("webhooks", () => askJson("/v1/webhooks"), lapse);
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
  const path = (hook, end = "") => `/v1/webhooks/${encodeURIComponent(hook)}${end}`;
  const tryNow = (hook) => during(() => ask(path(hook.id, "/replay"), { method: "POST", body: { after: hook.cursor } }));
  const remove = (hook) => during(() => ask(path(hook.id), { method: "DELETE" }));
  const add = (event) => {
    event.preventDefault();
    const form = event.target;
    during(async () => {
      await ask("/v1/webhooks", { method: "POST", body: { url: form.elements.url.value.trim() } });
      form.reset();
    });
  };
  return el("section", { class: "sheet", id: "webhooks" }, el("h2", {}, word("webhooks")),
    fault || refusal ? el(FaultNote, { fault: fault ?? refusal }) : null,
    list ? (list.webhooks.length ? table(word("webhooks"), [word("address"), { text: word("batch"), number: true }, word("stateHead"), word("lastError"), ""], list.webhooks.map((hook) => [
      el("span", { class: "hash" }, hook.url), hook.cursor,
      hook.off_at ? el("span", { class: "warn" }, word("switchedOff")) : hook.failures ? el("span", { class: "warn" }, `${decimal(hook.failures)} ${word("failures")}`) : el("span", { class: "good" }, word("works")),
      hook.last_error ? [hook.last_error, " ", seconds(hook.failing_since)] : nothing(),
      [el("button", { type: "button", class: "link", click: () => tryNow(hook) }, word("tryNow")), " ", el("button", { type: "button", class: "link", click: () => remove(hook) }, word("removeWord"))]]))
      : el("p", {}, word("noWebhooks"))) : fault ? null : el(Busy, {}),
    el("form", { class: "ask", autocomplete: "off", submit: add },
      el("label", { class: "wide" }, el("span", {}, word("address")), el("input", { name: "url", type: "url", maxlength: "2000", required: true, placeholder: "https://" })),
      el("button", { type: "submit", class: "main" }, word("add"))));
}

/** The bounds that were in force at the gateway's last start; told to the member that runs it. */
function Quotas() {
  const [settings, fault] = useAnswer("quotas", async () => {
    let newest = null;
    for (let after = "0"; after !== null;) {
      const page = await askJson(`/v1/operator-log?limit=200&after=${after}`);
      newest = page.lines.filter((line) => line.action === "start").at(-1)?.detail.settings ?? newest;
      after = page.next;
    }
    return newest ?? {};
  });
  if (fault || !settings) return null;
  const bounds = Object.entries(settings).filter(([name, bound]) => typeof bound === "number" && BOUND.test(name));
  return el("section", { class: "sheet", id: "quotas" }, el("h2", {}, word("quotas")),
    table(word("quotas"), [word("setting"), { text: word("valueWord"), number: true }], bounds.map(([name, bound]) => [el("span", { class: "code" }, name), decimal(bound)])));
}

/** What was done with this gateway; told to the member that runs it. */
function OperatorLog() {
  const [page, fault] = useAnswer("operator-log", () => askJson("/v1/operator-log?limit=200"));
  if (fault || !page) return null;
  return el("section", { class: "sheet", id: "operator-log" }, el("h2", {}, word("operatorLog")),
    table(word("operatorLog"), [word("when"), word("actionWord"), word("detail")], page.lines.slice(-LOG_SHOWN).reverse().map((line) => [
      seconds(line.at), el("span", { class: "code" }, line.action), el("span", { class: "small hash" }, JSON.stringify(line.detail).slice(0, 400))])));
}
