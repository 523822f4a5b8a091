// Logging in: a passkey, a one-time link that makes one, or a machine's token pasted for a look.

import { useEffect, useRef, useState } from "./vendor/hooks.js";

import { el } from "./elements.js";
import { Busy, FaultNote, setTitle } from "./parts.js";
import { enrol, goToProvider, hasPasskeys, logIn, returnFromProvider, useLink } from "./passkeys.js";
import { Problem, askJson, become, useToken } from "./session.js";
import { word } from "./words.js";

/** The page for whoever is not logged in. */
export function LogInPage({ at, enter, hasLapsed }) {
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [ways, setWays] = useState(null);
  const link = at.words[0] === "enrol" ? at.fragment : "";
  useEffect(() => {
    askJson("/v1/log-in").then(setWays, (error) => {
      setWays({ passkey: false, link: false });
      if (!(error instanceof Problem && [403, 404].includes(error.status))) setFault(error);
    });
  }, []);
  useEffect(() => {
    // What a provider sends a browser back with: a code, or what it has against the log-in.
    if (at.words[0] !== "oidc") return;
    if (at.query.get("code")) during(() => returnFromProvider(at.query));
    else setFault(new Problem({ title: word("providerRefused"), title_zh: word("providerRefused"), detail: at.query.get("error_description") ?? at.query.get("error") ?? "" }, 401));
  }, []);
  setTitle(word(link ? "enrolTitle" : "logIn"));
  const during = async (work) => {
    setFault(null);
    setBusy(true);
    try {
      await become(await work());
      enter();
    } catch (error) {
      setFault(error);
    }
    setBusy(false);
  };
  return el("div", { id: "entrance" },
    el("h1", {}, word(link ? "enrolTitle" : "logIn")),
    hasLapsed ? el("p", { class: "warn", role: "status" }, word("sessionLapsed")) : null,
    fault ? el(FaultNote, { fault }) : null,
    ways === null ? el(Busy, {}) : link ? el(EnrolPart, { link, ways, isBusy, during, setFault })
      : ways.passkey ? el("section", { class: "sheet" },
        el("p", {}, word("logInAbout")),
        el("p", { class: "row" }, el("button", { type: "button", class: "main", id: "passkey", disabled: isBusy || !hasPasskeys(), click: () => during(logIn) }, word("logInPasskey"))),
        el(Providers, { ways, isBusy, setFault }),
        el("p", { class: "small" }, word("noPasskey"))) : null,
    ways === null ? null : el(TokenPart, { isFirst: !link && !ways.passkey, enter, setFault }));
}

function EnrolPart({ link, ways, isBusy, during, setFault }) {
  return el("section", { class: "sheet" },
    el("p", {}, word("enrolAbout")),
    el("p", { class: "row" },
      el("button", { type: "button", class: "main", id: "enrol", disabled: isBusy || !hasPasskeys(), click: () => during(() => enrol(link)) }, word("makePasskey")),
      ways.link ? el("button", { type: "button", id: "use-link", disabled: isBusy, click: () => during(() => useLink(link)) }, word("withoutPasskey")) : null),
    el(Providers, { ways, link, isBusy, setFault }),
    ways.link ? el("p", { class: "small" }, word("withoutPasskeyAbout")) : null);
}

/** The members' identity providers, each with its button. */
function Providers({ ways, link = "", isBusy, setFault }) {
  const all = Object.entries(ways.providers ?? {});
  if (!all.length) return null;
  return el("p", { class: "row" }, all.map(([member, name]) => el("button", { type: "button", title: member, disabled: isBusy, click: () => goToProvider(member, link).catch(setFault) }, `${word("logInAt")} ${name}`)));
}

/** A token of a member's key, as before: for machines' keepers and auditors who have no login. */
function TokenPart({ isFirst, enter, setFault }) {
  const field = useRef(null);
  useEffect(() => {
    if (isFirst) field.current?.focus();
  }, [isFirst]);
  const take = async (text) => {
    setFault(null);
    try {
      await useToken(text);
      enter();
    } catch (error) {
      setFault(error instanceof Problem ? error : new Problem({ title: word("noToken"), title_zh: word("noToken"), detail: "" }, 400));
    }
  };
  return el("details", { class: "sheet", open: isFirst },
    el("summary", {}, word("tokenTitle")),
    el("p", {}, word("tokenAbout")),
    el("pre", {}, el("code", {}, "tongguan token DIR --member SLUG")),
    el("form", { id: "token-form", autocomplete: "off", submit: (event) => {
      event.preventDefault();
      const text = field.current.value;
      field.current.value = "";
      take(text);
    } },
    el("label", { for: "token" }, word("token")),
    el("textarea", { id: "token", ref: field, class: "secret", rows: "3", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": "token-note", required: true }),
    el("p", { id: "token-note", class: "small" }, word("tokenNote")),
    el("p", { class: "row" }, el("button", { type: "submit", class: "main" }, word("useToken")),
      el("label", { class: "file" }, el("span", {}, word("loadToken")), " ", el("input", { type: "file", id: "token-file", change: async (event) => {
        const [file] = event.target.files;
        if (file) await take(await file.text());
      } })))));
}
