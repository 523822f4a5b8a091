// The picture of one consignment, from the answer of `GET /v1/consignments/{ucr}`.

import { code, decimal, el, measure, nothing, percent, seconds, table, time, value } from "./elements.js";
import { fieldWord } from "./fields.js";
import { conditionWord, isChinese, roleWord, sentence, stateWord, typeWord, word } from "./words.js";

const FIELDS_SHOWN_ELSEWHERE = new Set(["containers", "seals"]);
const KINDS_BY_WEIGHT = ["declaration", "pre", "transport_document", "master_bill", "container", "order", "payment", "invoice", "tax_bill", "origin_certificate", "cop"];
const NAMERS = {
  "its owner": "standingByOwner", "a mandated broker": "standingByBroker", "competent customs": "standingByCustoms",
  "the operator of the single window": "standingByOperator",
};
const LANES = { customs: "customs", logistics: "logistics" };

/** A field's name, or yes and no, as `value` asks for them. */
export const fieldOrWord = (name) => (name === "yes" || name === "no" ? word(name) : fieldWord(name, isChinese()));

const shown = (said) => value(said, fieldOrWord);

/** Draws pictures: one for each answer, so that record numbers and members are at hand everywhere. */
export class Picture {
  constructor(view, members, me) {
    this.view = view;
    this.members = members;
    this.me = me;
    this.names = new Map(view.parties.filter(({ value: party }) => party.uscc && party.name).map(({ value: party }) => [party.uscc, party.name]));
    this.numbers = new Map(view.records.map((one, place) => [one.record, place + 1]));
  }

  /** A member by the name that a party of this consignment gives it, else by its code; with its roles from the registry. */
  member(uscc) {
    const line = this.members.get(uscc);
    const roles = line ? line.roles.map(roleWord).join(" · ") : "";
    const name = this.names.get(uscc);
    return el("span", { class: "member" }, name ? `${name} ` : null,
      el("a", { class: "code", href: `/console/member/${uscc}` }, uscc),
      roles ? el("span", { class: "roles" }, ` ${roles}`) : null, uscc === this.me ? ` (${word("you")})` : null);
  }

  /** The link from a value to the record that said it. */
  source(record) {
    const number = this.numbers.get(record);
    if (!number) return record ? el("span", { class: "code", title: record }, `${record.slice(0, 8)}…`) : nothing();
    const line = this.view.records[number - 1];
    const role = this.members.get(line.issuer)?.roles[0];
    const title = `${typeWord(line.type)} · ${line.issuer} · ${record}`;
    return el("a", { class: `source ${line.state}`, href: `#record-${number}`, title, "aria-label": `R${number}${role ? ` ${roleWord(role)}` : ""}: ${title}` },
      `R${number}`, role ? el("span", { class: "by" }, ` ${roleWord(role)}`) : null);
  }

  /** Links to several records. */
  sources(records) {
    return records.map((record, place) => [place ? " " : "", this.source(record)]);
  }

  /** Every section in order: [id, title, how many, content]. */
  sections() {
    const view = this.view;
    const taxes = Object.values(view.taxes).flat();
    return [
      ["due", word("due"), view.due.length, this.due()],
      ["status", word("status"), view.declarations.length, this.status()],
      ["timeline", word("timeline"), view.timeline.length, this.timeline()],
      ["declaration", word("declaration"), view.declarations.length, view.declarations.map((one) => this.declaration(one))],
      ["parties", word("parties"), view.parties.length, this.parties()],
      ["goods", word("goods"), view.goods_items.length, this.goods()],
      ["transport", word("transport"), view.transport.length, this.beside(word("transport"), view.transport)],
      ["containers", word("containers"), view.containers.length, this.containers()],
      ["weights", word("weights"), view.weights.length, this.weights()],
      ["values", word("values"), view.values.length, this.beside(word("values"), view.values)],
      ["taxes", word("taxes"), taxes.length, this.taxes()],
      ["documents", word("documents"), view.documents.length, this.documents()],
      ["references", word("references"), view.references.length, this.references()],
      ["remarks", word("remarks"), view.remarks.length, this.remarks()],
      ["withheld", word("withheld"), view.withheld.length, this.withheld()],
    ].filter(([id, , count]) => count > 0 || id === "withheld");
  }

