// The console: the frame around every page, who is logged in, and which page stands at which address.

import { render } from "./vendor/preact.js";
import { useEffect, useState } from "./vendor/hooks.js";

import { ChainPage, MemberPage } from "./chain_page.js";
import { ConsignmentPage } from "./consignment_page.js";
import { DeskPage } from "./desk_page.js";
import { el, setZone } from "./elements.js";
import { FindPage } from "./find_page.js";
import { LogInPage } from "./log_in_page.js";
import { FaultNote } from "./parts.js";
import { OperatePage } from "./operate_page.js";
import { PeoplePage } from "./people_page.js";
import { keepPreference, preference } from "./preferences.js";
import { RecordPage } from "./record_page.js";
import { RecordsPage } from "./records_page.js";
import { address, go, onMove, place } from "./router.js";
import { SandboxPage } from "./sandbox_page.js";
import { StatisticsPage } from "./statistics_page.js";
import { leave, resume, session } from "./session.js";
import { isChinese, roleWord, setLanguage, word } from "./words.js";

const PAGES = {
  sandbox: SandboxPage, records: RecordsPage, operate: OperatePage,
  consignment: ConsignmentPage, finding: ConsignmentPage, find: FindPage, record: RecordPage,
  chain: ChainPage, batch: ChainPage, block: ChainPage, member: MemberPage, people: PeoplePage, statistics: StatisticsPage,
};
const ZONES = [[0, "UTC"], [8, "北京 UTC+8"]];

function App() {
  const [, redraw] = useState(0);
  const [state, setState] = useState("starting");
  const [fault, setFault] = useState(null);
  const again = () => redraw((count) => count + 1);
  useEffect(() => onMove(again), []);
  useEffect(() => {
    resume().then((is) => setState(is ? "in" : "out"), (error) => {
      setFault(error);
      setState("out");
    });
  }, []);
  document.documentElement.lang = isChinese() ? "zh-CN" : "en";
  const at = place();
  const enter = () => {
    setState("in");
    if (["enrol", "log-in", "oidc"].includes(at.words[0])) go(address(), { replace: true });
  };
  const drop = (everywhere) => leave(everywhere).then(() => setState("out"), setFault);
  if (state === "starting") return el("p", { class: "starting", role: "status" }, word("busy"));
  const isIn = state === "in" && !["enrol", "oidc"].includes(at.words[0]);
  const Page = PAGES[at.words[0]] ?? (at.words.length ? UnknownPage : DeskPage);
  return [
    el("a", { class: "skip", href: "#main" }, word("skip")),
    el(Frame, { isIn, drop, again, at }),
    el("main", { id: "main", tabindex: "-1" },
      fault ? el(FaultNote, { fault }) : null,
      isIn ? el(Page, { at, key: at.words.slice(0, 2).join("/"), lapse: () => setState("lapsed") }) : el(LogInPage, { at, enter, hasLapsed: state === "lapsed" })),
  ];
}

function Frame({ isIn, drop, again, at }) {
  return el("header", { class: "top" },
    el("p", { class: "brand" }, el("a", { href: address() }, el("span", { lang: "zh" }, "通关"), " Tongguan")),
    isIn ? el(FindBox, { at }) : null,
    isIn ? el("nav", { class: "pages", "aria-label": word("pages") },
      pagesOf(session.identity).map(([to, name]) =>
        el("a", { href: to ? address(to) : address(), "aria-current": (at.words[0] ?? "") === to ? "page" : null }, word(name)))) : null,
    isIn ? el(Who, { drop }) : null,
    el("div", { class: "switches" },
      el("label", {}, el("span", { class: "unseen" }, word("timezone")),
        el("select", { id: "zone", change: (event) => {
          setZone(Number(event.target.value));
          keepPreference("zone", Number(event.target.value));
          again();
        } }, ZONES.map(([hours, name]) => el("option", { value: String(hours), selected: hours === preference("zone", isChinese() ? 8 : 0) }, name)))),
      el("label", {}, el("span", { class: "unseen" }, word("language")),
        el("select", { id: "language", change: (event) => {
          setLanguage(event.target.value);
          keepPreference("language", event.target.value);
          again();
        } }, el("option", { value: "en", lang: "en", selected: !isChinese() }, "English"), el("option", { value: "zh", lang: "zh", selected: isChinese() }, "中文")))));
}

/** The pages that somebody's rights lead to: [address, word]. */
function pagesOf({ isToken, rights, has_sandbox: hasSandbox, may_read_statistics: isShownStatistics }) {
  return [["", "desk"], ["records", "myRecords"], ["chain", "chain"], isShownStatistics ? ["statistics", "statistics"] : null, rights.includes("operate") ? ["operate", "operate"] : null, isToken ? null : ["people", "people"], hasSandbox ? ["sandbox", "sandbox"] : null].filter(Boolean);
}

function FindBox({ at }) {
  const asked = at.words[0] === "find" ? at.query.get("q") ?? "" : "";
  return el("form", { id: "find-form", role: "search", autocomplete: "off", submit: (event) => {
    event.preventDefault();
    const text = event.target.elements.q.value.trim();
    if (text) go(`${address("find")}?q=${encodeURIComponent(text)}`);
  } }, el("label", { for: "find", class: "unseen" }, word("find")),
  el("input", { id: "find", name: "q", type: "search", maxlength: "64", spellcheck: "false", placeholder: word("findHint"), defaultValue: asked }));
}

function Who({ drop }) {
  const { member, roles, kind, name, isToken, lapses_at: until } = session.identity;
  const [now, setNow] = useState(Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1_000);
    return () => clearInterval(timer);
  }, []);
  const left = Math.max(0, Math.floor(until - now));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return el("div", { class: "who", id: "who" },
    el("span", {}, name || el("span", { class: "code" }, member), " "),
    el("span", { class: "small", title: member }, `${roles.map(roleWord).join(" · ")} · ${word(kind)}`),
    isToken ? el("span", { class: left ? "small" : "small warn" }, ` · ${left ? `${word("lapsesIn")} ${clock}` : word("tokenLapsed")}`) : null, " ",
    el("button", { type: "button", id: "leave", click: () => drop(false) }, word(isToken ? "forget" : "logOut")));
}

function UnknownPage() {
  document.title = `${word("unknownPage")} · Tongguan`;
  return el("section", { class: "sheet" }, el("h1", {}, word("unknownPage")), el("p", {}, el("a", { href: address() }, word("desk"))));
}

setLanguage(preference("language", navigator.language.startsWith("zh") ? "zh" : "en"));
setZone(preference("zone", isChinese() ? 8 : 0));
addEventListener("beforeprint", () => document.querySelectorAll("#picture .sections details").forEach((one) => { one.open = true; }));
render(el(App, {}), document.getElementById("app"));
