// The rules in the data form, of every version that was released. They grow with each and stand in a file of their own,
// which brings them (rules.ts): a verifier without it knows no version, and says so.

export type Expression = string | (string | Expression)[];

export interface Selection {
  of: string;
  path: string;
  as: string;
  all?: boolean;
  optional?: boolean;
}

export interface Test {
  name: string;
  severity: string;
  group: string;
  each?: { of: string; path: string };
  select: { [name: string]: Selection };
  let?: [string, Expression][];
  when?: Expression;
  agree: Expression;
  declared: Expression;
  computed: Expression;
  tolerance?: Expression;
  inputs: string[];
}

export interface RulePack {
  version: string;
  /** What the pack's hash is made of besides its tables: hashes in hex. */
  rules: string;
  parameters: string;
  /** Every rule of the version, in the data form or not. */
  ids: string[];
  values: { [parameter: string]: string };
  forms: { [rule: string]: Test[] };
}

export const RULE_PACKS: RulePack[] = [];
