// Builds the verifier, the rules' data and the page's script: `node build.mjs FOLDER`. The same bytes everywhere.

import { writeFileSync } from "node:fs";
import { build } from "esbuild";
import { minify } from "terser";

/** Properties that nobody outside these files reads and no text names: they get shorter names, the same in each file. */
const INNER = [
  ..."anchorBy assertPoint assertValidity baseCanBeBlinded batchCount batchSize buildWnafTable clearCofactor".split(" "),
  ..."codeHash compromisedSince cosignedNote countsInEpoch coveredCount declarationOf digestInto".split(" "),
  ..."entriesHash entriesThatCount evaluate firstBatch fixedWindowCT genesisHash getWnafPrecomputes hasAuthorities".split(" "),
  ..."hasBatch hasCheckpoint hasStampRoots hasWindowSize inForce isAccepted isAnswered isAtEnd isAuthority".split(" "),
  ..."isConsignment isContested isDeleted isFalse isInGroup isOperator isSubject isTorsionFree isValidNot0".split(" "),
  ..."isWithdrawn isWithheld joinDeclarations keyVersion leastVotes lodgedAt memberVersion mulAddUnsafe mulUnsafe".split(" "),
  ..."multiplyUnsafe neededEpochs notCount noteFault oldestPending padOffset posOut precompute prefixed".split(" "),
  ..."recordId recordsById roundClean setWindowSize signingInput state32 storageRoot tagKeys thumbprint".split(" "),
  ..."toAffine toBytes validateMulInput verdictForAll wnafCachedCT wnafPrecomputes".split(" "),
  ..."amendedBy batchOf isNewestCheckpoint isNumber isRequestShown numberTag skipSpace toNumber".split(" "),
  ..."acceptedAt blockHash chainId endedBlock endsList hasTaxes isWhole ofType requestedAt sinceBlock workingDay".split(" "),
  ..."addedBy isUsed sealHash".split(" "),
  ..."isLeaf isSole keyHex restsOn".split(" "),
];
const folder = process.argv[2] ?? "dist";
const { outputFiles } = await build({
  entryPoints: { verify: "src/index.ts", rules: "src/rules.ts", page: "src/page.ts" },
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  minify: true,
  mangleProps: new RegExp(`^(?:${INNER.join("|")})$`),
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  outdir: folder,
  write: false,
});
for (const { path, text } of outputFiles) {
  const named = INNER.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  if (named.length > 0) throw new Error(`a text names ${named}: not an inner property alone`);
  const compress = { passes: 4, unsafe_arrows: true, pure_getters: true };
  const { code } = await minify(text, { module: true, ecma: 2020, compress, format: { ascii_only: false } });
  writeFileSync(path, `${code}\n`);
}
