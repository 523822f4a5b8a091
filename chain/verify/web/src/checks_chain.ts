// Checks 2 to 5 and 14: the chain, its seals, its contracts, the batches and the checkpoint. docs/spec/checks.md.

import { isEqual, toBase64url, toBigInt, toHex } from "./bytes.js";
import { type Context, Finding, entryDigest } from "./context.js";
import { Malformed } from "./errors.js";
import { commitmentOf, type History, Ledger, Registry, type Version } from "./facts.js";
import { hash } from "./hashes.js";
import { readRecordRules } from "./record_rules.js";
import { sealFault } from "./header.js";
import { NodeSet, Storage } from "./trie.js";
import { isWithin } from "./trust_root.js";
import { say } from "./verdicts.js";

export function checkChain({ bundle, root }: Context): Finding {
  const finding = new Finding();
  if (bundle.chainId !== root.chainId || !isEqual(bundle.genesisHash, root.genesisHash)) {
    finding.fail("UNTRUSTED_CHAIN", say("it names another chain than the trust root", "所指链与信任根不符"));
    return finding;
  }
  const block = bundle.header.number;
  const range = root.validators.find((one) => isWithin(one, block));
  if (block === 0 || range === undefined) {
    finding.fail("UNTRUSTED_CHAIN", say(`the trust root knows no validators for block ${block}`, `信任根不知道区块 ${block} 的验证者`));
  } else if (!range.isAccepted) {
    finding.fail("UNTRUSTED_CHAIN", say(`the validators of block ${block} are no longer accepted; ask for a refreshed bundle`, `区块 ${block} 的验证者已不再被接受；请索取更新后的证明包`));
  }
  return finding;
}

export function checkSeals({ bundle, root }: Context): Finding {
  const finding = new Finding();
  const range = root.validators.find((one) => isWithin(one, bundle.header.number))!;
  const fault = sealFault(bundle.header, range.addresses);
  if (fault !== null) {
    finding.fail("UNTRUSTED_CHAIN", say(`block ${bundle.header.number}: ${fault}`, `区块 ${bundle.header.number}：签封不成立（${fault}）`));
  }
  return finding;
}

export function checkContracts(context: Context): Finding {
  const finding = new Finding();
  const { bundle } = context;
  const nodes = new NodeSet(bundle.nodes);
  try {
    const registry = openContract(context, nodes, "MemberRegistry", finding);
    const ledger = openContract(context, nodes, "RecordLedger", finding);
    if (finding.outcome === "FAIL") return finding;
    readFacts(context, new Registry(registry!), new Ledger(ledger!), finding);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    finding.fail("INVALID", say(`the storage proof does not hold: ${error.message}`, `存储证明不成立：${error.message}`));
    return finding;
  }
  if (nodes.spare > 0) {
    finding.fail("INVALID", say(`${nodes.spare} trie nodes serve no proof`, `${nodes.spare} 个树节点不属于任何证明`));
  }
  return finding;
}

function openContract(context: Context, nodes: NodeSet, name: string, finding: Finding): Storage | null {
  const { header } = context.bundle;
  const range = context.root.contracts.find((one) => one.name === name && isWithin(one, header.number));
  if (range === undefined) {
    finding.fail("UNTRUSTED_CHAIN", say(`the trust root knows no ${name} for block ${header.number}`, `信任根不知道区块 ${header.number} 的 ${name}`));
    return null;
  }
  const account = nodes.account(header.stateRoot, range.address);
  if (account === null || !isEqual(account.codeHash, range.codeHash)) {
    finding.fail("UNTRUSTED_CHAIN", say(`the code of ${name} is not the trust root's, or there is none`, `${name} 的代码与信任根不符或不存在`));
    return null;
  }
  return new Storage(nodes, account.storageRoot);
}

