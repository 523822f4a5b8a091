// Check 19: what governors found follows from what they say they looked at. docs/spec/findings.md.

import { inChainOrder } from "./checks_records.js";
import { type Context, Finding, type RecordState } from "./context.js";
import { type Outcome, type Replay, replayFinding } from "./finding_replay.js";
import { type Text, type Verdict, say } from "./verdicts.js";

const MOST_RUN = 64;
const VERDICTS: { [outcome in Outcome]?: Verdict } = {
  "does not follow": "INVALID",
  withdrawn: "WITHDRAWN",
  amended: "AMENDED",
};

const isFinding = ({ record }: RecordState): boolean => record.type === "audit.finding";

export function checkFindings(context: Context): Finding {
  const finding = new Finding();
  const findings = inChainOrder(context).filter(isFinding);
  if (!context.isConsignment || findings.length === 0) {
    finding.skip("VALID", say("no finding is shown with its consignment", "未出示附带整票货物的差异发现"));
    return finding;
  }
  if (context.bundle.kind === "finding") {
    answerForSubject(context, finding, context.find(context.bundle.subjects[0]!)!);
    return finding;
  }
  context.replays = findings.slice(0, MOST_RUN).map((state) => run(context, state));
  const more = findings.length - context.replays.length;
  if (more > 0) {
    context.remarks.push(say(`${more} findings more than ${MOST_RUN} were not run again: ask for the bundle of each`, `另有 ${more} 项差异发现超过 ${MOST_RUN} 项上限，未重新运行：请逐项索取证明包`));
  }
  answerForAll(context, finding);
  return finding;
}

function run(context: Context, state: RecordState): Replay {
  const replay = replayFinding(context, state);
  if (replay.follows_now === false) {
    const text = say("on all that is shown it no longer follows", "按全部所示内容已不再成立");
    context.remarks.push(name(replay, text));
  }
  return replay;
}

function name({ record_id, rule }: Replay, { en, zh }: Text): Text {
  return say(`finding ${record_id} (${rule}): ${en}`, `差异发现 ${record_id}（${rule}）：${zh}`);
}

function answerForSubject(context: Context, finding: Finding, state: RecordState): void {
  const replay = run(context, state);
  context.replays = [replay];
  const { outcome, why } = replay;
  const verdict = VERDICTS[outcome];
  if (verdict !== undefined) finding.fail(verdict, why);
  else if (outcome === "cannot tell") finding.skip("CANNOT_TELL", why);
  else if (outcome === "signed opinion") {
    context.remarks.push(why);
    finding.skip("VALID", why);
  }
}

function answerForAll({ replays }: Context, finding: Finding): void {
  const find = (outcome: Outcome): Replay | undefined => replays.find((replay) => replay.outcome === outcome);
  const [false_, unknown] = [find("does not follow"), find("cannot tell")];
  if (false_ !== undefined) finding.fail("VALID", name(false_, false_.why));
  else if (unknown !== undefined) finding.skip("VALID", name(unknown, unknown.why));
  else if (find("follows") === undefined) {
    finding.skip("VALID", say(`none of ${replays.length} findings stands and can be run again`, `${replays.length} 项差异发现均已撤回、更正或无法重新运行`));
  }
}
