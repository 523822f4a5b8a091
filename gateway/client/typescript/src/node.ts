/** Files, under Node.js alone: a key from disk, and a folder that keeps each record with its receipt. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SigningKey } from "./keys.ts";
import type { Receipt } from "./receipt.ts";
import type { SignedRecord } from "./record.ts";

/** The key in an encrypted PKCS#8 PEM file, opened by the passphrase in another. */
export async function loadKey(keyFile: string, passphraseFile: string): Promise<SigningKey> {
  const [pem, passphrase] = await Promise.all([readFile(keyFile, "utf8"), readFile(passphraseFile, "utf8")]);
  return SigningKey.parse(pem, passphrase.trim());
}

/** Keeps each record as `<id>.sdjwt` and its receipt as `<id>.receipt`, whole or not at all. */
export function keepIn(folder: string): (record: SignedRecord, receipt: Receipt) => Promise<void> {
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, `${name}.part`), text);
    await rename(join(folder, `${name}.part`), join(folder, name));
  };
  return async (record, receipt) => {
    await mkdir(folder, { recursive: true });
    await write(`${record.recordId}.sdjwt`, record.text);
    await write(`${record.recordId}.receipt`, receipt.text);
  };
}
