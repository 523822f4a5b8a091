// Uploads a file with Node's fetch. Run as: node upload.mjs URL FILE TOKEN; prints how many lines the answer has.
import { readFileSync } from "node:fs";

const [url, file, token] = process.argv.slice(2);
const headers = { "Content-Type": "application/x-ndjson", Authorization: `Bearer ${token}` };
const answer = await fetch(url, { method: "POST", body: readFileSync(file), headers });
console.log((await answer.text()).split("\n").filter(Boolean).length);
