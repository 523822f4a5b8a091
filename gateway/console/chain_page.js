// The chain like a small explorer: batches, one batch, one block, checkpoints, members with their keys.

import { useState } from "./vendor/hooks.js";

import { decimal, el, nothing, seconds, table } from "./elements.js";
import { Busy, FaultNote, setTitle, useAnswer } from "./parts.js";
import { address } from "./router.js";
import { askJson } from "./session.js";
import { roleWord, word } from "./words.js";

const PAGE = 50;
const ENTRIES_SHOWN = 500;
const LANE_DIGITS = 32;
const number = { number: true };

/** Batches, one batch or one block, by the address. */
export function ChainPage({ at, lapse }) {
  if (at.words[0] === "batch") return el(BatchPart, { index: at.words[1] ?? "", lapse });
  if (at.words[0] === "block") return el(BlockPart, { block: Number(at.words[1]), lapse });
  return el(Overview, { lapse });
}

function Overview({ lapse }) {
  setTitle(word("chain"));
  const [after, setAfter] = useState(null);
  const [head, fault] = useAnswer(`chain ${after}`, async () => {
    const checkpoints = await askJson("/v1/ledger/checkpoints?limit=100");
    const last = await lastBatches(after);
    return { checkpoints: checkpoints.checkpoints, ...last };
  }, lapse);
  if (fault) return el(FaultNote, { fault });
  if (!head) return el(Busy, {});
  return el("div", { id: "chain" }, el("h1", {}, word("chain")),
    el("section", { class: "sheet" }, el("h2", {}, word("batches")), batchTable(head.batches),
      head.first > 0 ? el("button", { type: "button", click: () => setAfter(Math.max(-1, head.first - PAGE - 1)) }, word("older")) : null),
    el("section", { class: "sheet" }, el("h2", {}, word("checkpoints")), checkpointTable(head.checkpoints)),
    el(Members, { lapse }));
}

/** The newest batches: the list is ascending, so its end is looked for by doubling steps. */
async function lastBatches(after) {
  let start = after ?? -1;
  let page = await askJson(`/v1/ledger/batches?after=${start}&limit=${PAGE}`);
  if (after === null) {
    let step = PAGE;
    while (page.batches.length === PAGE) {
      const far = await askJson(`/v1/ledger/batches?after=${start + step}&limit=${PAGE}`);
      if (far.batches.length) [start, page, step] = [start + step, far, step * 2];
      else if (step > PAGE) step = PAGE;
      else break;
    }
  }
  return { batches: [...page.batches].reverse(), first: page.batches[0]?.index ?? 0 };
}

function batchTable(batches) {
  return table(word("batches"), [{ text: word("batch"), ...number }, { text: word("block"), ...number }, word("when"), { text: word("entries"), ...number }, word("gatewayWord")],
    batches.map((line) => [el("a", { href: address("batch", String(line.index)) }, String(line.index)), el("a", { href: address("block", String(line.block)) }, String(line.block)),
      seconds(line.timestamp), decimal(line.count), el("span", { class: "code hash" }, line.gateway)]));
}

function checkpointTable(checkpoints) {
  return table(word("checkpoints"), [{ text: word("checkpoint"), ...number }, { text: word("block"), ...number }, { text: word("batches"), ...number }, { text: word("votes"), ...number }, word("root")],
    [...checkpoints].reverse().map((line) => [String(line.index), el("a", { href: address("block", String(line.block)) }, String(line.block)), decimal(line.batch_count),
      String(line.votes ?? line.attesters?.length ?? ""), el("span", { class: "code hash" }, line.root)]));
}

function BatchPart({ index, lapse }) {
  setTitle(`${word("batch")} ${index}`);
  const [batch, fault] = useAnswer(`batch ${index}`, () => askJson(`/v1/ledger/batches/${encodeURIComponent(index)}`), lapse);
  if (fault) return el(FaultNote, { fault });
  if (!batch) return el(Busy, {});
  const pairs = Object.entries(batch).filter(([name, one]) => name !== "entries" && typeof one !== "object");
  return el("section", { class: "sheet", id: "batch" }, el("h1", {}, `${word("batch")} ${index}`),
    el("dl", { class: "fields" }, pairs.map(([name, one]) => el("div", {}, el("dt", {}, sayName(name)), el("dd", { class: "code hash" }, name === "timestamp" ? seconds(one) : name === "block" ? el("a", { href: address("block", String(one)) }, String(one)) : String(one))))),
    table(word("entries"), [{ text: "№", ...number }, word("entryTag"), word("entryDigest")],
      batch.entries.slice(0, ENTRIES_SHOWN).map((entry, place) => [String(place), ...laneAndDigest(entry).map((one) => el("span", { class: "code hash" }, one))])));
}

