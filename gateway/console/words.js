// The page's words in both languages: [English, Chinese]. What members said is shown as they said it.

import { PAGE_WORDS } from "./page_words.js";

const WORDS = {
  // The page.
  skip: ["Skip to the content", "跳到正文"],
  language: ["Language", "语言"],
  timezone: ["Times in", "时间"],
  forget: ["Forget the token", "清除令牌"],
  tokenTitle: ["With an access token of your member's key", "使用贵成员密钥的访问令牌"],
  tokenAbout: [
    "This page shows what the gateway answers to your member: no more than the view policy grants, and every read of others' words is recorded. Make an access token with your member's key:",
    "本页面只显示网关对贵成员的答复：不超出查看规则的授权；每次查看他方数据均被记录。请用贵成员的密钥生成访问令牌：",
  ],
  token: ["Access token", "访问令牌"],
  tokenNote: [
    "Kept in this page's memory alone, never stored; closing the page forgets it.",
    "令牌仅保存在本页面内存中，不作存储；关闭页面即清除。",
  ],
  useToken: ["Use this token", "使用令牌"],
  loadToken: ["or load it from a file", "或从文件读取"],
  noToken: ["This is no access token.", "这不是访问令牌。"],
  lapsesIn: ["token lapses in", "令牌剩余"],
  tokenLapsed: ["token has lapsed", "令牌已过期"],
  governor: ["governor", "治理成员"],
  participant: ["participant", "参与成员"],
  ucr: ["UCR", "UCR 货物编号"],
  state: ["State", "状态"],
  exportCsv: ["Export CSV", "导出 CSV"],
  noHits: ["Nothing that you may see answers this.", "没有您可见的结果。"],
  more: ["More", "更多"],
  hits: ["Consignments found", "检索结果"],
  any: ["any", "不限"],
  busy: ["Asking the gateway …", "正在查询……"],
  shown: ["Shown:", "已显示："],
  noConnection: ["The gateway did not answer.", "网关没有应答。"],
  trace: ["trace", "追踪号"],
  yes: ["yes", "是"],
  no: ["no", "否"],
  none: ["none", "无"],
  // The picture.
  sections: ["Sections", "目录"],
  readBy: ["Seen by", "查看方"],
  at: ["at", "时间"],
  downloadBundle: ["Download the proof bundle", "下载证据包"],
  print: ["Print one page", "打印一页"],
  customs: ["Customs", "海关"],
  logistics: ["Logistics", "物流"],
  tax: ["Tax", "税款"],
  completeness: ["Completeness", "完整性"],
  lodgedToReleased: ["lodged to released", "申报至放行"],
  notReleased: ["not released", "未放行"],
  lodgedUnknown: ["hours not known: you do not see the lodging", "用时未知：申报时间不可见"],
  byIssue: ["issued", "签发时间"],
  hours: ["Hours", "小时"],
  hour: ["h", "小时"],
  taxPaid: ["tax paid", "已缴税"],
  bills: ["Bills", "税单"],
  payments: ["payments", "缴款"],
  noStatus: ["no status yet", "尚无状态"],
  noWord: ["nothing said that you may see", "无可见内容"],
  checkpoint: ["Checkpoint", "检查点"],
  over: ["over", "涵盖"],
  batches: ["batches", "批次"],
  votes: ["votes", "票"],
  dissent: ["dissenting", "异议"],
  entries: ["entries", "条目"],
  coveredOf: ["covered", "已涵盖"],
  waiting: ["not anchored yet", "尚未上链"],
  missing: ["not held by this gateway", "本网关未持有"],
  wholeAt: ["whole at", "数据完整的网关"],
  "complete up to the checkpoint": ["Complete up to the checkpoint", "截至检查点完整"],
  "not whole here": ["Not whole here", "本网关数据不全"],
  "not whole here: ask a gateway that is": ["Not whole here: ask a gateway that is", "本网关数据不全：请向数据完整的网关查询"],
  "not all of it is covered yet": ["Not all of it is covered yet", "尚未全部被检查点涵盖"],
  ownOnly: [
    "Only your own records are shown, since nobody who takes part named you: nothing is claimed of the rest.",
    "仅显示贵方自己的记录：尚无参与方指名贵方，故不对其余内容作任何声明。",
  ],
  standingUcr: ["You take part: the UCR is your company's.", "贵方参与依据：UCR 属于贵公司。"],
  standingByOwner: ["You take part: named by the owner in", "贵方参与依据：货主在下列记录中指名"],
  standingByBroker: ["You take part: named by the owner's broker in", "贵方参与依据：受托报关企业在下列记录中指名"],
  standingByCustoms: ["You take part: named by competent customs in", "贵方参与依据：主管海关在下列记录中指名"],
  standingByOperator: ["You take part: named by the single window's operator in", "贵方参与依据：单一窗口运营方在下列记录中指名"],
  standingWaits: ["Named by the single window's operator only: you see more once the owner, its broker or customs names you too.", "仅由单一窗口运营方指名：待货主、其受托报关企业或主管海关确认后方可查看更多。"],
  due: ["Due", "待办期限"],
  dueBy: ["By", "截止"],
  findings: ["Findings", "差异发现"],
  noFindings: ["No disagreement between the sources that you see.", "所见来源之间无差异。"],
  severity: ["Severity", "级别"],
  H: ["H · block", "H · 高"],
  M: ["M · review", "M · 中"],
  I: ["I · information", "I · 提示"],
  rule: ["Rule", "规则"],
  text: ["What does not agree", "内容"],
  foundBy: ["Found by", "发现方"],
  status: ["Status and hours", "状态与用时"],
  stateHead: ["State", "状态"],
  entered: ["Since", "起"],
  left: ["Until", "止"],
  answer: ["Said", "回执"],
  kept: ["kept the state", "状态不变"],
  timeline: ["Timeline", "时间线"],
  when: ["Time", "时间"],
  trade: ["Trade and tax", "贸易与税款"],
  declaration: ["Declaration", "报关单"],
  history: ["Versions", "历次版本"],
  requests: ["Requests", "申请"],
  version: ["Version", "版本"],
  parties: ["Parties", "当事人"],
  role: ["Role", "身份"],
  name: ["Name", "名称"],
  identity: ["Identity", "代码"],
  contact: ["Contact", "联系方式"],
  goods: ["Goods", "商品"],
  transport: ["Transport", "运输"],
  containers: ["Containers and seals", "集装箱与封志"],
  sizeType: ["Size", "箱型"],
  seals: ["Seals", "封志"],
  weights: ["Weights as each source stated them", "各来源申报的重量"],
  weight: ["Weight", "重量"],
  differ: ["sources differ", "来源不一致"],
  values: ["Values", "价值"],
  taxes: ["Taxes", "税费"],
  assessed: ["Assessed", "核定"],
  paid: ["Paid", "缴纳"],
  told_by_customs: ["Told by customs", "海关告知"],
  declared: ["Declared", "申报"],
  amendedBy: ["replaced by", "已被替代"],
  documents: ["Documents", "随附单证"],
  references: ["Numbers", "编号"],
  kind: ["Kind", "种类"],
  remarks: ["Remarks", "备注"],
  withheld: ["Withheld from you", "对您保留的内容"],
  nothingWithheld: ["Nothing is withheld from you.", "没有对您保留的内容。"],
  sectionNames: ["Sections", "部分"],
  why: ["By which rule", "依据规则"],
  "no-grant": ["no line of the policy grants it to any of your roles", "规则未向您的任何角色授权"],
  condition: ["would be shown to you only as", "贵方仅在下列情形可见："],
  erased: ["erased by", "已删除，声明方："],
  "other-consignments": ["it speaks of other consignments too", "内容涉及其他货物"],
  records: ["Records", "记录"],
  record: ["Record", "记录"],
  type: ["Type", "类型"],
  issuer: ["Issuer", "签发方"],
  issued: ["Issued", "签发"],
  anchored: ["Anchored", "上链"],
  batch: ["Batch", "批次"],
  block: ["Block", "区块"],
  proof: ["Standing", "状态"],
  source: ["Source", "来源"],
  bundle: ["bundle", "证据包"],
  receipt: ["Read receipt", "查看回执"],
  receiptAbout: [
    "The gateway signed that this read was recorded before it answered. Keep it: an answer without one was not properly served.",
    "网关已签名确认：答复之前本次查看已被记录。请保存；无回执的答复未经正当提供。",
  ],
  noReceipt: ["You read your own words alone: no read was recorded.", "仅查看了贵方自己的数据：未作查看记录。"],
  receiptText: ["The receipt itself (JWS)", "回执原文（JWS）"],
  accessRecords: ["Access records", "查看记录编号"],
  signedBy: ["Signed by", "签名方"],
  access: ["Who has looked", "谁查看过"],
  accessAbout: [
    "Each read by a member is a signed record, anchored under this consignment's access tag. Newest first.",
    "每次成员查看均为一条签名记录，上链于本货物的查看标签之下。最新在前。",
  ],
  noAccess: ["Nobody has looked, as far as you may see.", "在您可见范围内，无人查看过。"],
  accessNotYours: ["The access log is for those who take part in the consignment.", "查看日志仅供货物参与方查阅。"],
  reader: ["Reader", "查看方"],
  looked: ["Looked at", "查看内容"],
  sectionsShown: ["Sections shown", "显示部分"],
  whoWithheld: ["who read is withheld from you", "查看方对您保留"],
  showAll: ["Show all", "全部显示"],
  you: ["you", "贵方"],
  accepted: ["accepted", "已受理"],
  covered: ["covered", "已涵盖"],
  refused: ["refused", "已拒绝"],
  anchoredState: ["anchored", "已上链"],
  ...PAGE_WORDS,
};

