// What may be wrong with a text that a stranger sent.

/** A text is not of its form: which field, and which rule it breaks. */
export class Malformed extends Error {
  constructor(
    readonly field: string,
    readonly rule: string,
  ) {
    super(`${field}: ${rule}`);
    this.name = "Malformed";
  }
}

/** The file is no proof bundle of this edition, or of a kind or consortium about which no verdict can be given. */
export class NoVerdict extends Error {
  constructor(readonly reason: { en: string; zh: string }) {
    super(reason.en);
    this.name = "NoVerdict";
  }
}