  /** State, hours, logistics, tax and completeness, in four boxes. */
  summary() {
    const { status, completeness, reader } = this.view;
    const customs = status.customs.map((one) => [
      el("p", { class: "big" }, state(one.state)),
      el("p", {}, one.hours_lodged_to_released === null ? word(one.released_at ? "lodgedUnknown" : "notReleased")
        : [el("b", {}, `${one.hours_lodged_to_released} ${word("hour")}`), ` ${word("lodgedToReleased")}`],
      one.tax_paid ? ` · ${word("taxPaid")}` : null),
      el("p", { class: "small" }, time(one.lodged_at), " → ", time(one.released_at)),
    ]);
    const last = status.logistics;
    const tax = status.tax;
    return el("div", { class: "boxes" },
      box(word("customs"), customs.length ? customs : el("p", {}, word("noStatus"))),
      box(word("logistics"), last ? [el("p", { class: "big" }, code(last.code)), el("p", { class: "small" }, time(last.happened?.utc), " ", this.source(last.record))]
        : el("p", {}, word("noWord"))),
      box(word("tax"), tax ? [el("p", { class: "big" }, this.taxTotal()),
        el("p", { class: "small" }, `${word("bills")} ${tax.assessed} · ${word("payments")} ${tax.paid}`)] : el("p", {}, word("noWord"))),
      box(word("completeness"), this.completeness(completeness, reader)));
  }

  /** What was paid in all, else assessed; nothing where the amounts are withheld or of several currencies. */
  taxTotal() {
    for (const kind of ["paid", "assessed"]) {
      const totals = this.view.taxes[kind].filter((one) => !one.amended_by).map((one) => one.value.total).filter(Boolean);
      const currencies = new Set(totals.map((one) => one.currency));
      if (currencies.size === 1) {
        const sum = totals.reduce((all, one) => all + hundredThousandths(one.value), 0n);
        return `${word(kind)} ${decimal(asDecimal(sum))} ${totals[0].currency}`;
      }
    }
    return null;
  }

  /** Why the reader takes part, in its language; the gateway's own words where they are of no known form. */
  standing() {
    const because = this.view.reader.takes_part_because;
    if (because === "its UCR") return word("standingUcr");
    const named = /^named by (.+) in record (\S+)$/.exec(because);
    if (named && named[1] in NAMERS) return [`${word(NAMERS[named[1]])} `, this.source(named[2])];
    if (because.startsWith("named by operator only")) return word("standingWaits");
    return because;
  }

  completeness(said, reader) {
    if (reader.own_records_only) return el("p", {}, word("ownOnly"));
    const whole = said.claim === "complete up to the checkpoint";
    const point = said.checkpoint;
    return [
      el("p", { class: whole ? "big good" : "big warn" }, sentence(said.claim)),
      el("p", {}, `${said.covered_entries} / ${said.entries} ${word("entries")} ${word("coveredOf")}`,
        said.not_anchored_yet ? ` · ${said.not_anchored_yet} ${word("waiting")}` : null,
        said.missing?.length ? ` · ${said.missing.length} ${word("missing")}` : null),
      ...(said.missing ?? []).slice(0, 5).map((one) => el("p", { class: "small" },
        `${word("missing")}: ${one.issuer} · ${word("batch")} ${one.batch} · ${one.gateway ?? "?"}`)),
      ...(said.lacking ?? []).slice(0, 5).map((one) => el("p", { class: "small" },
        `${one.issuer} · ${one.type}: ${one.sections.join(", ")}`)),
      said.whole_at?.length ? el("p", { class: "small" },
        `${word("wholeAt")}: ${said.whole_at.map((one) => `${one.member} ${one.url}`).join("; ")}`) : null,
      point ? el("p", { class: "small", title: point.root },
        `${word("checkpoint")} ${point.index} · ${point.batch_count} ${word("batches")} · ${point.votes} ${word("votes")}, ${point.dissent} ${word("dissent")} · ${word("block")} ${point.block}`)
        : null,
    ];
  }

  due() {
    return table(word("due"), [word("dueBy"), word("text"), word("source")],
      this.view.due.map((one) => [one.by.length > 10 ? time(one.by) : one.by, one.what, this.source(one.record)]));
  }