function readFacts(context: Context, registry: Registry, ledger: Ledger, finding: Finding): void {
  const { bundle } = context;
  const read = <K, V extends Version>(
    items: K[],
    name: (item: K) => string,
    history: (item: K) => History<V>,
  ): Map<string, History<V>> => new Map(items.map((item) => [name(item), history(item)]));
  const batchCount = ledger.batchCount();
  for (const batch of bundle.batches) ledger.commitment(batch.index);
  const checkpoint = bundle.checkpoint === null ? null : ledger.checkpoint(bundle.checkpoint);
  const isNewestCheckpoint = !ledger.hasCheckpoint(bundle.checkpoint === null ? 0 : bundle.checkpoint + 1);
  context.facts = {
    ledger,
    batchCount,
    checkpoint,
    isNewestCheckpoint,
    keys: read(
      bundle.keys,
      ({ key }) => toBase64url(key.thumbprint),
      ({ key, versions }) => registry.key(key.thumbprint, versions),
    ),
    members: read(
      bundle.members,
      ({ uscc }) => uscc,
      ({ uscc, versions }) => registry.member(uscc, versions),
    ),
    accounts: read(
      bundle.accounts,
      ({ address }) => toHex(address),
      ({ address, versions }) => registry.account(address, versions),
    ),
    policies: read(
      bundle.policies,
      ({ name }) => name,
      ({ name, versions }) => registry.policy(name, versions),
    ),
    operators: read(
      bundle.operators,
      ({ uscc }) => uscc,
      ({ uscc, versions }) => registry.operator(uscc, versions),
    ),
    assignments: read(
      bundle.assignments,
      ({ code }) => code,
      ({ code, versions }) => registry.assignment("customs-office", code, versions),
    ),
    tagKeys: registry.tagKeys(bundle.epochs),
    requests: new Map(
      bundle.keys.flatMap(({ key, isRequestShown }) =>
        isRequestShown ? [[toBase64url(key.thumbprint), registry.requestedAt(key.thumbprint)] as const] : [],
      ),
    ),
    rules: new Map(bundle.texts.map((text) => [toHex(hash(text)), readRecordRules(text)])),
  };
  if (bundle.authorities !== null && !registry.hasAuthorities(bundle.authorities)) {
    finding.fail("INVALID", say("the changes of the list of authorities are not those whose log the registry holds", "机关名单的变更与登记簿所载日志不符"));
  }
  refuseOtherRules(context, finding);
}

/** Each text must be the record rules in force for a record of the bundle. */
function refuseOtherRules(context: Context, finding: Finding): void {
  const { rules, policies } = context.known;
  const history = policies.get("record-rules")!;
  const inForce = context.records.map((state) => history.inForce(context.batchOf(state).block));
  const hashes = new Set(inForce.flatMap((version) => (version ? [toHex(version.value)] : [])));
  for (const text of rules.keys()) {
    if (!hashes.has(text)) {
      finding.fail("INVALID", say(`a text of record rules is not that in force for a record: ${text}`, `某份记录规则文本并非任何记录所适用者：${text}`));
    }
  }
}

export function checkCommitments(context: Context): Finding {
  const finding = new Finding();
  const { ledger, batchCount } = context.known;
  for (const batch of context.bundle.batches) {
    if (batch.index >= batchCount) {
      finding.fail("INVALID", say(`the ledger has no batch ${batch.index}`, `账本中没有批次 ${batch.index}`));
    } else if (!isEqual(ledger.commitment(batch.index), commitmentOf(context.bundle.consortium, batch))) {
      finding.fail("INVALID", say(`batch ${batch.index} is not what the ledger committed to`, `批次 ${batch.index} 与账本的承诺不符`));
    } else if (batch.block > context.bundle.header.number) {
      finding.fail("INVALID", say(`batch ${batch.index} is later than the header`, `批次 ${batch.index} 晚于区块头`));
    }
  }
  return finding;
}

