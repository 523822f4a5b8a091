// Decimals as rules compute with them: 50 digits, half even. docs/spec/rules.md, "Expressions".

const MOST_DIGITS = 50;
const FORM = /^(-?)([0-9]{1,18})(?:\.([0-9]{1,6}))?$/;

const power = (exponent: number): bigint => 10n ** BigInt(exponent);
const digitsOf = (value: bigint): number => (value < 0n ? -value : value).toString().length;

/** `coefficient` times ten to the power of `exponent`. */
export class Decimal {
  constructor(
    readonly coefficient: bigint,
    readonly exponent: number,
  ) {}

  static of(value: number): Decimal {
    return new Decimal(BigInt(value), 0);
  }

  /** Null for a text of another form. */
  static parse(text: unknown): Decimal | null {
    const match = typeof text === "string" ? FORM.exec(text) : null;
    if (match === null) return null;
    const [, sign, whole, fraction = ""] = match as unknown as [string, string, string, string?];
    const digits = BigInt(whole + fraction);
    return new Decimal(sign === "-" ? -digits : digits, -fraction.length);
  }

  /** The coefficient at a lower or equal exponent. */
  private at(exponent: number): bigint {
    return this.coefficient * power(this.exponent - exponent);
  }

  /** Whole tens are cut off the end; `isUp` tells from the half what is cut off and from the last digit kept. */
  private cut(digits: number, isUp: (half: number, last: bigint) => boolean): Decimal {
    const unit = power(digits);
    const size = this.coefficient < 0n ? -this.coefficient : this.coefficient;
    const rest = (size % unit) * 2n;
    const half = rest < unit ? -1 : rest === unit ? 0 : 1;
    const kept = size / unit + (isUp(half, (size / unit) % 10n) ? 1n : 0n);
    return new Decimal(this.coefficient < 0n ? -kept : kept, this.exponent + digits);
  }

  private rounded(): Decimal {
    const excess = digitsOf(this.coefficient) - MOST_DIGITS;
    if (excess <= 0) return this;
    return this.cut(excess, (half, last) => half > 0 || (half === 0 && last % 2n === 1n)).rounded();
  }

  add(other: Decimal): Decimal {
    const exponent = Math.min(this.exponent, other.exponent);
    return new Decimal(this.at(exponent) + other.at(exponent), exponent).rounded();
  }

  negate(): Decimal {
    return new Decimal(-this.coefficient, this.exponent);
  }

  subtract(other: Decimal): Decimal {
    return this.add(other.negate());
  }

  multiply(other: Decimal): Decimal {
    return new Decimal(this.coefficient * other.coefficient, this.exponent + other.exponent).rounded();
  }

  abs(): Decimal {
    return this.coefficient < 0n ? this.negate() : this;
  }

  /** To so many digits behind the point, half up. */
  round(digits: number): Decimal {
    const excess = -digits - this.exponent;
    if (excess <= 0) return new Decimal(this.at(-digits), -digits);
    return this.cut(excess, (half) => half >= 0);
  }

  compare(other: Decimal): number {
    const exponent = Math.min(this.exponent, other.exponent);
    const [left, right] = [this.at(exponent), other.at(exponent)];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** Without exponent. */
  toString(): string {
    if (this.exponent >= 0) return this.at(0).toString();
    const sign = this.coefficient < 0n ? "-" : "";
    const digits = this.abs().coefficient.toString().padStart(1 - this.exponent, "0");
    return `${sign}${digits.slice(0, this.exponent)}.${digits.slice(this.exponent)}`;
  }
}
