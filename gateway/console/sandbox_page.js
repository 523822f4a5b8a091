// The sandbox of a demonstration: have a story told, with a lie in it, and look at what becomes of it.

import { useState } from "./vendor/hooks.js";

import { el, table } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { address } from "./router.js";
import { askJson } from "./session.js";
import { word } from "./words.js";

/** The page of a demonstration's stories. */
export function SandboxPage({ lapse }) {
  setTitle(word("sandbox"));
  const [known, fault] = useAnswer("sandbox", () => askJson("/v1/sandbox"), lapse);
  const [told, setTold] = useState([]);
  const [refusal, setRefusal] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const tell = async (story, lie) => {
    setRefusal(null);
    setBusy(true);
    try {
      setTold([{ ...(await askJson("/v1/sandbox", { method: "POST", body: { story, lie } })), lie }, ...told]);
    } catch (error) {
      setRefusal(error);
    }
    setBusy(false);
  };
  const button = (story, lie, name) => el("button", { type: "button", disabled: isBusy, click: () => tell(story, lie) }, name);
  return el("div", { id: "sandbox" }, el("h1", {}, word("sandbox")),
    el("section", { class: "sheet" }, el("p", {}, word("sandboxAbout")),
      fault || refusal ? el(FaultNote, { fault: fault ?? refusal }) : null,
      known ? table(word("stories"), [word("story"), word("storyAbout"), word("tell")], Object.entries(known.stories).map(([story, about]) => [
        el("span", { class: "code" }, story), about,
        el("span", { class: "row" }, button(story, "", word("truly")), known.lies.map((lie) => button(story, lie, word(`lie_${lie}`))))])) : fault ? null : el(Busy, {})),
    told.length ? el("section", { class: "sheet", id: "told", role: "status" }, el("h2", {}, word("toldStories")), el("p", { class: "small" }, word("toldAbout")),
      told.map((one) => el("p", {}, el("span", { class: "code" }, one.story), one.lie ? ` · ${word(`lie_${one.lie}`)}` : "", ` · ${one.messages} ${word("messages")}: `,
        one.ucrs.map((ucr) => [el("a", { class: "code hash", href: address("consignment", ucr) }, ucr), " "])))) : null);
}