function BlockPart({ block, lapse }) {
  setTitle(`${word("block")} ${block}`);
  const [found, fault] = useAnswer(`block ${block}`, async () => {
    const checkpoints = (await askJson("/v1/ledger/checkpoints?limit=100")).checkpoints.filter((line) => line.block === block);
    return { batches: await batchesOf(block), checkpoints };
  }, lapse);
  if (fault) return el(FaultNote, { fault });
  if (!found) return el(Busy, {});
  const isEmpty = !found.batches.length && !found.checkpoints.length;
  return el("section", { class: "sheet", id: "block" }, el("h1", {}, `${word("block")} ${block}`),
    found.batches.length ? batchTable(found.batches) : null, found.checkpoints.length ? checkpointTable(found.checkpoints) : null,
    isEmpty ? el("p", {}, word("blockHoldsNothing")) : null);
}

/** Blocks ascend with batches: the block's place is found by halving. */
async function batchesOf(block) {
  const one = async (index) => (await askJson(`/v1/ledger/batches?after=${index - 1}&limit=1`)).batches[0];
  let [low, high] = [0, 1];
  for (let line = await one(high); line && line.block < block; line = await one(high)) [low, high] = [high, high * 2];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = await one(middle);
    if (line && line.block < block) low = middle + 1;
    else high = middle;
  }
  const { batches } = await askJson(`/v1/ledger/batches?after=${low - 1}&limit=${PAGE}`);
  return batches.filter((line) => line.block === block);
}

function Members({ lapse }) {
  const [page, fault] = useAnswer("members", () => askJson("/v1/ledger/members?limit=500"), lapse);
  return el("section", { class: "sheet" }, el("h2", {}, word("members")),
    fault ? el(FaultNote, { fault }) : page ? table(word("members"), [word("memberWord"), word("role"), word("stateHead"), word("kind")],
      page.members.map((line) => [el("a", { class: "code", href: address("member", line.uscc) }, line.uscc), line.roles.map(roleWord).join(" · "), line.state, word(line.kind)])) : el(Busy, {}));
}

/** The page of a member: its standing and its keys. */
export function MemberPage({ at, lapse }) {
  const uscc = at.words[1] ?? "";
  setTitle(`${word("memberWord")} ${uscc}`);
  const [found, fault] = useAnswer(`member ${uscc}`, async () => {
    const { members } = await askJson("/v1/ledger/members?limit=500");
    const { keys } = await askJson(`/v1/ledger/keys?limit=500&member=${encodeURIComponent(uscc)}`);
    return { line: members.find((one) => one.uscc === uscc), keys };
  }, lapse);
  if (fault) return el(FaultNote, { fault });
  if (!found) return el(Busy, {});
  const { line, keys } = found;
  if (!line) return el("section", { class: "sheet" }, el("h1", {}, word("noSuchMember")));
  const pairs = [[word("role"), line.roles.map(roleWord).join(" · ")], [word("stateHead"), line.state], [word("kind"), word(line.kind)],
    [word("sponsor"), line.sponsor ? el("a", { class: "code", href: address("member", line.sponsor) }, line.sponsor) : nothing()], [word("block"), String(line.since_block)]];
  return el("section", { class: "sheet", id: "member" }, el("h1", {}, el("span", { class: "code" }, uscc)),
    el("dl", { class: "fields" }, pairs.map(([name, shown]) => el("div", {}, el("dt", {}, name), el("dd", {}, shown)))),
    table(word("keys"), [word("key"), word("stateHead"), word("algorithm"), { text: word("block"), ...number }],
      keys.map((key) => [el("span", { class: "code hash" }, key.kid ?? key.thumbprint), key.state, key.algorithm, String(key.since_block)])));
}

/** An entry is the tag of its lane (16 bytes) and the digest of what it commits to (32 bytes), in hex. */
function laneAndDigest(entry) {
  const digits = entry.replace(/^0x/, "");
  return [digits.slice(0, LANE_DIGITS), digits.slice(LANE_DIGITS)];
}

const sayName = (name) => name.replaceAll("_", " ");
