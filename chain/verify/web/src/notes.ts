// Notes of logs and witnesses, and which of them a trust root demands. docs/spec/witness.md.

import { type Bytes, compareBytes, isEqual, numberBytes, toBigInt, toHex } from "./bytes.js";
import { Malformed } from "./errors.js";
import { hash } from "./hashes.js";
import { decodeUtf8, type Json } from "./json.js";
import { readBytes, readHash, readList, readMembers, readOrdered, refuseDisorder } from "./members.js";
import { isIncluded } from "./merkle.js";
import { ed25519Verifier, type Verifier } from "./signatures.js";

const MOST_NOTE_BYTES = 65_536;
const MOST_LINES = 64;
const MOST_PATH = 64;
const MOST_STAMPS = 4;
const MOST_STAMP_BYTES = 32_768;
const MOST_ROOT_BYTES = 8192;
const KEY_NAME = /^[^+\x00-\x1f\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{1,200}$/u;
const DASH = "— ";

/** Type byte of a key: how it signs. */
export enum KeyType {
  LOG = 1,
  WITNESS = 4,
}

export interface NoteKey {
  name: string;
  type: KeyType;
  /** First 4 bytes of SHA-256(name || 0x0A || type || public key). */
  id: Bytes;
  raw: Bytes;
  verify: Verifier;
  text: string;
}

export interface NoteLine {
  name: string;
  id: Bytes;
  content: Bytes;
}

export interface Note {
  /** With its last newline. */
  text: string;
  lines: NoteLine[];
  origin: string;
  size: number;
  root: Bytes;
}

export interface ShownNote {
  note: Note;
  path: Bytes[];
  stamps: Bytes[];
}

export interface WitnessPolicy {
  origins: NoteKey[];
  keys: NoteKey[];
  quorum: number;
  hasStampRoots: boolean;
}

/** A witness that cosigned, and when by its own clock, Unix seconds. */
export interface Cosignature {
  name: string;
  time: number;
}

/** Base64 with padding and without stray bits, RFC 4648 section 4. */
function fromBase64(text: string, field: string): Bytes {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    raw = ""; // what the host cannot read is not the one form either, which is asked below
  }
  if (text === "" || btoa(raw) !== text) throw new Malformed(field, "is base64 with padding");
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

const encode = (text: string): Bytes => new TextEncoder().encode(text);

function parseLine(line: string): NoteLine {
  const space = line.indexOf(" ", DASH.length);
  const name = line.slice(DASH.length, space);
  if (!line.startsWith(DASH) || space < 0 || !KEY_NAME.test(name)) {
    throw new Malformed("signature line", "is a dash, a key name, a space and base64");
  }
  const raw = fromBase64(line.slice(space + 1), "signature line");
  if (raw.length <= 4) throw new Malformed("signature line", "holds a key ID and a signature");
  return { name, id: raw.subarray(0, 4), content: raw.subarray(4) };
}

/** Raises Malformed, also where the text is no head of a log. */
export function parseNote(bytes: Bytes): Note {
  if (bytes.length > MOST_NOTE_BYTES) throw new Malformed("note", `has at most ${MOST_NOTE_BYTES} bytes`);
  const written = decodeUtf8(bytes, "note");
  if (/[\x00-\x09\x0b-\x1f]/.test(written)) throw new Malformed("note", "has no control character but newlines");
  const divider = written.lastIndexOf("\n\n");
  const lines = written.slice(divider + 2).split("\n");
  if (divider < 1 || lines.length < 2 || lines.pop() !== "" || lines.length > MOST_LINES) {
    throw new Malformed("note", `is a text, an empty line and 1 to ${MOST_LINES} signature lines`);
  }
  const text = written.slice(0, divider + 1);
  const [origin, size, root, rest] = text.split("\n") as [string, string, string, string];
  if (text.split("\n").length !== 4 || rest !== "" || !KEY_NAME.test(origin)) {
    throw new Malformed("note", "has three lines: origin, size, root");
  }
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new Malformed("size", "is a decimal number of at most 2^53 - 1");
  }
  const hashed = fromBase64(root, "root");
  if (hashed.length !== 32) throw new Malformed("root", "has 32 bytes");
  return { text, lines: lines.map(parseLine), origin, size: Number(size), root: hashed };
}

