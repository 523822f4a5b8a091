// A stock ethers client: deploys, calls, reads logs, is refused, subscribes. Answers JSON on standard output.
const { ethers } = require("ethers");

async function main({ url, key, abi, bytecode }) {
  // ethers remembers answers for a quarter of a second, which on a chain this fast is the nonce before the last block.
  const provider = new ethers.JsonRpcProvider(url, undefined, { cacheTimeout: -1 });
  provider.pollingInterval = 100;
  const wallet = new ethers.Wallet(key, provider);
  const socket = new ethers.WebSocketProvider(url.replace("http", "ws"));
  const heads = [];
  await socket.on("block", (number) => heads.push(number));
  const contract = await new ethers.ContractFactory(abi, bytecode, wallet).deploy();
  await contract.waitForDeployment();
  const heard = [];
  const listening = new ethers.Contract(await contract.getAddress(), abi, socket);
  await listening.on("Kept", (by, value) => heard.push([by, value.toString()]));
  const receipt = await (await contract.keep(7)).wait();
  let refused = "";
  try {
    await contract.keep(0);
  } catch (error) {
    refused = error.reason;
  }
  for (let i = 0; i < 50 && heard.length === 0; i++) await new Promise((r) => setTimeout(r, 100));
  const logs = await contract.queryFilter("Kept", 0);
  const block = await provider.getBlock("latest", true);
  const answer = {
    kept: (await contract.kept()).toString(),
    status: receipt.status,
    type: (await provider.getTransaction(receipt.hash)).type,
    logs: logs.map((log) => log.args.value.toString()),
    refused,
    heard,
    heads: heads.length,
    prefetched: block.prefetchedTransactions.length,
    network: (await provider.getNetwork()).chainId.toString(),
    gone: await provider.getTransactionReceipt("0x" + "11".repeat(32)),
  };
  await socket.destroy();
  provider.destroy();
  return answer;
}

main(JSON.parse(require("fs").readFileSync(0, "utf8")))
  .then((answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0)))
  .catch((error) => { console.error(error); process.exit(1); });
