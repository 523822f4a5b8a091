// The page's words in both languages. What members said is shown as they said it.

import type { Outcome, Text, Verdict } from "./verdicts.js";

const text = (en: string, zh: string): Text => ({ en, zh });

export const WORDS = {
  title: text("Verify a proof bundle", "验证证明包"),
  about: text(
    "Everything is checked on this machine by this page alone. Nothing is sent, nothing is stored, no network is needed.",
    "全部验证均由本页面在本机完成：不发送、不存储，无需网络。",
  ),
  otherLanguage: text("中文", "English"),
  bundle: text("Proof bundle", "证明包"),
  trustRoot: text("Trust root", "信任根"),
  documents: text("Documents to hold against it (optional)", "待比对的单证文件（可选）"),
  drop: text("or drop the files here, in any order", "或将文件拖放到此处，次序不限"),
  fingerprint: text("Fingerprint of the trust root that you were told by another way", "经其他途径获知的信任根指纹"),
  asOf: text("Must be complete up to block (optional)", "须完整至区块（可选）"),
  current: text("The record must be the newest of its amendments", "该记录须为最新修改版本"),
  waiting: text("Give a proof bundle and a trust root.", "请提供证明包和信任根。"),
  notTrustRoot: text("The trust root is malformed", "信任根格式错误"),
  otherFingerprint: text(
    "The trust root has another fingerprint than the one you were told: do not rely on it, no verdict is given.",
    "信任根指纹与您获知的不符：请勿信任，不作结论。",
  ),
  compared: text("It is the fingerprint that you were told.", "与您获知的指纹一致。"),
  notCompared: text(
    "Compare it with one that was told to you by another way: a trust root that came with the bundle proves nothing.",
    "请与经其他途径获知的指纹核对：随证明包一同送达的信任根不能证明任何事项。",
  ),
  subject: text("About", "证明对象"),
  provedUnder: text("Proved under block", "证明所依区块"),
  completeUntil: text("Complete up to block", "完整至区块"),
  remarks: text("Remarks", "说明"),
  records: text("Records", "记录"),
  checks: text("Checks", "检查项"),
  receipts: text("Receipts", "回执"),
  findings: text("Findings, run again by this page", "差异发现（本页面已重新运行）"),
  cosignedBy: text("Cosigned by", "见证人"),
  document: text("Document", "单证文件"),
  namedBy: text("is named by record", "由以下记录载明"),
  namedByNone: text("is named by no record that counts and was not replaced", "未被任何有效且未被替换的记录载明"),
  saidBy: text("said by", "签发者"),
  issuedAt: text("issued (its own clock)", "签发时间（签发者时钟）"),
  anchoredIn: text("anchored in block", "锚定于区块"),
  counts: text("counts", "计入"),
  notCounted: text("NOT COUNTED", "不计入"),
  amended: text("replaced by", "已被替换，最新为"),
  amends: text("replaces", "替换"),
  withheld: text("withheld", "未披露"),
  erased: text("erased", "已删除"),
  shownInPart: text("shown", "已披露"),
  of: text("of", "／共"),
  check: text("Check", "检查"),
  outcome: text("Outcome", "结果"),
  reason: text("Reason", "理由"),
  noReason: text("–", "–"),
  yes: text("yes", "是"),
  no: text("no", "否"),
};

/** What came of running a finding again. */
export const OUTCOME_OF_FINDING: { [outcome: string]: Text } = {
  follows: text("follows", "成立"),
  "does not follow": text("does not follow", "不成立"),
  "cannot tell": text("cannot be told", "无法判定"),
  "signed opinion": text("signed opinion", "签发方意见"),
  amended: text("replaced by its signer", "已被签发方更正"),
  withdrawn: text("withdrawn by its signer", "已被签发方撤回"),
};

/** What each check asks, by its name. */
export const CHECK_TITLES: { [name: string]: Text } = {
  "well-formed": text("The bundle is well formed", "证明包格式正确"),
  "chain": text("Chain and genesis are the trust root's", "链与创世块与信任根一致"),
  "seals": text("The header is sealed by a quorum", "区块头由法定多数验证者签封"),
  "contracts": text("The contracts' code and storage are proved", "合约代码与存储得到证明"),
  "commitments": text("Each batch is the one committed to", "每个批次与链上承诺一致"),
  "inclusion": text("Each record was anchored", "每条记录均已上链锚定"),
  "binding": text("Each entry belongs to its record and UCR", "每个条目属于其记录与 UCR"),
  "signatures": text("Each record is its issuer's own words", "每条记录均由签发者本人签署"),
  "in-force": text("Key and member were in force, with the role; each number counts once", "密钥与成员当时有效且有相应角色；每个编号只计一次"),
  "since": text("No subject's key was revoked since", "所证记录的密钥此后未被吊销"),
  "amendments": text("Amendments are followed to the newest", "已追踪至最新修改"),
  "tags": text("The lanes are the UCR's own", "链道确属该 UCR"),
  "lanes": text("The lanes are those attested, whole", "链道与见证一致且完整"),
  "checkpoint": text("The checkpoint is attested and the newest", "检查点已获见证且为最新"),
  "receipts": text("Receipts were kept", "回执已履行"),
  "standing": text("Who belongs to the consignment is known", "货物的参与成员可以确定"),
  "witnessed": text("Outsiders cosigned this history", "外部见证人已为此历史作证"),
  "stamped": text("Time stamps are of this history", "时间戳属于此历史"),
  "findings": text("Findings follow from what they rest on", "差异发现可由其依据推得"),
  "single-use": text("The number was used in one consignment at most", "该编号至多用于一票货物"),
};

