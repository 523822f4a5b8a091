"""`tongguan-verify BUNDLE --trust-root FILE`: the auditor's tool, with the cable pulled out (`python -m chain.verify`).

Exit codes: that of the verdict (`results.Verdict`): 0 VALID, 2 no verdict, 10 and more for each other one. 1 where it
is VALID but a `--document` is named by no record that counts; 2 also for bad usage, an unreadable file and a malformed
trust root. With `--compare`: 0 one history as far as the two overlap, 1 two histories are proved, 2 nothing told.
`--codes` prints the table.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from chain.errors import Malformed, MalformedTrustRoot
from chain.proof.bundle import BUNDLE_BYTES_MAX
from chain.proof.two_histories import TwoHistories, is_two_histories, shown_in_file
from chain.verify import html_page, report
from chain.verify.checks import CHECKS, find_check
from chain.verify.context import Demand
from chain.verify.documents import find_document
from chain.verify.histories import COMPARED, compare, verify_histories
from chain.verify.results import Report, Said, Verdict
from chain.verify.trust_root import TRUST_ROOT_BYTES_MAX, TrustRoot
from chain.verify.verifier import verify_file
from chain.verify.words import LANGUAGES

YES, NO, COULD_NOT_TELL = 0, 1, 2
FINGERPRINT_DIGITS = (32, 64)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments and gives its exit code; prints a report, never a traceback."""
    options = _parser().parse_args(arguments)
    if options.codes:
        sys.stdout.write(report.exit_codes(options.lang))
        sys.stdout.write("\n--compare\n")
        for code, meaning in COMPARED.items():
            sys.stdout.write(f"{code:>3}  {report.speak(meaning, options.lang)}\n")
        return YES
    if options.explain is not None:
        return _explain(options.explain, options.lang)
    if options.bundle is None or options.trust_root is None:
        print("a bundle and --trust-root are needed", file=sys.stderr)
        return COULD_NOT_TELL
    try:
        trust_root = TrustRoot.parse(_read(options.trust_root, TRUST_ROOT_BYTES_MAX))
        if options.fingerprint is not None:
            require_fingerprint(trust_root, options.fingerprint)
        content = _read(options.bundle, BUNDLE_BYTES_MAX)
        if options.compare is not None:
            return _compare(content, trust_root, options)
        if is_two_histories(content):
            return _judge_histories(content, trust_root, options)
        question = Demand(options.as_of, options.ucr, options.record, options.current, options.number)
        answer = verify_file(content, trust_root, question)
        if not answer.answers:
            # Not even a bundle of this consortium: one line, no report.
            print(f"{options.bundle}: {report.speak(answer.remarks[0], options.lang)}", file=sys.stderr)
            return COULD_NOT_TELL
        sys.stdout.write(report.to_json(answer) if options.json else report.text(answer, options.lang))
        if options.html is not None:
            Path(options.html).write_text(html_page.page(answer, options.lang), encoding="utf-8")
        documents_known = _check_documents(options.document, answer, options.lang)
    except Malformed as fault:
        print(f"{options.trust_root}: {fault}", file=sys.stderr)
        return COULD_NOT_TELL
    except OSError as fault:
        print(f"{fault.filename}: {fault.strerror}", file=sys.stderr)
        return COULD_NOT_TELL
    return int(answer.verdict) if answer.verdict is not Verdict.VALID or documents_known else NO


def _judge_histories(content: bytes, trust_root: TrustRoot, options: argparse.Namespace) -> int:
    """Tells whether a file proves two histories: exit 0 where it does, 11 where it does not."""
    try:
        judged = verify_histories(TwoHistories.parse(content), trust_root)
    except Malformed as fault:
        print(f"{options.bundle}: {fault}", file=sys.stderr)
        return int(Verdict.INVALID)
    sys.stdout.write(report.histories_json(judged) if options.json else report.histories_text(judged, options.lang))
    return int(Verdict.VALID if judged.holds else Verdict.INVALID)