const STATES = {
  SUBMITTED: ["Submitted", "已申报"],
  ACCEPTED: ["Accepted", "已受理"],
  REJECTED: ["Rejected", "退单"],
  MANUAL_REVIEW: ["Manual review", "人工审核"],
  ASSESSED: ["Assessed", "审结"],
  INSPECTION: ["Inspection", "查验"],
  DETAINED: ["Detained", "扣留"],
  RELEASED: ["Released", "放行"],
  RETURNED: ["Returned", "退运"],
  WITHDRAWN: ["Withdrawn", "撤单"],
  CLOSED: ["Closed", "结关"],
};

const TYPES = {
  "customs.declaration": ["Declaration", "报关单"],
  "customs.request": ["Request", "申请"],
  "customs.status": ["Customs status", "海关回执"],
  "logistics.transport_document": ["Transport document", "运输单证"],
  "logistics.event": ["Logistics event", "物流事件"],
  "logistics.weight": ["Weight", "重量"],
  "trade.order": ["Order", "订单"],
  "trade.payment": ["Payment", "支付单"],
  "trade.certificate": ["Certificate", "证书"],
  "tax.invoice": ["Invoice", "发票"],
  "tax.assessment": ["Tax assessment", "税款核定"],
  "tax.payment": ["Tax payment", "税款缴纳"],
  "tax.rebate": ["Export rebate", "出口退税"],
  "trade.parties": ["Parties", "参与方"],
  "trade.mandate": ["Mandate", "代理报关委托书"],
  "trade.explanation": ["Explanation", "情况说明"],
  "audit.finding": ["Finding", "差异发现"],
  "audit.disposition": ["Disposition", "处置结论"],
  "audit.erasure": ["Erasure", "删除声明"],
  "audit.access": ["Look", "查看记录"],
};

