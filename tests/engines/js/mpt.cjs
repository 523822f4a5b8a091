// Verifies Merkle Patricia proofs with @ethereumjs/mpt: [{root, key, proof}] in, the proved values (or null) out.
const { verifyMerkleProof } = require("@ethereumjs/mpt");
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));

async function main({ proofs }) {
  const values = [];
  for (const { root, key, proof } of proofs) {
    try {
      const value = await verifyMerkleProof(bytes(key), proof.map(bytes), { useKeyHashing: true, root: bytes(root) });
      values.push(value === null ? null : "0x" + Buffer.from(value).toString("hex"));
    } catch (error) {
      values.push("refused: " + error.message);
    }
  }
  return { values };
}

main(JSON.parse(require("fs").readFileSync(0, "utf8")))
  .then((answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0)))
  .catch((error) => { console.error(error); process.exit(1); });