/** By which rule an erasure's issuer may erase. */
export const ERASURE_RULES: { [rule: string]: Text } = {
  issuer: text("as its issuer", "以签发者身份"),
  owner: text("as the company of the UCR", "以 UCR 所属企业身份"),
  governor: text("as a governor, by the retention policy", "以治理成员身份，依据保留策略"),
};

export const VERDICT_WORDS: { [verdict in Verdict]: Text } = {
  VALID: text("Valid. All that was asked holds.", "有效。所问各项均成立。"),
  NO_VERDICT: text("No verdict can be given.", "无法作出结论。"),
  UNTRUSTED_CHAIN: text(
    "Not to be relied on: the block, its seals or the contracts are not those of the trust root.",
    "不可信：区块、签封或合约与信任根不符。",
  ),
  INVALID: text(
    "Invalid: something shown is false, or the subject does not count.",
    "无效：所示内容不实，或证明对象不计入。",
  ),
  OTHER_SUBJECT: text("It is about something else than what was asked for.", "证明对象与所问不符。"),
  ENTRIES_MISSING: text("Something of the consignment or record is not shown.", "货物或记录的部分条目未出示。"),
  UNWITNESSED: text("Not enough outside witnesses have seen it.", "外部见证不足。"),
  NOT_COVERED: text(
    "Anchored, but not attested yet, or older than what was asked for.",
    "已锚定但尚未见证，或早于所要求的区块。",
  ),
  CANNOT_TELL: text("It cannot be told: what is needed for it is withheld.", "无法判断：所需内容未披露。"),
  REUSED: text("The number was used for more than one consignment.", "该编号用于多票货物。"),
  UNPROVEN: text("Single use of the number is not proved.", "未能证明该编号仅使用一次。"),
  CONTESTED: text(
    "The issuer says that its key may have leaked; the governors have not decided.",
    "签发者称其密钥可能泄露，治理方尚未裁定。",
  ),
  COMPROMISED: text(
    "The issuer's key was declared compromised since before the record.",
    "签发者密钥被声明在该记录之前已泄露。",
  ),
  REVOKED_SINCE: text(
    "It counted when it was anchored; its key was revoked since.",
    "锚定时有效；其密钥此后已被吊销。",
  ),
  AMENDED: text("The record was replaced by its issuer.", "该记录已被签发者替换。"),
  WITHDRAWN: text("The record was taken back by its issuer.", "该记录已被签发者撤回。"),
};

export const OUTCOME_WORDS: { [outcome in Outcome]: Text } = {
  PASS: text("holds", "成立"),
  FAIL: text("fails", "不成立"),
  SKIPPED: text("not answered", "未作答"),
  ERROR: text("error", "错误"),
};

export const FATE_WORDS: { [fate: string]: Text } = {
  kept: text("kept", "已履行"),
  broken: text("broken by the gateway", "网关未履行"),
  excused: text("not kept, excused", "未履行，可免责"),
  forged: text("not given by a gateway", "非网关出具"),
  "not due": text("not due yet", "尚未到期"),
  "not shown": text("cannot be told from this bundle", "本证明包无法判断"),
};

/** Record types and sections by name; a name without a row is shown as it is. */
const NAMES: { [name: string]: Text } = {
  "customs.declaration": text("Customs declaration", "报关单"),
  "customs.request": text("Request to customs", "向海关的申请"),
  "customs.status": text("Customs status", "海关状态"),
  "logistics.transport_document": text("Transport document", "运输单证"),
  "logistics.event": text("Logistics event", "物流事件"),
  "logistics.weight": text("Weight", "重量"),
  "trade.order": text("Order", "订单"),
  "trade.payment": text("Payment", "支付"),
  "trade.parties": text("Parties", "参与方"),
  "trade.mandate": text("Mandate", "代理报关委托"),
  "trade.certificate": text("Certificate", "证书"),
  "trade.explanation": text("Explanation", "说明"),
  "tax.invoice": text("Invoice", "发票"),
  "tax.assessment": text("Tax assessment", "税款核定"),
  "tax.payment": text("Tax payment", "税款缴纳"),
  "tax.rebate": text("Export tax rebate", "出口退税"),
  "audit.finding": text("Finding", "疑点"),
  "audit.disposition": text("Disposition", "处置"),
  "audit.erasure": text("Erasure", "删除"),
  "audit.access": text("Access", "查阅"),
  ucr: text("UCR", "UCR 货物编号"),
  names: text("Gives standing to", "指明的成员"),
  references: text("References", "参考编号"),
  parties: text("Parties", "当事方"),
  goods_items: text("Goods", "货物"),
  transport: text("Transport", "运输"),
  valuation: text("Valuation", "价格"),
  taxes: text("Taxes", "税费"),
  status: text("Status", "状态"),
  documents: text("Documents", "单证"),
  source: text("Source message", "来源报文"),
  declaration: text("Declaration", "申报"),
  invoice: text("Invoice", "发票"),
  kind: text("kind", "种类"),
  scope: text("scope", "范围"),
  value: text("value", "值"),
  on: text("on", "日期"),
  name: text("name", "名称"),
  code: text("code", "代码"),
  text: text("text", "文字"),
  amount: text("amount", "金额"),
  currency: text("currency", "币种"),
  quantity: text("quantity", "数量"),
  unit: text("unit", "单位"),
  description: text("description", "描述"),
  gross_kg: text("gross weight, kg", "毛重（千克）"),
  net_kg: text("net weight, kg", "净重（千克）"),
  hs_code: text("HS code", "商品编码"),
  role: text("role", "角色"),
  country: text("country", "国家（地区）"),
  sha256: text("SHA-256", "SHA-256"),
  system: text("code list", "代码表"),
};

export function nameWord(name: string): Text {
  const plain = name.replaceAll("_", " ");
  return Object.hasOwn(NAMES, name) ? NAMES[name]! : { en: plain, zh: plain };
}