  status() {
    return this.view.declarations.map((one) => {
      const moves = one.steps.filter((step) => step.moved);
      const longest = Math.max(0.01, ...moves.map((step) => Number(step.hours ?? 0)));
      const rows = one.steps.map((step) => {
        const next = step.moved ? moves[moves.indexOf(step) + 1] : null;
        return {
          class: step.moved ? null : "kept",
          cells: [step.moved ? state(step.to) : word("kept"), time(step.at), next ? time(next.at) : nothing(),
            next ? decimal(next.hours) : nothing(), next ? bar(Number(next.hours) / longest) : "",
            step.code ? code(step.code) : typeWord("customs.declaration"), this.source(step.record)],
        };
      });
      const caption = `${word("status")} · ${one.numbers.join(", ")}`;
      return table(caption, [word("stateHead"), word("entered"), word("left"), { text: word("hours"), number: true }, "", word("answer"), word("source")], rows);
    });
  }

  timeline() {
    const rows = this.view.timeline.map((one) => {
      const lane = LANES[one.type.split(".")[0]] ?? "trade";
      const said = [el("span", { class: "what" }, one.code ? code(one.code) : typeWord(one.type)), " ",
        one.state ? state(one.state) : null, one.code && lane !== "customs" ? el("span", { class: "small" }, ` ${typeWord(one.type)}`) : null];
      const at = [time(one.at), one.at_is === "issued" ? el("span", { class: "small" }, ` ${word("byIssue")}`) : null];
      return { class: lane, cells: [at, ...["customs", "logistics", "trade"].map((name) => (name === lane ? said : "")), this.source(one.record)] };
    });
    return table(word("timeline"), [word("when"), word("customs"), word("logistics"), word("trade"), word("source")], rows);
  }

  declaration(one) {
    const head = { ...(one.declaration ?? {}), ...(one.valuation ?? {}) };
    return el("div", {},
      el("p", {}, el("b", {}, one.numbers.join(", ") || nothing()), " ", state(one.state), " ", this.source(one.record)),
      fields(head),
      one.history.length > 1 ? table(word("history"), [word("version"), fieldOrWord("function"), fieldOrWord("stage"), word("proof"), word("source")],
        one.history.map((version, place) => [String(place + 1), version.function ?? nothing(), version.stage ?? nothing(), standing(version.state), this.source(version.record)])) : null,
      one.requests.length ? table(word("requests"), [word("kind"), word("text"), word("issuer"), word("source")],
        one.requests.map((asked) => [asked.request?.kind ?? nothing(), shown(asked.request?.reason ?? null), this.member(asked.issuer), this.source(asked.record)])) : null);
  }

  /** Parties; what several records say alike stands once, with all of them. */
  parties() {
    const alike = new Map();
    for (const { value: party, record } of this.view.parties) {
      const key = JSON.stringify(party);
      if (!alike.has(key)) alike.set(key, { party, records: [] });
      alike.get(key).records.push(record);
    }
    return table(word("parties"), [word("role"), word("name"), word("identity"), word("contact"), word("source")],
      [...alike.values()].map(({ party, records }) => [fieldOrWord(party.role), party.name ?? nothing(),
        [party.uscc, party.customs_code, party.overseas_id, party.id_number, ...(party.other_ids ?? []).map(code)].filter(Boolean).map((one) => el("div", { class: "code" }, one)),
        [party.phone, party.address, party.country].filter(Boolean).map((one) => el("div", {}, one)), this.sources(records)]));
  }

  goods() {
    return table(word("goods"), [{ text: "№", number: true }, fieldOrWord("hs"), word("name"), { text: fieldOrWord("quantity"), number: true },
      { text: fieldOrWord("unit_price"), number: true }, { text: fieldOrWord("total"), number: true }, fieldOrWord("origin"), word("source")],
    this.view.goods_items.map(({ value: item, record }) => [String(item.ordinal), el("span", { class: "code" }, item.hs ?? nothing()),
      [el("span", { class: "what" }, item.name), item.model ? el("div", { class: "small" }, item.model) : null],
      [item.quantity, item.first_quantity, item.second_quantity].filter(Boolean).map((one, place) => el("div", { class: place ? "small" : null }, measure(one))),
      shown(item.unit_price ?? null), shown(item.total ?? null), shown(item.origin ?? null), this.source(record)]));
  }

