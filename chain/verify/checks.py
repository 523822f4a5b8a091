"""The table of checks: number, name, what each rests on, what a FAIL means, which promise it carries, what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chain.proof.bundle import Kind
from chain.verify import (
    checks_amendments,
    checks_chain,
    checks_completeness,
    checks_findings,
    checks_numbers,
    checks_receipts,
    checks_records,
    checks_standing,
    checks_witnesses,
)
from chain.verify.context import Case
from chain.verify.results import Said, Verdict


@dataclass(frozen=True)
class Check:
    """One question asked of every bundle."""

    number: int
    name: str
    promise: str
    """The promises of the design (P1 to P9) that it carries."""
    title: Said
    meaning: Said
    rests_on: tuple[int, ...]
    """Numbers of checks that must have passed before this one can be asked."""
    on_fail: Verdict
    ask: Callable[[Case], None]


def _is_well_formed(case: Case) -> None:
    """Whoever holds a Case holds a parsed bundle."""


WELL_FORMED = Check(
    1,
    "well-formed",
    "P8",
    Said("The bundle is well formed", "证明包格式正确"),
    Said(
        "The file is in the one canonical form of its version, within all limits, with nothing spare. If this fails, "
        "the file was damaged or changed after it was made.",
        "文件符合该版本唯一的规范格式，不超限，无多余内容。若不通过，说明文件在生成后被损坏或改动。",
    ),
    (),
    Verdict.INVALID,
    _is_well_formed,
)

CHECKS: tuple[Check, ...] = (
    WELL_FORMED,
    Check(
        2,
        "chain",
        "P2",
        Said("Chain and genesis are the trust root's", "链与创世区块符合信任根"),
        Said(
            "Chain id and genesis hash equal the trust root's, and the trust root knows and still accepts the "
            "validators of the header's block.",
            "链标识与创世哈希和信任根一致，且信任根列出并仍接受该区块的验证者。",
        ),
        (1,),
        Verdict.UNTRUSTED_CHAIN,
        checks_chain.check_chain,
    ),
    Check(
        3,
        "seals",
        "P2",
        Said("The header is sealed by a quorum", "区块头经法定数验证者签封"),
        Said(
            "Exactly two thirds (rounded up) of the validators that the trust root names signed this header; no "
            "outsider, nobody twice.",
            "信任根所列验证者中恰有三分之二（进位）签封了该区块头，无外人，无重复。",
        ),
        (2,),
        Verdict.UNTRUSTED_CHAIN,
        checks_chain.check_seals,
    ),
    Check(
        4,
        "contracts",
        "P2 P3",
        Said("The contracts' code and storage are proved", "合约代码与存储已证明"),
        Said(
            "Both contracts stand at the trust root's addresses with its code, which fixes the consortium; every "
            "storage word that the other checks read is proved under the header, and no node is spare.",
            "两份合约位于信任根所列地址且代码一致（代码固定了联盟）；其余检查所读的每个存储字均在该区块头下得到证明，且无多余节点。",
        ),
        (3,),
        Verdict.UNTRUSTED_CHAIN,
        checks_chain.check_contracts,
    ),
    Check(
        5,
        "commitments",
        "P2",
        Said("Each batch is the one committed to", "每批与链上承诺一致"),
        Said(
            "The ledger's stored commitment equals the hash of the batch's facts: index, root, count, gateway, block "
            "and time.",
            "账本存储的承诺等于该批各项事实（序号、根、条数、网关、区块、时间）的哈希。",
        ),
        (4,),
        Verdict.INVALID,
        checks_chain.check_commitments,
    ),
    Check(
        6,
        "inclusion",
        "P2",
        Said("Each record was anchored", "每条记录均已上链"),
        Said(
            "The entry computed from the record stands in its batch's tree, so the record existed, word for word, when "
            "that block was made.",
            "由记录算出的条目位于该批的树中，故该记录在该区块产生时已逐字存在。",
        ),
        (5,),
        Verdict.INVALID,
        checks_records.check_inclusion,
    ),
    Check(
        7,
        "binding",
        "P1 P4",
        Said("Each entry belongs to its record and UCR", "条目与记录及 UCR 相符"),
        Said(
            "The entry rests on one of the record's own, disclosed UCR elements and stands in its issuer's lane of "
            "that UCR. In a consignment, a record that does not is shown as misfiled by its gateway and not counted.",
            "条目以该记录自身已披露的 UCR 元素为据，并位于签发者在该 UCR 下的链道。"
            "整票中不符者会标明由哪个网关误归，且不计入。",
        ),
        (6, 12),
        Verdict.INVALID,
        checks_records.check_binding,
    ),
    Check(
        8,
        "signatures",
        "P1",
        Said("Each record is its issuer's own words", "每条记录均由签发者签名"),
        Said(
            "The signature is right under the key whose thumbprint the record names, each value shown belongs to it, "
            "and it was made for this consortium.",
            "签名在记录所指密钥下正确，所示各值均属该记录，签发对象为本联盟。",
        ),
        (1,),
        Verdict.INVALID,
        checks_records.check_signatures,
    ),
    Check(
        9,
        "in-force",
        "P3",
        Said(
            "Key and member were in force, with the role; each number counts once",
            "密钥与成员当时有效且有权，编号不重复",
        ),
        Said(
            "Before the block that anchored the record, the registry held the key as active for the issuer and the "
            "issuer as an active member with a role that may say this type; the key is not declared compromised since "
            "the batch's time or earlier; and no earlier record that counts has the issuer's number.",
            "在记录上链区块之前，登记册中密钥有效并属于签发者，签发者为有效成员且其角色可出具该类记录；密钥未被声明在当时或更早已泄露；"
            "签发者编号未被更早的有效记录使用。",
        ),
        (4, 5, 6, 8),
        Verdict.INVALID,
        checks_records.check_in_force,
    ),
    Check(
        10,
        "since",
        "P3",
        Said("No subject's key was revoked since", "所涉记录的密钥此后未被撤销"),
        Said(
            "By the header's block the key of no record that the bundle is about was revoked. If this fails, the "
            "record counted when it was made; ask why its issuer revoked the key. A retired key and a member that "
            "left are no fault.",
            "至该区块头为止，证明包所涉记录的密钥未被撤销。若不通过，记录当时有效，但应向签发者查问撤销缘由。"
            "密钥停用、成员离开均不影响此前记录。",
        ),
        (9,),
        Verdict.REVOKED_SINCE,
        checks_records.check_since,
    ),
    Check(
        11,
        "amendments",
        "P4",
        Said("Amendments are followed to the newest", "更正已追至最新"),
        Said(
            "A consignment shows which records its issuers replaced. Of a record bundle it is asked by --current, and "
            "needs the later entries of the record's lane.",
            "整票证明包标明哪些记录已被签发者更正。对单条证明包须以 --current 询问，且须展开该记录所在链道的后续条目。",
        ),
        (6, 8, 9, 13),
        Verdict.AMENDED,
        checks_amendments.check_amendments,
    ),
    Check(
        12,
        "tags",
        "P4",
        Said("The lanes are the UCR's own", "链道属于该 UCR"),
        Said(
            "By the VRF proof under the registry's public tag keys, every lane is this UCR's, and no epoch is left "
            "out.",
            "依登记册中的公开标签密钥及可验证随机函数证明，所有链道均属该 UCR，且无遗漏时期。",
        ),
        (4,),
        Verdict.INVALID,
        checks_completeness.check_tags,
    ),
    Check(
        13,
        "lanes",
        "P4",
        Said("The lanes are those attested, whole", "链道与作证内容一致且完整"),
        Said(
            "The index map that the governors attested holds the lanes shown, each record stands in its lane in the "
            "batch that it names, and a consignment opens every lane and entry of the members who belong to it. An "
            "entry younger than a day without its record is pending and ends the time up to which it is complete.",
            "治理成员作证的索引图中确有所示链道；每条记录均在其链道中且位于其所载批次；"
            "整票证明包展开相关成员的全部链道与条目。不足一日且缺少对应记录的条目为待定，完整性截至其之前。",
        ),
        (7, 14),
        Verdict.INVALID,
        checks_completeness.check_lanes,
    ),
    Check(
        14,
        "checkpoint",
        "P4",
        Said("The checkpoint is attested and the newest", "检查点经作证且为最新"),
        Said(
            "Enough governors attested the index map, and no later checkpoint exists under this header. Where --as-of "
            "is given, everything anchored up to that block is covered.",
            "足够多的治理成员为索引图作证，且该区块头下无更晚的检查点；"
            "若指定 --as-of，则截至该区块上链的内容均已被涵盖。",
        ),
        (4,),
        Verdict.INVALID,
        checks_chain.check_checkpoint,
    ),
    Check(
        15,
        "receipts",
        "P9",
        Said("Receipts were kept", "回执已履行"),
        Said(
            "Each gateway's receipt in the bundle was kept: what it promised to anchor stands in attested lanes, in "
            "time. A broken one speaks of the gateway and changes no verdict over the bundle.",
            "证明包中每份网关回执均已履行：承诺上链的条目按时出现在经作证的链道中。未履行者针对网关，不影响证明包的结论。",
        ),
        (6, 14),
        Verdict.VALID,
        checks_receipts.check_receipts,
    ),
    Check(
        16,
        "standing",
        "P4 P13",
        Said("Who belongs to the consignment is known", "已确定属于该票货物的成员"),
        Said(
            "From the records that count and the registry it follows who belongs to the consignment: its owner, the "
            "authorities, and whom they name. Records of others are not counted and change nothing.",
            "由有效记录与登记册可推知谁属于该票货物：其所有者、有权机构及其所列成员。其他成员的记录不计入，亦无任何影响。",
        ),
        (9, 12),
        Verdict.INVALID,
        checks_standing.check_standing,
    ),
    Check(
        17,
        "witnessed",
        "P14",
        Said("Outsiders cosigned this history", "外部见证人已为此历史作证"),
        Said(
            "The header's block is in a log of checkpoints that a governor signed, and as many of the trust root's "
            "witnesses as it demands cosigned that the log only grows. So all members together cannot show another "
            "history to somebody else.",
            "区块头所在区块见于治理成员签名的检查点日志，且信任根所列见证人中达到要求的人数已为该日志只增不改作证。"
            "因此即使全体成员合谋，也无法向他人出示另一套历史。",
        ),
        (4,),
        Verdict.INVALID,
        checks_witnesses.check_witnessed,
    ),
    Check(
        18,
        "stamped",
        "P14",
        Said("Time stamps are of this history", "时间戳属于此历史"),
        Said(
            "Each RFC 3161 time stamp is of this very note with its cosignatures, by an authority that the trust root "
            "names. It says that the note existed by then, and no more; one that does not hold changes no verdict.",
            "每个 RFC 3161 时间戳均针对该检查点记录及其见证签名，由信任根所列机构签发。"
            "它仅说明该记录当时已存在；时间戳不成立不影响结论。",
        ),
        (17,),
        Verdict.VALID,
        checks_witnesses.check_stamped,
    ),
    Check(
        19,
        "findings",
        "P10",
        Said("Findings follow from what they rest on", "差异发现可由其依据推得"),
        Said(
            "The rule of each finding that stands was run again on inputs that the verifier selected itself from the "
            "lanes as of the finding's snapshot, and gave what the finding says. A false one speaks of its signer; it "
            "changes the verdict of a bundle about that very finding alone.",
            "对每项有效的差异发现，验证程序自行从其快照所列链道选取依据并重新运行规则，结果与其所述一致。"
            "不成立的差异发现只针对其签发方，仅影响以该差异发现为对象的证明包的结论。",
        ),
        (13,),
        Verdict.VALID,
        checks_findings.check_findings,
    ),
    Check(
        20,
        "single-use",
        "P12",
        Said("The number was used in one consignment at most", "该编号至多用于一票货物"),
        Said(
            "Every entry under the number's tag is opened by a record that says the number, in every epoch, and those "
            "records stand in one consignment. Asked of single-use bundles alone; how many consignments they are is "
            "told by the tags of their entries, so that no UCR need be shown.",
            "该编号标签下各时期的每个条目均由载明该编号的记录展开，且这些记录同属一票货物。"
            "仅对单次使用证明包查问；票数由条目标签得出，无须披露 UCR。",
        ),
        (9, 13),
        Verdict.REUSED,
        checks_numbers.check_single_use,
    ),
)

ORDER = (1, 2, 3, 4, 5, 6, 12, 7, 8, 9, 16, 10, 14, 13, 11, 15, 17, 18, 19, 20)
"""The order in which they are asked: 7 needs the lanes of 12; 13 the checkpoint of 14, the set of 16; 11 needs 13."""

MANDATORY: Mapping[Kind, frozenset[int]] = {
    Kind.RECORD: frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14}),
    Kind.SINGLE_USE: frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 20}),
    Kind.CONSIGNMENT: frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16}),
}
"""Checks of which one that is SKIPPED or ERROR forbids VALID; with `--current` also 11, of a finding also 19."""

COMPLETENESS = (12, 13, 14, 16)
"""Checks that must have passed before a consignment may be called complete."""


def find_check(name: str) -> Check | None:
    """The check of that name or number; None where there is none."""
    return next((check for check in CHECKS if name in (check.name, str(check.number))), None)
