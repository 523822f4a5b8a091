// Reads with @sd-jwt/core a record that we issued, and issues one for us to read. Asked on stdin, answers on stdout, in JSON.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { SDJwtInstance } = createRequire(process.argv[2] + "/")(process.argv[2]);
const asked = JSON.parse(readFileSync(0, "utf8"));
const p1363 = (key) => ({ key, dsaEncoding: "ieee-p1363" });
const signer = (key) => async (text) => sign("sha256", Buffer.from(text), p1363(key)).toString("base64url");
const verifier = (key) => async (text, signature) =>
  verify("sha256", Buffer.from(text), p1363(key), Buffer.from(signature, "base64url"));
const common = {
  signAlg: "ES256",
  hashAlg: "sha-256",
  hasher: async (text, alg) => createHash(alg.replace("-", "")).update(text).digest(),
  saltGenerator: async (length) => randomBytes(length).toString("hex"),
};

const ours = new SDJwtInstance({ ...common, verifier: verifier(createPublicKey({ key: asked.jwk, format: "jwk" })) });
await ours.verify(asked.text, { currentDate: asked.claims.iat });
const read = await ours.getClaims(asked.text);

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const { kty, crv, x, y } = pair.publicKey.export({ format: "jwk" });
const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
const theirs = new SDJwtInstance({ ...common, signer: signer(pair.privateKey), verifier: verifier(pair.publicKey) });
const { _sd_alg, ...claims } = asked.claims;
const hidden = Object.fromEntries(
  Object.entries(asked.sections).map(([name, values]) => [name, { _sd: values.map((_, index) => index) }]),
);
const issued = await theirs.issue({ ...claims, ...asked.sections }, hidden, { header: { kid, typ: asked.typ } });

process.stdout.write(JSON.stringify({ read, issued, jwk: { kty, crv, x, y } }));