  /** Sections that several sources state, side by side: a row a field, a column a source. */
  beside(caption, said) {
    const names = [...new Set(said.flatMap((one) => Object.keys(one.value)))].filter((name) => !FIELDS_SHOWN_ELSEWHERE.has(name));
    const heads = said.map((one) => ({ text: [this.source(one.record), el("div", { class: "small" }, typeWord(one.type))] }));
    return table(caption, ["", ...heads],
      names.map((name) => [el("th", { scope: "row" }, fieldOrWord(name)), ...said.map((one) => (name in one.value ? shown(one.value[name]) : ""))]));
  }

  containers() {
    const rows = this.view.containers.flatMap(({ number, said }) => said.map((one, place) => [
      place ? "" : el("b", { class: "code" }, number),
      shown(one.value.size_type ?? null),
      ...["tare", "cargo_gross", "gross"].map((name) => shown(one.value[name] ?? null)),
      (one.value.seals ?? []).map((seal, at) => [at ? ", " : "", el("span", { class: "code" }, seal.number), seal.by ? [" ", code(seal.by)] : null]),
      this.source(one.record)]));
    return table(word("containers"), [fieldOrWord("container"), word("sizeType"), { text: fieldOrWord("tare"), number: true }, { text: fieldOrWord("cargo_gross"), number: true },
      { text: fieldOrWord("gross"), number: true }, word("seals"), word("source")], rows);
  }

  weights() {
    const all = this.view.weights;
    const sources = [...new Set(all.map((one) => one.record))];
    const rows = [...new Set(all.map((one) => `${one.of ?? ""}\u0000${one.what}`))].sort().map((key) => {
      const [of, what] = key.split("\u0000");
      const here = all.filter((one) => (one.of ?? "") === of && one.what === what);
      const differs = new Set(here.map((one) => `${one.value.value} ${one.value.unit}`)).size > 1;
      return {
        class: differs ? "differs" : null,
        cells: [el("th", { scope: "row" }, fieldOrWord(what), of ? el("span", { class: "code" }, ` ${of}`) : null,
          differs ? el("span", { class: "mark" }, ` ≠ ${word("differ")}`) : null),
        ...sources.map((record) => here.filter((one) => one.record === record).map((one) => el("div", {}, measure(one.value))))],
      };
    });
    return table(word("weights"), [word("weight"), ...sources.map((record) => ({ text: this.source(record), number: true }))], rows);
  }

  taxes() {
    return Object.entries(this.view.taxes).flatMap(([kind, said]) => said.map((one) => {
      const { lines = [], ...head } = one.value;
      const lineRows = lines.map((line) => [fieldOrWord(line.kind), line.item === undefined ? "" : String(line.item), el("span", { class: "code" }, line.hs ?? ""),
        shown(line.base ?? null), line.rate ? percent(line.rate) : shown(line.specific ?? null), shown(line.amount ?? null)]);
      if (head.total) lineRows.push({ class: "total", cells: [fieldOrWord("total"), "", "", "", "", measure(head.total)] });
      delete head.total;
      const number = { number: true };
      return el("div", { class: one.amended_by ? "replaced" : null },
        el("h3", {}, word(kind), " ", this.source(one.record), one.amended_by ? [` ${word("amendedBy")} `, this.source(one.amended_by)] : null),
        table(`${word("taxes")} · ${word(kind)}`, [word("kind"), { text: fieldOrWord("item"), ...number }, fieldOrWord("hs"), { text: fieldOrWord("base"), ...number },
          { text: fieldOrWord("rate"), ...number }, { text: fieldOrWord("amount"), ...number }], lineRows),
        fields({ ...(one.head ?? {}), ...head }));
    }));
  }

  documents() {
    return table(word("documents"), [word("kind"), word("name"), fieldOrWord("sha256"), word("source")],
      this.view.documents.map(({ value: one, record }) => [shown(one.kind ?? null), one.name ?? nothing(), el("span", { class: "code hash" }, one.sha256 ?? nothing()), this.source(record)]));
  }

  references() {
    return table(word("references"), [word("kind"), fieldOrWord("number"), fieldOrWord("scope"), word("source")],
      [...this.view.references].sort((one, other) => rank(one.kind) - rank(other.kind)).map((one) => [fieldOrWord(one.kind), el("span", { class: "code whole" }, one.value), el("span", { class: "code" }, one.scope || ""),
        this.sources(one.records)]));
  }

  remarks() {
    return table(word("remarks"), [word("text"), word("source")], this.view.remarks.map((one) => [shown(one.value), this.source(one.record)]));
  }

