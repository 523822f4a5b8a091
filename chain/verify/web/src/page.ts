// The page that verifies in a browser: at /verify of a gateway, and saved as one file. It asks no network.

import { type ErasedBy, erasedSections } from "./erasures.js";
import type {} from "./index.js";
import type { Json } from "./json.js";
import type { Report, ReportedRecord } from "./report.js";
import type { TrustRoot } from "./trust_root.js";
import type { Text } from "./verdicts.js";
import { CHECK_TITLES, ERASURE_RULES, FATE_WORDS, nameWord, OUTCOME_OF_FINDING, OUTCOME_WORDS, VERDICT_WORDS, WORDS } from "./words.js";

// The verifier's own script stands before this one in the page.
const { digestOf, Malformed, parseTrustRoot, verify } = globalThis.tongguan;

type Language = "en" | "zh";
type Child = Node | string;

const BUNDLE_BEGINNING = '{"format":"tongguan-bundle/';
const TRUST_ROOT_MARK = /"format"\s*:\s*"tongguan-trust-root\//;
const TRUST_ROOT_BYTES_MAX = 2 ** 20;
const BEIJING_S = 8 * 3600;

interface GivenFile {
  name: string;
  bytes: Uint8Array;
}

interface Files {
  bundle: GivenFile | null;
  trustRoot: GivenFile | null;
  documents: { name: string; digest: string }[];
}

