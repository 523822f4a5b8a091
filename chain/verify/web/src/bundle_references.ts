// Everything that a bundle refers to is there, once, and nothing else. docs/spec/bundle.md.

import { type Bundle, isOfConsignment } from "./bundle.js";
import { fromBase64url, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { disclosedNames } from "./records.js";

/** Raises Malformed. */
export function refuseStrangers(bundle: Bundle): void {
  const batches = new Set(bundle.batches.map((batch) => batch.index));
  for (const { record, entries } of bundle.records) {
    for (const entry of entries) {
      if (!batches.has(entry.batch))
        throw new Malformed("batches", `lacks batch ${entry.batch} of record ${record.id}`);
    }
  }
  const used = new Set(bundle.records.flatMap(({ entries }) => entries.map((entry) => entry.batch)));
  for (const { lanes } of bundle.groups)
    for (const lane of lanes) for (const leaf of lane.leaves ?? []) used.add(leaf.batch);
  // The first that the checkpoint does not cover may be one more.
  if (bundle.batches.filter((batch) => !used.has(batch.index)).length > +(bundle.checkpoint !== null)) {
    throw new Malformed("batches", "has spare ones");
  }
  refuseOthers(
    "accounts",
    bundle.accounts.map((account) => toHex(account.address)),
    bundle.batches.map((batch) => toHex(batch.gateway)),
  );
  const ids = new Set(bundle.records.map(({ record }) => record.id));
  const said = bundle.records.map(({ record }) => record);
  for (const [i, { receipt, record }] of bundle.receipts.entries()) {
    if (ids.has(receipt.recordId) !== (record === null)) {
      throw new Malformed(`receipts[${i}].jwt`, "stands exactly where the receipt's record is not among the records");
    }
    if (record !== null && record.id !== receipt.recordId)
      throw new Malformed(`receipts[${i}].jwt`, "is another record's");
    if (record !== null) said.push(record);
  }
  const receipts = bundle.receipts.map(({ receipt }) => receipt);
  refuseOthers(
    "keys",
    bundle.keys.map(({ key }) => toHex(key.thumbprint)),
    [
      ...said.map((record) => thumbprintHex(record.jws.kid)),
      ...receipts.map((receipt) => thumbprintHex(receipt.jws.kid)),
    ],
  );
  refuseOthers(
    "members",
    bundle.members.map(({ uscc }) => uscc),
    [...said.map((record) => record.issuer), ...receipts.map((receipt) => receipt.gateway)],
  );
  const namers = bundle.records.flatMap(({ record }) => (record.type === "trade.parties" ? [record.issuer] : []));
  refuseOthers(
    "operators",
    bundle.operators.map(({ uscc }) => uscc),
    isOfConsignment(bundle.kind) ? namers : [],
  );
  if (!isOfConsignment(bundle.kind) && bundle.assignments.length > 0)
    throw new Malformed("assignments", "stand in consignment bundles");
  refuseOtherSubjects(bundle, ids);
  refusePlaces(bundle);
}

/** A place in a lane stands only where the lane is shown by its head alone. */
function refusePlaces(bundle: Bundle): void {
  const closed = new Set(
    bundle.groups.flatMap(({ purpose, vrf, lanes }) =>
      lanes.filter((lane) => lane.closed !== null).map((lane) => toHex(vrf.prefix(purpose)) + toHex(lane.half)),
    ),
  );
  for (const { record, entries } of bundle.records) {
    for (const entry of entries) {
      if (entry.lane !== null && !closed.has(toHex(entry.tag))) {
        throw new Malformed(`record ${record.id}`, "a place stands only where its lane's head alone is shown");
      }
    }
  }
}

function thumbprintHex(kid: string): string {
  return toHex(fromBase64url(kid, "kid"));
}

function refuseOthers(field: string, shown: string[], needed: string[]): void {
  const [have, want] = [new Set(shown), new Set(needed)];
  if (have.size !== want.size || [...want].some((item) => !have.has(item))) {
    throw new Malformed(field, "must be exactly those that the bundle refers to");
  }
}

function refuseOtherSubjects(bundle: Bundle, ids: Set<string>): void {
  if (bundle.kind === "record" || bundle.kind === "finding") {
    for (const id of bundle.subjects) if (!ids.has(id)) throw new Malformed("subject", `lacks record ${id}`);
  }
  const isOfNumber = bundle.number !== null;
  for (const { record, entries } of bundle.records) {
    if (entries.some(({ isNumber }) => isNumber) !== isOfNumber)
      throw new Malformed(`record ${record.id}`, "has a number's entry in a single-use bundle alone");
  }
  if (isOfNumber && bundle.receipts.length > 0) throw new Malformed("receipts", "stand in no single-use bundle");
  const names = isOfNumber ? bundle.subjects :
    bundle.ucr !== null ? [bundle.ucr] : bundle.records.flatMap(({ record }) => disclosedNames(record));
  bundle.groups.forEach((group, i) => {
    if (!names.includes(group.name) || (group.purpose === "invoice") !== isOfNumber || (bundle.ucr !== null && group.purpose !== "ucr"))
      throw new Malformed(`groups[${i}]`, "is of another UCR than the bundle's subject");
    if (bundle.checkpoint === null && (group.other || [group.siblings, group.lanes, group.hidden].some((list) => list.length > 0)))
      throw new Malformed(`groups[${i}]`, "shows lanes without a checkpoint");
  });
}