  withheld() {
    if (!this.view.withheld.length) return el("p", {}, word("nothingWithheld"));
    const rows = this.view.withheld.flatMap((one) => {
      const alike = new Map();
      for (const why of one.why) {
        const key = JSON.stringify([why.cause, why.grants, why.erasure]);
        alike.set(key, [...(alike.get(key) ?? []), why]);
      }
      return [...alike.values()].map((whys, place) => [place ? "" : this.source(one.record), place ? "" : typeWord(one.type), place ? "" : this.member(one.issuer),
        whys.map((why) => fieldOrWord(why.section)).join(", "), [word(whys[0].cause), whys[0].erasure ? erasure(whys[0].erasure, this) : whys[0].grants.map((line, at) => [at ? "; " : " ", grant(line)])]]);
    });
    return table(word("withheld"), [word("record"), word("type"), word("issuer"), word("sectionNames"), word("why")], rows);
  }

  /** Every record with where it stands on the chain; `bundle` downloads the proof of one. */
  records(bundle) {
    const rows = this.view.records.map((one, place) => ({
      id: `record-${place + 1}`,
      tabindex: "-1",
      cells: [el("b", {}, `R${place + 1}`), [el("div", {}, typeWord(one.type)), el("a", { class: "code small whole", href: `/console/record/${one.record}` }, one.record)],
        this.member(one.issuer), [seconds(one.issued_at), el("div", {}, seconds(one.anchored_at))], standing(one.state),
        one.batch === null ? nothing() : el("a", { href: `/console/batch/${one.batch}` }, `${one.batch} / ${one.position}`),
        one.block === null ? nothing() : el("a", { href: `/console/block/${one.block}` }, String(one.block)),
        one.withheld.map(fieldOrWord).join(", ") || nothing(),
        el("button", { type: "button", class: "link", "aria-label": `${word("downloadBundle")} R${place + 1}`, click: () => bundle(one.record) }, word("bundle"))],
    }));
    const number = { number: true };
    return table(word("records"), ["", word("type"), word("issuer"), `${word("issued")} / ${word("anchored")}`, word("proof"), { text: word("batch"), ...number },
      { text: word("block"), ...number }, word("withheld"), ""], rows);
  }
}

/** A declaration's state as a chip. */
export function state(name) {
  return name ? el("span", { class: `state ${name}` }, stateWord(name)) : nothing();
}

/** How far a record has come. */
export function standing(name) {
  return el("span", { class: `standing ${name}` }, word(name === "anchored" ? "anchoredState" : name));
}

/** Who had a section erased, when, by which rule and why. */
function erasure(line, picture) {
  return [" ", picture.member(line.by), line.at === null ? "" : [", ", seconds(line.at)], ` (${line.rule}): ${line.reason}`];
}

/** A line of the view policy, in words; as the policy writes it in the title. */
function grant(line) {
  const [role, condition, types] = line.split(" / ");
  const what = types === "*" ? "" : ` ${types}`;
  return el("span", { class: "grant", title: line }, `${roleWord(role)} · ${conditionWord(condition)}${what}`);
}

/** Numbers that people ask by come first, a source's own numbers last. */
function rank(kind) {
  return KINDS_BY_WEIGHT.indexOf(kind);
}

function box(title, ...content) {
  return el("section", { class: "box" }, el("h2", {}, title), content);
}

function bar(share) {
  return el("span", { class: "bar", "aria-hidden": "true", style: { "--share": `${Math.max(0.5, share * 100)}%` } });
}

function fields(said) {
  const names = Object.keys(said);
  if (!names.length) return null;
  return el("dl", { class: "fields" }, names.map((name) => el("div", {}, el("dt", {}, fieldOrWord(name)), el("dd", {}, shown(said[name])))));
}

/** Money of at most five digits behind the point, as whole hundred-thousandths. */
function hundredThousandths(text) {
  const [whole, behind = ""] = text.replace("-", "").split(".");
  const made = BigInt(whole) * 100_000n + BigInt(behind.padEnd(5, "0"));
  return text.startsWith("-") ? -made : made;
}

function asDecimal(made) {
  const digits = String(made < 0n ? -made : made).padStart(6, "0");
  return `${made < 0n ? "-" : ""}${digits.slice(0, -5)}.${digits.slice(-5)}`;
}