/** Builds an element of children; texts are never read as markup. */
function element(name: string, attributes: { [name: string]: string }, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class VerifyPage {
  private language: Language = navigator.language.startsWith("zh") ? "zh" : "en";
  private readonly files: Files = { bundle: null, trustRoot: null, documents: [] };
  private question = { fingerprint: "", asOf: "", current: false };

  constructor(private readonly main: HTMLElement) {}

  open(): void {
    this.main.addEventListener("dragover", (event) => event.preventDefault());
    this.main.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.take([...(event.dataTransfer?.files ?? [])], null);
    });
    this.render();
  }

  private say(words: Text): string {
    return words[this.language];
  }

  private render(): void {
    document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en";
    document.title = this.say(WORDS.title);
    const language = element("button", { type: "button", class: "language" }, this.say(WORDS.otherLanguage));
    language.addEventListener("click", () => {
      this.language = this.language === "en" ? "zh" : "en";
      this.render();
    });
    const result = element("div", { id: "result", role: "status", "aria-live": "polite" });
    this.main.replaceChildren(
      element("header", {}, element("h1", {}, this.say(WORDS.title)), language),
      element("p", { class: "about" }, this.say(WORDS.about)),
      this.form(),
      result,
    );
    this.judge();
  }

  // -- what is given and asked

  private form(): HTMLElement {
    const { bundle, trustRoot, documents } = this.files;
    return element(
      "form",
      { class: "ask" },
      this.fileField("bundle", WORDS.bundle, bundle === null ? [] : [bundle.name]),
      this.fileField("trust-root", WORDS.trustRoot, trustRoot === null ? [] : [trustRoot.name]),
      this.fileField(
        "documents",
        WORDS.documents,
        documents.map((file) => file.name),
      ),
      element("p", { class: "drop" }, this.say(WORDS.drop)),
      this.textField(
        "fingerprint",
        WORDS.fingerprint,
        this.question.fingerprint,
        (value) => (this.question.fingerprint = value),
      ),
      this.textField("as-of", WORDS.asOf, this.question.asOf, (value) => (this.question.asOf = value)),
      this.currentField(),
    );
  }

  private fileField(id: string, label: Text, names: string[]): HTMLElement {
    const input = element("input", { type: "file", id }) as HTMLInputElement;
    if (id === "documents") input.multiple = true;
    input.addEventListener("change", () => void this.take([...(input.files ?? [])], id));
    // The browser forgets what was chosen when the form is built anew, so the names stand beside the label.
    const given = names.length === 0 ? "" : ` ✓ ${names.join(", ")}`;
    return element("label", { for: id, class: given === "" ? "" : "given" }, `${this.say(label)}${given}`, input);
  }

  private textField(id: string, label: Text, value: string, keep: (value: string) => void): HTMLElement {
    const input = element("input", { id, autocomplete: "off", spellcheck: "false" }) as HTMLInputElement;
    input.value = value;
    input.addEventListener("input", () => {
      keep(input.value.trim());
      this.judge();
    });
    return element("label", { for: id }, this.say(label), input);
  }

  private currentField(): HTMLElement {
    const input = element("input", { type: "checkbox", id: "current" }) as HTMLInputElement;
    input.checked = this.question.current;
    input.addEventListener("change", () => {
      this.question.current = input.checked;
      this.judge();
    });
    return element("label", { for: "current", class: "tick" }, input, this.say(WORDS.current));
  }

  /** Files of a field, or dropped ones, which tell by their content what they are. */
  private async take(files: File[], field: string | null): Promise<void> {
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const kind = field ?? kindOf(bytes);
      if (kind === "bundle") this.files.bundle = { name: file.name, bytes };
      else if (kind === "trust-root") this.files.trustRoot = { name: file.name, bytes };
      else this.files.documents.push({ name: file.name, digest: digestOf(bytes) });
    }
    this.render();
  }

  // -- what is answered

  private judge(): void {
    const { bundle, trustRoot } = this.files;
    const result = document.getElementById("result")!;
    if (bundle === null || trustRoot === null) {
      result.replaceChildren(element("p", {}, this.say(WORDS.waiting)));
      return;
    }
    let root: TrustRoot;
    try {
      root = parseTrustRoot(trustRoot.bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      result.replaceChildren(this.refusal(`${this.say(WORDS.notTrustRoot)}: ${error.message}`));
      return;
    }
    const told = this.question.fingerprint.toLowerCase().replace(/[^0-9a-f]/g, "");
    if (told !== "" && told !== root.fingerprint && told !== root.fingerprint.slice(0, 32)) {
      result.replaceChildren(this.refusal(this.say(WORDS.otherFingerprint)));
      return;
    }
    const asOf = /^[0-9]{1,13}$/.test(this.question.asOf) ? Number(this.question.asOf) : null;
    const report = verify(bundle.bytes, trustRoot.bytes, { asOf, current: this.question.current });
    result.replaceChildren(...this.answer(report, told !== ""));
  }

  private refusal(reason: string): HTMLElement {
    return element(
      "section",
      { class: "verdict bad", "data-verdict": "NO_VERDICT" },
      element("h2", {}, this.say(VERDICT_WORDS.NO_VERDICT)),
      element("p", {}, reason),
    );
  }

  private answer(report: Report, isCompared: boolean): Child[] {
    const parts: Child[] = [this.verdict(report, isCompared)];
    for (const file of this.files.documents) parts.push(this.documentLine(report, file));
    if (report.records.length > 0) {
      parts.push(element("h2", {}, `${this.say(WORDS.records)} (${report.records.length})`));
      const erased = erasedSections(report);
      parts.push(...report.records.map((record) => this.record(record, erased.get(record.record_id))));
    }
    if (report.receipts.length > 0) {
      parts.push(element("h2", {}, this.say(WORDS.receipts)));
      const lines = report.receipts.map(({ record_id, fate }) =>
        element("li", {}, element("code", {}, record_id), ` ${this.say(FATE_WORDS[fate]!)}`),
      );
      parts.push(element("ul", {}, ...lines));
    }
    if (report.findings.length > 0) {
      parts.push(element("h2", {}, this.say(WORDS.findings)));
      parts.push(element("ul", {}, ...report.findings.map((finding) => this.finding(finding))));
    }
    if (report.checks.length > 0) parts.push(element("h2", {}, this.say(WORDS.checks)), this.checks(report));
    return parts;
  }

  private finding({ record_id, issuer, rule, outcome, why }: Report["findings"][number]): HTMLElement {
    return element(
      "li",
      { "data-finding": outcome },
      element("strong", {}, `${rule} ${this.say(OUTCOME_OF_FINDING[outcome]!)}`),
      ` ${this.say(why)} (${this.say(WORDS.saidBy)} ${issuer}, `,
      element("code", {}, record_id),
      ")",
    );
  }

  private verdict(report: Report, isCompared: boolean): HTMLElement {
    const rows: [Text, Child][] = report.subjects.map((subject) => {
      const own = report.verdicts[subject]!;
      const word = report.subjects.length > 1 ? ` – ${this.say(VERDICT_WORDS[own])}` : "";
      return [WORDS.subject, element("span", {}, element("code", {}, subject), word)];
    });
    const groups = report.trust_root.match(/.{4}/g)!.slice(0, 8).join(" ");
    const hint = this.say(isCompared ? WORDS.compared : WORDS.notCompared);
    rows.push([WORDS.trustRoot, element("span", {}, element("code", {}, groups), ` ${hint}`)]);
    if (report.header_number !== null) {
      rows.push([WORDS.provedUnder, `${report.header_number}, ${this.time(report.header_time!)}`]);
    }
    if (report.covered_until_block !== null) rows.push([WORDS.completeUntil, String(report.covered_until_block)]);
    for (const { name, time } of report.cosigned_by) rows.push([WORDS.cosignedBy, `${name}, ${this.time(time)}`]);
    const isGood = report.verdict === "VALID";
    const section = element(
      "section",
      { class: `verdict ${isGood ? "good" : "bad"}`, "data-verdict": report.verdict },
      element("h2", {}, this.say(VERDICT_WORDS[report.verdict])),
      element("p", { class: "code" }, `${report.verdict} (${report.exit_code})`),
      this.rows(rows),
    );
    if (report.remarks.length > 0) {
      const lines = report.remarks.map((remark) => element("li", {}, this.say(remark)));
      section.append(element("h3", {}, this.say(WORDS.remarks)), element("ul", {}, ...lines));
    }
    return section;
  }

  private rows(rows: [Text, Child][]): HTMLElement {
    const parts = rows.flatMap(([label, value]) => [element("dt", {}, this.say(label)), element("dd", {}, value)]);
    return element("dl", {}, ...parts);
  }

  private documentLine(report: Report, file: Files["documents"][number]): HTMLElement {
    const naming = report.records.filter((record) => isInForce(record) && namesDocument(record, file.digest));
    const isNamed = report.verdict === "VALID" && naming.length > 0;
    const where = isNamed
      ? `${this.say(WORDS.namedBy)} ${naming.map((record) => record.record_id).join(", ")}`
      : this.say(WORDS.namedByNone);
    const name = element("strong", {}, `${this.say(WORDS.document)} ${file.name}`);
    return element(
      "p",
      { class: `document ${isNamed ? "good" : "bad"}`, "data-named": String(isNamed) },
      name,
      ` ${where}`,
    );
  }

  private record(record: ReportedRecord, erased?: Map<string, ErasedBy>): HTMLElement {
    const state = record.not_counted === null ? WORDS.counts : WORDS.notCounted;
    const rows: [Text, Child][] = [
      [WORDS.saidBy, record.issuer],
      [WORDS.issuedAt, this.time(record.issued_at)],
      [WORDS.anchoredIn, `${record.block}, ${this.time(record.anchored_at)}`],
    ];
    if (record.amends !== null) rows.push([WORDS.amends, element("code", {}, record.amends)]);
    if (record.amended_by !== null) rows.push([WORDS.amended, element("code", {}, record.amended_by)]);
    const colon = this.language === "zh" ? "：" : ": ";
    const reason = record.not_counted === null ? "" : `${colon}${this.say(record.not_counted)}`;
    const article = element(
      "article",
      { class: record.not_counted === null ? "record" : "record out" },
      element("h3", {}, this.say(nameWord(record.type)), " ", element("code", {}, record.record_id)),
      element("p", { class: "state" }, `${this.say(state)}${reason}`),
      this.rows(rows),
    );
    for (const remark of record.since) article.append(element("p", { class: "state" }, this.say(remark)));
    for (const section of record.sections) article.append(this.section(section, erased?.get(section.name)));
    return article;
  }

  private section({ name, count, shown }: ReportedRecord["sections"][number], by?: ErasedBy): HTMLElement {
    const title = element("h4", {}, this.say(nameWord(name)));
    if (by !== undefined) {
      const rule = this.say(ERASURE_RULES[by.rule] ?? WORDS.erased);
      const line = `${by.issuer}, ${this.time(by.at)}, ${rule}: ${by.reason}`;
      return element("div", { class: "withheld" }, title, element("p", {}, `${this.say(WORDS.erased)}: ${line} `, element("code", {}, by.record_id)));
    }
    if (shown.length === 0)
      return element("div", { class: "withheld" }, title, element("p", {}, this.say(WORDS.withheld)));
    const places = shown.map(({ index }) => index + 1).join(", ");
    if (shown.length < count) {
      title.append(` (${this.say(WORDS.shownInPart)} ${shown.length} ${this.say(WORDS.of)} ${count}: ${places})`);
    }
    return element("div", {}, title, ...shown.map(({ value }) => element("div", {}, this.value(value))));
  }

  /** A value as people read it: members by their names, lists one below the other. */
  private value(value: Json): HTMLElement {
    if (value instanceof Map) {
      const members = [...value].filter(([, member]) => member !== null);
      return this.rows(members.map(([name, member]) => [nameWord(name), this.value(member)]));
    }
    if (Array.isArray(value)) return element("ul", {}, ...value.map((item) => element("li", {}, this.value(item))));
    if (typeof value === "boolean") return element("span", {}, this.say(value ? WORDS.yes : WORDS.no));
    return element("span", {}, value === null ? "–" : String(value));
  }

  private checks(report: Report): HTMLElement {
    const head = [WORDS.check, WORDS.outcome, WORDS.reason].map((word) =>
      element("th", { scope: "col" }, this.say(word)),
    );
    const rows = report.checks.map((check) => {
      const reasons = check.reasons.map((reason) => element("p", {}, this.say(reason)));
      return element(
        "tr",
        { class: check.outcome.toLowerCase(), "data-outcome": check.outcome },
        element("td", {}, `${check.number}. ${this.say(CHECK_TITLES[check.name]!)}`),
        element("td", {}, this.say(OUTCOME_WORDS[check.outcome])),
        element("td", {}, ...(reasons.length > 0 ? reasons : [this.say(WORDS.noReason)])),
      );
    });
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    return element(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": this.say(WORDS.checks) },
      table,
    );
  }

  /** Chinese readers read Beijing time, others UTC; both are named. */
  private time(seconds: number): string {
    if (seconds >= 2 ** 37) return `${seconds} s`;
    const shift = this.language === "zh" ? BEIJING_S : 0;
    const read = new Date((seconds + shift) * 1000).toISOString().slice(0, 19).replace("T", " ");
    return `${read} ${this.language === "zh" ? "北京时间" : "UTC"}`;
  }
}

function kindOf(bytes: Uint8Array): string {
  const beginning = new TextDecoder().decode(bytes.subarray(0, BUNDLE_BEGINNING.length));
  if (beginning === BUNDLE_BEGINNING) return "bundle";
  const isSmall = bytes.length <= TRUST_ROOT_BYTES_MAX;
  return isSmall && TRUST_ROOT_MARK.test(new TextDecoder().decode(bytes)) ? "trust-root" : "documents";
}

/** Whether a record counts and was not replaced. */
function isInForce(record: ReportedRecord): boolean {
  return record.not_counted === null && record.amended_by === null;
}

function namesDocument(record: ReportedRecord, digest: string): boolean {
  const names = (value: Json): boolean => {
    if (Array.isArray(value)) return value.some(names);
    return value instanceof Map && (value.get("sha256") === digest || [...value.values()].some(names));
  };
  return record.sections.some(({ name, shown }) => name === "documents" && shown.some(({ value }) => names(value)));
}

new VerifyPage(document.querySelector<HTMLElement>("main[data-tongguan-verify]")!).open();