/** The member `cosigned_note` of a bundle. */
export function readShownNote(value: Json | undefined, field: string): ShownNote {
  const members = readOrdered(value, field, ["note", "path", "stamps"]);
  return {
    note: parseNote(members.bytes("note", MOST_NOTE_BYTES)),
    path: members.list("path", { most: MOST_PATH }, readHash),
    stamps: members.list("stamps", { most: MOST_STAMPS }, (item, place) =>
      readBytes(item, place, MOST_STAMP_BYTES),
    ),
  };
}

/** A verifier key: `name+ID+base64(type || public key)`. */
function parseKey(value: Json, field: string, type: KeyType): NoteKey {
  const [, name = "", id, encoded = ""] = (typeof value === "string" && /^([^+]*)\+([^+]*)\+(.*)$/su.exec(value)) || [];
  const raw = fromBase64(encoded, field);
  const verify = raw.length === 33 && raw[0] === type ? ed25519Verifier(raw.subarray(1)) : null;
  const known = hash(encode(`${name}\n`), raw).subarray(0, 4);
  if (verify === null || !KEY_NAME.test(name) || toHex(known) !== id) {
    throw new Malformed(field, `must be a verifier key of type ${type}`);
  }
  return { name, type, id: known, raw: raw.subarray(1), verify, text: value as string };
}

/** The member `witnesses` of a trust root. Its certificates are for whoever reads time stamps. */
export function readPolicy(value: Json | undefined): WitnessPolicy {
  const members = readMembers(value, "witnesses", ["origins", "keys", "quorum", "time_stamp_roots"]);
  const list = (name: string, most: number, type: KeyType): NoteKey[] => {
    const field = `witnesses.${name}`;
    const keys = readList(members.get(name), field, { least: 1, most }, (item, place) => parseKey(item, place, type));
    refuseDisorder(keys, field, (a, b) => compareBytes(encode(a.text), encode(b.text)));
    return keys;
  };
  const [origins, keys] = [list("origins", 256, KeyType.LOG), list("keys", 64, KeyType.WITNESS)];
  const distinct = new Set([...origins, ...keys].map(({ raw }) => toHex(raw)));
  if (distinct.size < origins.length + keys.length) throw new Malformed("witnesses", "must hold no key twice");
  const roots = members.list("time_stamp_roots", { most: 8 }, (item, place) =>
    readBytes(item, place, MOST_ROOT_BYTES),
  );
  return {
    origins,
    keys,
    quorum: members.number("quorum", 1, keys.length),
    hasStampRoots: roots.length > 0,
  };
}

const names = (line: NoteLine, key: NoteKey): boolean => line.name === key.name && isEqual(line.id, key.id);

/** Whether a line that names the key is its signature; the time that a witness says, 0 of a log. */
function timeOf({ text }: Note, line: NoteLine, key: NoteKey): number | null {
  if (!names(line, key)) return null;
  if (key.type === KeyType.LOG) return key.verify(encode(text), line.content) ? 0 : null;
  const time = toBigInt(line.content.subarray(0, 8));
  if (line.content.length <= 8 || time < 1n || time >= 2n ** 63n) return null;
  const signed = encode(`cosignature/v1\ntime ${time}\n${text}`);
  return key.verify(signed, line.content.subarray(8)) ? Number(time) : null;
}

/** When a key signed a note; null where no line is its signature. */
function signedAt(note: Note, key: NoteKey): number | null {
  for (const line of note.lines) {
    const time = timeOf(note, line, key);
    if (time !== null) return time;
  }
  return null;
}

/** Whether one of these logs, whose name is the note's origin, signed it. */
export function isSignedByOrigin(note: Note, origins: NoteKey[]): boolean {
  return origins.some((key) => key.name === note.origin && signedAt(note, key) !== null);
}

/** Which of the keys cosigned, and which are named by lines that are not theirs. */
export function readCosignatures(note: Note, keys: NoteKey[]): { right: Cosignature[]; wrong: string[] } {
  const read = keys.map((key) => ({ key, time: signedAt(note, key) }));
  return {
    right: read.flatMap(({ key: { name }, time }) => (time === null ? [] : [{ name, time }])),
    wrong: read.flatMap(({ key, time }) =>
      time === null && note.lines.some((line) => names(line, key)) ? [key.name] : [],
    ),
  };
}

/** Whether a checkpoint stands at its own index of the note's log. */
export function isInLog(note: Note, path: Bytes[], index: number, block: number, blockHash: Bytes): boolean {
  const leaf = Uint8Array.from([...numberBytes(index, 8), ...numberBytes(block, 8), ...blockHash]);
  return isIncluded(leaf, index, note.size, path, note.root);
}