def _compare(content: bytes, trust_root: TrustRoot, options: argparse.Namespace) -> int:
    """Tells whether two files are of one history: 0 where they are as far as they overlap, 1 where two are proved."""
    shown = []
    other = _read(options.compare, BUNDLE_BYTES_MAX)
    for path, file in ((options.bundle, content), (options.compare, other)):
        try:
            shown.append(shown_in_file(file))
        except Malformed as fault:
            print(f"{path}: {fault}", file=sys.stderr)
            return COULD_NOT_TELL
    comparison = compare(shown[0], shown[1], trust_root)
    judged, proof = comparison.report, comparison.proof
    sys.stdout.write(report.histories_json(judged) if options.json else report.histories_text(judged, options.lang))
    if not judged.holds:
        return YES if proof is None and comparison.have_common_ground else COULD_NOT_TELL
    if proof is not None and options.proof is not None:
        Path(options.proof).write_bytes(proof.format())
        note = Said(
            f"Proof: {options.proof}. Anybody checks it: tongguan-verify {options.proof} --trust-root "
            f"{options.trust_root}",
            f"证明：{options.proof}。任何人可核验：tongguan-verify {options.proof} --trust-root {options.trust_root}",
        )
        print(report.speak(note, options.lang), file=sys.stderr)
    return NO


def require_fingerprint(trust_root: TrustRoot, told: str) -> None:
    """Raises MalformedTrustRoot unless the digits told (all 64, or the 32 of the short form) are the trust root's."""
    digits = "".join(told.split()).lower()
    if len(digits) not in FINGERPRINT_DIGITS or not trust_root.fingerprint.hex().startswith(digits):
        raise MalformedTrustRoot(
            "fingerprint",
            "is not the one that was told",
            value=trust_root.short_fingerprint,
            fix="Believe nothing by it",
        )


def _read(path: str, bytes_max: int) -> bytes:
    """The file, or one byte more than the limit, so that the parser refuses it by its size."""
    with Path(path).open("rb") as file:
        return file.read(bytes_max + 1)


def _check_documents(paths: Sequence[str], answer: Report, lang: str) -> bool:
    is_every_one_named = True
    for path in paths:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        standing = find_document(answer.records, digest)
        if standing is None:
            is_every_one_named = False
            said = Said(f"{path}: no record shown names this file", f"{path}：所示记录均未提及该文件")
        elif standing.amended_by is not None:
            is_every_one_named = False
            said = Said(
                f"{path}: named only by record {standing.record_id} of {standing.issuer}, which was replaced since by "
                f"{standing.amended_by}",
                f"{path}：仅见于 {standing.issuer} 的记录 {standing.record_id}，该记录已被 {standing.amended_by} 更正",
            )
        else:
            said = Said(
                f"{path}: named by record {standing.record_id} of {standing.issuer}",
                f"{path}：见 {standing.issuer} 的记录 {standing.record_id}",
            )
        print(report.speak(said, lang), file=sys.stderr)
    return is_every_one_named


def _explain(name: str, lang: str) -> int:
    check = find_check(name)
    if check is None:
        print(f"no check is called {name}; there are: {', '.join(one.name for one in CHECKS)}", file=sys.stderr)
        return COULD_NOT_TELL
    print(f"{check.number} {check.name} ({check.promise}): {report.speak(check.title, lang)}")
    print(report.speak(check.meaning, lang))
    print(f"FAIL → {check.on_fail.name}")
    return YES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tongguan-verify", description="Checks a proof bundle offline against a trust root."
    )
    parser.add_argument("bundle", nargs="?", help="the proof bundle, or a proof of two histories (JSON)")
    parser.add_argument("--trust-root", metavar="FILE", help="what you believe beforehand; compare its fingerprint")
    parser.add_argument("--fingerprint", metavar="DIGITS", help="refuse another trust root than the one told to you")
    parser.add_argument(
        "--as-of", type=int, metavar="BLOCK", help="demand that all anchored up to this block is covered"
    )
    parser.add_argument("--ucr", metavar="UCR", help="demand that it is about this consignment")
    parser.add_argument("--record", metavar="ID", help="demand that it is about this record alone")
    parser.add_argument(
        "--number", metavar="NUMBER", help="demand that it is about this number, `USCC/` before it or not"
    )
    parser.add_argument("--current", action="store_true", help="demand that no later record replaces the subject")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the report")
    parser.add_argument("--html", metavar="FILE", help="also write the report as one self-contained page")
    parser.add_argument("--document", metavar="FILE", action="append", default=[], help="check that a record names it")
    parser.add_argument("--compare", metavar="FILE", help="another bundle or a note: are the two of one history?")
    parser.add_argument("--proof", metavar="FILE", help="with --compare: where to write the proof of two histories")
    parser.add_argument("--codes", action="store_true", help="print what each exit code means")
    parser.add_argument("--explain", metavar="CHECK", help="tell what a check means, by name or number")
    return parser


if __name__ == "__main__":
    sys.exit(main())