const ROLES = {
  MEMBER: ["any member", "任何成员"],
  BROKER: ["broker", "报关"],
  TRADER: ["trader", "贸易"],
  CUSTOMS: ["customs", "海关"],
  CARRIER: ["carrier", "承运"],
  TERMINAL: ["terminal", "场站"],
  BANK: ["bank", "银行"],
  TAX: ["tax", "税务"],
  REGULATOR: ["regulator", "监管"],
  AUDITOR: ["auditor", "审计"],
  GATEWAY: ["gateway", "网关"],
};

const CONDITIONS = {
  always: ["by role", "凭角色"],
  issuer: ["own records", "本方记录"],
  party: ["party to the consignment", "货物参与方"],
  district: ["in its customs district", "本关区"],
  sponsor: ["sponsor of an issuer", "签发方的保荐方"],
};

const LOOKS = {
  consignment: ["consignment", "货物"],
  record: ["record", "记录"],
  bundle: ["proof bundle", "证据包"],
  document: ["document", "单证"],
  search: ["search", "检索"],
  references: ["number", "编号"],
};

let place = 0;

/** Sets the language: "en" or "zh". */
export function setLanguage(language) {
  place = language === "zh" ? 1 : 0;
}

/** Whether Chinese is shown. */
export function isChinese() {
  return place === 1;
}

const found = (table, name) => (Object.hasOwn(table, name) ? table[name][place] : undefined);

/** A word of the page; throws for one that is not there, since that is a slip of ours. */
export function word(name) {
  const said = found(WORDS, name);
  if (said === undefined) throw new Error(`no word ${name}`);
  return said;
}

/** A customs state in the reader's language, the code itself where it is not known. */
export const stateWord = (name) => found(STATES, name) ?? name;
/** The states a declaration can be in. */
export const stateNames = Object.keys(STATES);
/** A record type in the reader's language. */
export const typeWord = (name) => found(TYPES, name) ?? name;
/** A role in the reader's language. */
export const roleWord = (name) => found(ROLES, name) ?? name;
/** A condition of the view policy in the reader's language. */
export const conditionWord = (name) => found(CONDITIONS, name) ?? name;
/** What was looked at, in the reader's language. */
export const lookedAt = (name) => found(LOOKS, name) ?? name;
/** A fixed sentence of the gateway in the reader's language, as it is where it has no translation. */
export const sentence = (said) => found(WORDS, said) ?? said;
