// The groups of records over which a rule is run. docs/spec/rules.md, "Groups".

import { compareTexts, isMoney, type Joined, objectOf, objectsOf, type Said, textOf, valueOf } from "./rule_records.js";
import type { Json } from "./json.js";

export type Group = { [part: string]: Said[] };

const E_INVOICE = /^[0-9]{20}$/;
/** UNTDID 1001: kinds that take off what they say. */
const CREDIT_NOTES = "81 83 261 262 296 308 381 396 420 458 532".split(" ");

function byDeclaration(joined: Joined): Group[] {
  const { bills, payments } = joined;
  return joined.declarations.map((one) => ({
    declaration: [one.current],
    answer: one.answers,
    bill: bills.filter(({ declaration }) => declaration === one).map(({ record }) => record),
    payment: payments.filter((paid) => joined.declarationOf(paid) === one),
  }));
}

function byCarriage(joined: Joined): Group[] {
  return joined.carriages.flatMap(({ declarations, bills }) =>
    Array.from({ length: Math.max(...bills.map(({ length }) => length)) }, (_, place) => ({
      declaration: declarations.map(({ current }) => current),
      paper: bills.map((papers) => papers[Math.min(place, papers.length - 1)]!),
    })),
  );
}

function byAssessment(joined: Joined): Group[] {
  const others = [...joined.payments, ...joined.ofType("customs.status")].filter(({ hasTaxes }) => hasTaxes);
  return [...joined.bills.map(({ record }) => record), ...others].map((record) => ({ taxes: [record] }));
}

function byTrade(joined: Joined): Group[] {
  const declarations = joined.declarations.map(({ current }) => current);
  const invoices = joined.invoices.filter(({ number }) => !E_INVOICE.test(number));
  const by = (names: Iterable<string>, nameOf: (one: Said) => string): Group[] =>
    [...new Set(names)]
      .sort(compareTexts)
      .map((name) => traded(...([declarations, invoices].map((list) => list.filter((one) => nameOf(one) === name)) as [Said[], Said[]])));
  const contractOf = ({ head }: Said): string => textOf(head, "contract");
  const contracts = declarations.map(contractOf);
  const invoiced = invoices.map(contractOf);
  const isByContract =
    declarations.length > 1 &&
    invoiced.length > 0 &&
    contracts.every((name) => name !== "") &&
    invoiced.every((name) => contracts.includes(name));
  if (isByContract) return by(contracts, contractOf);
  const currencies = new Set([...declarations, ...invoices].map(currencyOf));
  if (currencies.size > 1 && !currencies.has("")) return by(invoices.map(currencyOf), currencyOf);
  return [traded(declarations, invoices)];
}

function traded(declaration: Said[], invoices: Said[]): Group {
  return {
    declaration,
    invoice: invoices.filter((one) => !isCreditNote(one)),
    credit: invoices.filter(isCreditNote),
  };
}

function isCreditNote(one: Said): boolean {
  return objectsOf(one.sections.get("invoice") ?? []).some((head) => {
    const kind = objectOf(head.get("kind"));
    return textOf(kind, "system") === "uncl-1001" && CREDIT_NOTES.includes(valueOf(head, "kind"));
  });
}

/** The one currency of a record's amounts; empty where there are several or none. */
function currencyOf(one: Said): string {
  const amounts: (Json | undefined)[] = one.listed("goods_items").map((item) => item.get("total"));
  if (one.record.type === "tax.invoice") {
    const totals = ["net", "lines_total", "gross", "payable"].map((name) => one.head.get(name));
    amounts.push(totals.find(isMoney));
  }
  const currencies = new Set(amounts.filter(isMoney).map((amount) => textOf(objectOf(amount), "currency")));
  return currencies.size === 1 ? [...currencies][0]! : "";
}

export const GROUPS: { [name: string]: (joined: Joined) => Group[] } = {
  declaration: byDeclaration,
  carriage: byCarriage,
  assessment: byAssessment,
  trade: byTrade,
};

const LODGED = ["customs.declaration", "customs.status"];
/** Types of records that each group is made of. */
export const GROUP_TYPES: { [name: string]: string[] } = {
  declaration: [...LODGED, "tax.assessment", "tax.payment"],
  carriage: [...LODGED, "logistics.transport_document"],
  assessment: [...LODGED, "tax.assessment", "tax.payment"],
  trade: ["customs.declaration", "tax.invoice"],
};
