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

const TRANSPORT_MODES = {
  0: ["not bonded area", "非保税区"],
  1: ["supervised warehouse", "监管仓库"],
  2: ["by water", "水路运输"],
  3: ["by rail", "铁路运输"],
  4: ["by road", "公路运输"],
  5: ["by air", "航空运输"],
  6: ["by post", "邮件运输"],
  7: ["bonded area", "保税区"],
  8: ["bonded warehouse", "保税仓库"],
  9: ["otherwise", "其他方式运输"],
};

const TRADE_MODES = {
  "0110": ["general trade", "一般贸易"],
  "0214": ["processing, materials supplied", "来料加工"],
  "0615": ["processing, materials bought", "进料对口"],
  1039: ["market procurement", "市场采购"],
  1210: ["bonded e-commerce", "保税电商"],
  1239: ["bonded e-commerce A", "保税电商A"],
  9610: ["e-commerce", "电子商务"],
  9710: ["e-commerce B2B export", "跨境电商B2B直接出口"],
  9810: ["export to overseas warehouse", "跨境电商出口海外仓"],
};

const UNITS = {
  KGM: ["kg", "kg"],
  TNE: ["t", "t"],
  GRM: ["g", "g"],
  MTQ: ["m³", "m³"],
  LTR: ["l", "l"],
  MTR: ["m", "m"],
  MTK: ["m²", "m²"],
  H87: ["pieces", "件"],
  C62: ["units", "个"],
  SET: ["sets", "套"],
  PR: ["pairs", "双"],
  DZN: ["dozens", "打"],
  CT: ["cartons", "箱"],
  PX: ["pallets", "托盘"],
};

// Offices are named by their district (直属海关), the first two digits; each office's own name comes with a rule table.
const DISTRICTS = {
  "01": ["Beijing district", "北京关区"],
  "02": ["Tianjin district", "天津关区"],
  "04": ["Shijiazhuang district", "石家庄关区"],
  "05": ["Taiyuan district", "太原关区"],
  "06": ["Manzhouli district", "满洲里关区"],
  "07": ["Hohhot district", "呼和浩特关区"],
  "08": ["Shenyang district", "沈阳关区"],
  "09": ["Dalian district", "大连关区"],
  "15": ["Changchun district", "长春关区"],
  "19": ["Harbin district", "哈尔滨关区"],
  "22": ["Shanghai district", "上海关区"],
  "23": ["Nanjing district", "南京关区"],
  "29": ["Hangzhou district", "杭州关区"],
  "31": ["Ningbo district", "宁波关区"],
  "33": ["Hefei district", "合肥关区"],
  "35": ["Fuzhou district", "福州关区"],
  "37": ["Xiamen district", "厦门关区"],
  "40": ["Nanchang district", "南昌关区"],
  "42": ["Qingdao district", "青岛关区"],
  "46": ["Zhengzhou district", "郑州关区"],
  "47": ["Wuhan district", "武汉关区"],
  "49": ["Changsha district", "长沙关区"],
  "51": ["Guangzhou district", "广州关区"],
  "52": ["Huangpu district", "黄埔关区"],
  "53": ["Shenzhen district", "深圳关区"],
  "57": ["Gongbei district", "拱北关区"],
  "60": ["Shantou district", "汕头关区"],
  "64": ["Haikou district", "海口关区"],
  "67": ["Zhanjiang district", "湛江关区"],
  "68": ["Jiangmen district", "江门关区"],
  "72": ["Nanning district", "南宁关区"],
  "79": ["Chengdu district", "成都关区"],
  "80": ["Chongqing district", "重庆关区"],
  "83": ["Guiyang district", "贵阳关区"],
  "86": ["Kunming district", "昆明关区"],
  "88": ["Lhasa district", "拉萨关区"],
  "90": ["Xi'an district", "西安关区"],
  "94": ["Urumqi district", "乌鲁木齐关区"],
  "95": ["Lanzhou district", "兰州关区"],
  "96": ["Yinchuan district", "银川关区"],
  "97": ["Xining district", "西宁关区"],
};

const LISTS = {
  "cn-transport-mode": TRANSPORT_MODES,
  "cn-trade-mode": TRADE_MODES,
  "uncefact-rec-20": UNITS,
  "cn-channel": CHANNELS,
  "ceb-return-status": RETURN_STATUSES,
  "dcsa-equipment-event": MOVES,
  "dcsa-transport-event": MOVES,
  "iata-cargo-status": AIR,
};

/** What a code means in the reader's language; undefined where no row says. */
export function codeWord(system, said, chinese) {
  if (system === "cn-customs-office") return DISTRICTS[String(said).slice(0, 2)]?.[chinese ? 1 : 0];
  if (system === "iso-alpha-2" && /^[A-Z]{2}$/.test(said)) return new Intl.DisplayNames([chinese ? "zh" : "en"], { type: "region" }).of(said);
  const list = Object.hasOwn(LISTS, system) ? LISTS[system] : {};
  return Object.hasOwn(list, said) ? list[said][chinese ? 1 : 0] : undefined;
}
