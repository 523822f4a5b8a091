// What common codes mean, in both languages: [English, Chinese]. The code itself is always shown beside it, and what its
// source called it stands in the title; a code without a row is shown as it was said.

const CHANNELS = {
  L: ["stored by customs", "海关入库"],
  E: ["rejected, not stored", "退单"],
  H: ["suspended", "挂起"],
  M: ["re-review", "重审"],
  G: ["papers to be handed in", "接单交单"],
  B: ["guarantee accepted", "担保验放"],
  W: ["paperless review passed", "无纸验放审结"],
  F: ["papers to be handed in for release", "放行交单"],
  I: ["paperless release", "无纸放行"],
  C: ["notice of inspection", "查验通知"],
  P: ["released", "放行"],
  R: ["closed", "结关"],
};

const RETURN_STATUSES = {
  2: ["being declared", "申报中"],
  3: ["sent to customs", "发往海关"],
  100: ["returned by customs", "海关退单"],
  120: ["stored by customs", "海关入库"],
  300: ["manual review", "人工审核"],
  399: ["review passed", "海关审结"],
  500: ["inspection", "查验"],
  600: ["suspended", "挂起"],
  700: ["goods sent back", "退运"],
  800: ["released", "放行"],
  899: ["closed", "结关"],
};

const MOVES = {
  LOAD: ["loaded", "装船"],
  DISC: ["discharged", "卸船"],
  GTIN: ["gate in", "进场"],
  GTOT: ["gate out", "提离"],
  STUF: ["stuffed", "装箱"],
  STRP: ["stripped", "拆箱"],
  PICK: ["picked up", "提箱"],
  DROP: ["dropped off", "还箱"],
  INSP: ["inspected", "查验"],
  DEPA: ["departed", "离港"],
  ARRI: ["arrived", "抵港"],
};

const AIR = {
  RCS: ["received from shipper", "货物收运"],
  MAN: ["manifested", "已配载"],
  DEP: ["departed", "离港"],
  ARR: ["arrived", "抵港"],
  RCF: ["received from flight", "卸机入库"],
  NFD: ["arrival notified", "已通知提货"],
  AWD: ["documents delivered", "单证已交"],
  DLV: ["delivered", "已提货"],
};

const LISTS = {
  "cn-channel": CHANNELS,
  "ceb-return-status": RETURN_STATUSES,
  "dcsa-equipment-event": MOVES,
  "dcsa-transport-event": MOVES,
  "iata-cargo-status": AIR,
};

/** What a code means in the reader's language; undefined where no row says. */
export function codeWord(system, said, chinese) {
  const list = Object.hasOwn(LISTS, system) ? LISTS[system] : {};
  return Object.hasOwn(list, said) ? list[said][chinese ? 1 : 0] : undefined;
}
