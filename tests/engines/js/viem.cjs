// A stock viem client: deploys, calls, polls filters, is refused, watches, proves. Answers JSON on standard output.
const { createPublicClient, createWalletClient, defineChain, http, webSocket } = require("viem");
const { privateKeyToAccount } = require("viem/accounts");

async function main({ url, key, abi, bytecode, chainId }) {
  const chain = defineChain({
    id: chainId, name: "Consortium", nativeCurrency: { name: "Wei", symbol: "WEI", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const account = privateKeyToAccount(key);
  const client = createPublicClient({ chain, transport: http(url, { batch: true }), pollingInterval: 100 });
  const wallet = createWalletClient({ account, chain, transport: http(url) });
  const socket = createPublicClient({ chain, transport: webSocket(url.replace("http", "ws")) });
  const heads = [];
  const unwatch = socket.watchBlocks({ onBlock: (block) => heads.push(block.number.toString()) });
  const created = await client.waitForTransactionReceipt({ hash: await wallet.deployContract({ abi, bytecode }) });
  const address = created.contractAddress;
  const filter = await client.createContractEventFilter({ abi, address, eventName: "Kept" });
  const hash = await wallet.writeContract({ abi, address, functionName: "keep", args: [9n] });
  const receipt = await client.waitForTransactionReceipt({ hash });
  const changes = await client.getFilterChanges({ filter });
  const again = await client.getFilterChanges({ filter });
  let refused = "";
  try {
    await client.simulateContract({ abi, address, functionName: "keep", args: [0n], account });
  } catch (error) {
    refused = error.walk((cause) => cause.reason !== undefined)?.reason ?? String(error);
  }
  const proof = await client.getProof({ address, storageKeys: ["0x" + "00".repeat(32)] });
  const [kept, nonce, fees] = await Promise.all([
    client.readContract({ abi, address, functionName: "kept" }),
    client.getTransactionCount({ address: account.address }),
    client.estimateFeesPerGas(),
  ]);
  for (let i = 0; i < 50 && heads.length === 0; i++) await new Promise((r) => setTimeout(r, 100));
  unwatch();
  return {
    kept: kept.toString(), nonce, status: receipt.status, type: receipt.type,
    changes: changes.map((log) => log.args.value.toString()), again: again.length, refused,
    proved: proof.storageProof[0].value.toString(), heads: heads.length, fee: fees.maxFeePerGas.toString(),
  };
}

main(JSON.parse(require("fs").readFileSync(0, "utf8")))
  .then((answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0)))
  .catch((error) => { console.error(error); process.exit(1); });
