// Checks 17 and 18: outsiders cosigned the log that holds the header's block; time stamps. docs/spec/witness.md.

import { type Context, Finding } from "./context.js";
import { isInLog, isSignedByOrigin, readCosignatures } from "./notes.js";
import { say } from "./verdicts.js";

export function checkWitnessed(context: Context): Finding {
  const finding = new Finding();
  const { bundle, root } = context;
  const policy = root.witnesses;
  const skip = (en: string, zh: string): Finding => {
    finding.skip(policy === null ? "VALID" : "UNWITNESSED", { en, zh });
    return finding;
  };
  if (policy === null) return skip("the trust root names no witnesses", "信任根未列出见证人");
  const { number, blockHash } = bundle.header;
  if (bundle.checkpoint === null || context.known.checkpoint?.block !== number) {
    return skip(
      `block ${number} is not the block of a checkpoint, and no log holds it`,
      `区块 ${number} 不是检查点所在区块，任何日志均不含之`,
    );
  }
  if (bundle.cosignedNote === null) return skip("no cosigned note is shown", "未出示经见证的检查点记录");
  const { note, path } = bundle.cosignedNote;
  if (!isSignedByOrigin(note, policy.origins)) {
    return skip(
      `the note is signed by no log of the trust root as ${note.origin}`,
      `检查点记录未经信任根所列日志以 ${note.origin} 之名签名`,
    );
  }
  if (!isInLog(note, path, bundle.checkpoint, number, blockHash)) {
    finding.fail("INVALID", say(`block ${number} is not checkpoint ${bundle.checkpoint} of the log that was cosigned`, `区块 ${number} 不是经见证日志中的第 ${bundle.checkpoint} 个检查点`));
    return finding;
  }
  const { right, wrong } = readCosignatures(note, policy.keys);
  context.cosignedBy = right;
  for (const name of wrong) {
    context.remarks.push(say(`a line names witness ${name} and is not its signature: it counts as none`, `有一行署名见证人 ${name} 但签名不符，不予计入`));
  }
  if (right.length < policy.quorum) {
    const cosigned = right.map(({ name }) => name).join(", ") || "–";
    skip(
      `${right.length} of the ${policy.quorum} witnesses demanded cosigned: ${cosigned}`,
      `所需 ${policy.quorum} 名见证人中仅 ${right.length} 名作证：${cosigned}`,
    );
  }
  return finding;
}

/** RFC 3161 stamps are not read here; they change no verdict. */
export function checkStamped({ bundle, root }: Context): Finding {
  const finding = new Finding();
  const skip = (en: string, zh: string): void => finding.skip("VALID", { en, zh });
  if (!bundle.cosignedNote?.stamps.length) skip("no time stamp is shown", "未出示时间戳");
  else if (!root.witnesses?.hasStampRoots)
    skip("the trust root names no time-stamp authorities", "信任根未列出时间戳机构");
  else skip("not looked at: this verifier reads no RFC 3161 time stamps", "未查：本验证器不读取 RFC 3161 时间戳");
  return finding;
}
