// Builds the verifier, the rules' data and the page's script: `node build.mjs FOLDER`. The same bytes everywhere.

import { writeFileSync } from "node:fs";
import { build } from "esbuild";
import { minify } from "terser";

const folder = process.argv[2] ?? "dist";
const { outputFiles } = await build({
  entryPoints: { verify: "src/index.ts", rules: "src/rules.ts", page: "src/page.ts" },
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  outdir: folder,
  write: false,
});
for (const { path, text } of outputFiles) {
  const { code } = await minify(text, { module: true, ecma: 2020, compress: { passes: 3 }, format: { ascii_only: false } });
  writeFileSync(path, `${code}\n`);
}
