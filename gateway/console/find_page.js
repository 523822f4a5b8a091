// What a text may mean: consignments it stands in, a record, a member, a batch or a block.

import { el } from "./elements.js";
import { hitTable } from "./desk_page.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { address, go } from "./router.js";
import { askJson } from "./session.js";
import { word } from "./words.js";

/** The answer of the one box. */
export function FindPage({ at, lapse }) {
  const text = at.query.get("q") ?? "";
  const [answer, fault] = useAnswer(text, async () => {
    const found = await askJson(`/v1/search/anything?q=${encodeURIComponent(text)}`);
    const [only] = found.consignments;
    // A number that means one consignment and nothing else leads there; Back leads past this page.
    if (found.consignments.length === 1 && only.matched[0] !== "goods" && !found.member && !found.record) {
      go(address("consignment", only.consignment.ucr), { replace: true });
    }
    return found;
  }, lapse);
  setTitle(`${word("find")}: ${text}`);
  if (fault) return el(FaultNote, { fault });
  if (!answer) return el(Busy, {});
  const others = [
    answer.record ? [address("record", answer.record), `${word("record")} ${answer.record}`] : null,
    answer.member ? [address("member", answer.member), `${word("memberWord")} ${answer.member}`] : null,
    answer.number !== null ? [address("block", String(answer.number)), `${word("block")} ${answer.number}`] : null,
    answer.number !== null ? [address("batch", String(answer.number)), `${word("batch")} ${answer.number}`] : null,
  ].filter(Boolean);
  return el("section", { class: "sheet", id: "hits" },
    el("h1", {}, `${word("find")}: `, el("span", { class: "code" }, text)),
    hitTable(answer.consignments.map((line) => line.consignment), answer.consignments.map((line) => line.matched)),
    answer.is_whole ? null : el("p", { class: "warn" }, word("notAllListed")),
    others.length ? el("p", {}, `${word("orMeans")} `, others.map(([to, name], place) => [place ? ", " : "", el("a", { href: to }, name)])) : null);
}
