// JSON read strictly: RFC 8259 without doubled names, fractions, exponents, lone surrogates or deep nesting.
// docs/spec/README.md, "Notation". Objects keep the order of their members.

import type { Bytes } from "./bytes.js";
import { Malformed } from "./errors.js";

export type JsonObject = Map<string, Json>;
export type Json = null | boolean | number | string | Json[] | JsonObject;

const MOST_LEVELS = 16;
const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly field: string,
  ) {}

  parse(): Json {
    const value = this.value(0);
    this.skipSpace();
    if (this.at !== this.text.length) this.fail("something follows the value");
    return value;
  }

  private fail(rule: string): never {
    throw new Malformed(this.field, `${rule}, at character ${this.at}`);
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private value(level: number): Json {
    this.skipSpace();
    switch (this.text[this.at]) {
      case "{":
        return this.object(level + 1);
      case "[":
        return this.array(level + 1);
      case '"':
        return this.string();
      case "t":
        return this.literal("true", true);
      case "f":
        return this.literal("false", false);
      case "n":
        return this.literal("null", null);
      default:
        return this.integer();
    }
  }

  private literal(word: string, value: Json): Json {
    if (!this.text.startsWith(word, this.at)) this.fail("not JSON");
    this.at += word.length;
    return value;
  }

  private integer(): number {
    INTEGER.lastIndex = this.at;
    const digits = INTEGER.exec(this.text)?.[0];
    if (digits === undefined) this.fail("not JSON");
    this.at += digits.length;
    if (/[.eE0-9]/.test(this.text[this.at] ?? "")) this.fail("numbers are integers");
    const value = digits.length > 17 ? NaN : Number(digits);
    if (!Number.isSafeInteger(value)) this.fail("numbers are at most 2^53 - 1");
    return value === 0 ? 0 : value;
  }

  private string(): string {
    let text = "";
    this.at++;
    for (;;) {
      const start = this.at;
      let code = this.text.charCodeAt(this.at);
      while (code >= 0x20 && code !== 0x22 && code !== 0x5c) code = this.text.charCodeAt(++this.at);
      text += this.text.slice(start, this.at);
      if (code === 0x22) break;
      if (code !== 0x5c) this.fail("a string does not end, or holds a control character");
      text += this.escape();
    }
    this.at++;
    if (LONE_SURROGATE.test(text)) this.fail("a string holds half of a surrogate pair");
    return text;
  }

  private escape(): string {
    const kind = this.text[this.at + 1] ?? "";
    if (kind === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("not JSON");
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const character = ESCAPES[kind];
    if (character === undefined) this.fail("not JSON");
    this.at += 2;
    return character;
  }

  private enter(level: number): void {
    if (level > MOST_LEVELS) this.fail(`is more than ${MOST_LEVELS} levels deep`);
    this.at++;
    this.skipSpace();
  }

  private array(level: number): Json[] {
    this.enter(level);
    const items: Json[] = [];
    if (this.text[this.at] === "]") {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.value(level));
      if (this.endsList("]")) return items;
    }
  }

  private object(level: number): JsonObject {
    this.enter(level);
    const members: JsonObject = new Map();
    if (this.text[this.at] === "}") {
      this.at++;
      return members;
    }
    for (;;) {
      this.skipSpace();
      if (this.text[this.at] !== '"') this.fail("not JSON");
      const name = this.string();
      if (members.has(name)) this.fail(`the name ${JSON.stringify(name)} stands twice in one object`);
      this.skipSpace();
      if (this.text[this.at] !== ":") this.fail("not JSON");
      this.at++;
      members.set(name, this.value(level));
      if (this.endsList("}")) return members;
    }
  }

  private endsList(end: string): boolean {
    this.skipSpace();
    const next = this.text[this.at];
    if (next !== end && next !== ",") this.fail("not JSON");
    this.at++;
    return next === end;
  }
}

export function parseJson(text: string, field: string): Json {
  return new Parser(text, field).parse();
}

/** UTF-8 without a byte order mark. Raises Malformed. */
export function decodeUtf8(bytes: Bytes, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new Malformed(field, "is not UTF-8");
    throw error;
  }
}

/** The one form that a bundle has: no white space, members in their order, no needless escape. */
export function formatJson(value: Json): string {
  if (value instanceof Map) {
    return `{${[...value].map(([name, member]) => `${JSON.stringify(name)}:${formatJson(member)}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(formatJson).join(",")}]`;
  return JSON.stringify(value);
}