export function checkCheckpoint(context: Context): Finding {
  const finding = new Finding();
  const { checkpoint, isNewestCheckpoint, batchCount } = context.known;
  const { bundle, root, question } = context;
  if (!isNewestCheckpoint) {
    finding.fail("INVALID", say("there is a later checkpoint under this header", "该区块头下有更新的检查点"));
    return finding;
  }
  if (bundle.checkpoint === null) {
    finding.skip("NOT_COVERED", say("there is no checkpoint yet", "尚无检查点"));
    return finding;
  }
  if (checkpoint === null) {
    finding.fail("INVALID", say("the ledger has no such checkpoint", "账本中没有该检查点"));
    return finding;
  }
  const demanded = context.known.policies.get("least-votes")!.inForce(checkpoint.block);
  if (demanded === undefined) {
    finding.skip("CANNOT_TELL", say(`how many votes the registry demanded in block ${checkpoint.block} is not shown`, `未出示登记簿在区块 ${checkpoint.block} 所要求的票数`));
    return finding;
  }
  const least = Math.max(root.leastVotes, demanded === null ? 0 : Number(toBigInt(demanded.value)));
  if (checkpoint.votes < least) {
    finding.fail("INVALID", say(`${checkpoint.votes} governors attested, ${least} are needed`, `${checkpoint.votes} 个治理方已见证，需要 ${least} 个`));
  }
  if (checkpoint.block > bundle.header.number || checkpoint.count > batchCount) {
    finding.fail("INVALID", say("the checkpoint is ahead of the ledger", "检查点超前于账本"));
  }
  const served = new Set(bundle.records.flatMap(({ entries }) => entries.map((entry) => entry.batch)));
  // Of an entry whose record is not shown, the batch tells how old it is.
  const opened = new Set(
    context.records.flatMap(({ record, entries }) =>
      entries.map((entry) => toHex(entry.tag) + toHex(entryDigest(record, entry))),
    ),
  );
  for (const { group, prefix } of context.groups) {
    for (const { half, leaves } of group.lanes)
      for (const { batch, digest } of leaves ?? [])
        if (!opened.has(toHex(prefix) + toHex(half) + toHex(digest))) served.add(batch);
  }
  if (checkpoint.count < batchCount) served.add(checkpoint.count);
  for (const batch of bundle.batches) {
    if (!served.has(batch.index))
      finding.fail("INVALID", say(`batch ${batch.index} serves nothing`, `批次 ${batch.index} 没有用处`));
  }
  const asOf = question.asOf ?? null;
  const covered = coveredUntil(context);
  if (asOf !== null && asOf > covered) {
    finding.fail("NOT_COVERED", say(`everything up to block ${covered} is shown to be covered, block ${asOf} was asked for`, `证明包显示至区块 ${covered} 均已覆盖，而所要求的是区块 ${asOf}`));
  }
  if (checkpoint.dissent > 0) {
    context.remarks.push(say(`${checkpoint.dissent} governors attested another root`, `${checkpoint.dissent} 个治理方见证了另一个根`));
  }
  if (checkpoint.count < batchCount) {
    const open = batchCount - checkpoint.count;
    context.remarks.push(say(`the newest ${open} batches under this header are not covered by the checkpoint yet`, `该区块头下最新的 ${open} 个批次尚未被检查点覆盖`));
  }
  return finding;
}

/** The last block up to which everything anchored is shown to be covered. docs/spec/checks.md. */
export function coveredUntil(context: Context): number {
  const block = attestedUntil(context);
  return context.oldestPending === null ? block : Math.min(block, context.oldestPending - 1);
}

function attestedUntil(context: Context): number {
  const { batchCount } = context.known;
  const count = context.coveredCount;
  if (count >= batchCount) return context.bundle.header.number;
  if (context.hasBatch(count)) return context.batch(count).block - 1;
  const blocks = context.bundle.batches.filter((batch) => batch.index < count).map((batch) => batch.block);
  return blocks.length === 0 ? 0 : Math.max(...blocks) - 1;
}
