// How a maker's number is named. docs/spec/batches.md, "Number tags".

const MOST_NAME = 147;
/** Maker and number, normalised: no quotation mark, no backslash, single spaces inside alone. */
const NAME = /^[0-9A-Z]{18}\/[!#-\[\]-~\u4e00-\u9fff]+(?: [!#-\[\]-~\u4e00-\u9fff]+)*$/;

export function isNumberName(name: string): boolean {
  return name.length <= MOST_NAME && NAME.test(name) && name.toUpperCase() === name;
}
