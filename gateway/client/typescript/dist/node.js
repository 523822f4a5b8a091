import {
  SigningKey
} from "./shared.js";

// src/node.ts
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
async function loadKey(keyFile, passphraseFile) {
  const [pem, passphrase] = await Promise.all([readFile(keyFile, "utf8"), readFile(passphraseFile, "utf8")]);
  return SigningKey.parse(pem, passphrase.trim());
}
function keepIn(folder) {
  const write = async (name, text) => {
    await writeFile(join(folder, `${name}.part`), text);
    await rename(join(folder, `${name}.part`), join(folder, name));
  };
  return async (record, receipt) => {
    await mkdir(folder, { recursive: true });
    await write(`${record.recordId}.sdjwt`, record.text);
    await write(`${record.recordId}.receipt`, receipt.text);
  };
}
export {
  keepIn,
  loadKey
};
