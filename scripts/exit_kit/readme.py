"""The README of an exit kit, in English and Chinese."""

from __future__ import annotations

from typing import Final

TEXT: Final = """# Exit kit of {name} ({member})

All that this member may see of consortium {consortium}, as files. Nothing here needs the consortium's servers.

Trust root fingerprint: **{fingerprint}**
Believe it only where it is the one that was read aloud at the founding.

    python verify.py --fingerprint '{fingerprint}'

verifies every file and every bundle with no network. Python 3.11 or newer needs four libraries once:
`pip install coincurve cryptography pycryptodome pynacl`. Without Python: open `verify.html` in a browser and drop
`trust-root.json` and a bundle on it.

| file | what it is |
|---|---|
| `trust-root.json` | what is believed beforehand |
| `consignments/UCR/view.json` | the consignment as the gateway showed it |
| `consignments/UCR/bundle.json` | its proof, under one sealed header |
| `consignments/UCR/ID.bundle.json` | the proof of one record, where only own records are seen |
| `consignments/UCR/records/ID.sd-jwt` | each record as its issuer signed it, with what is shown of it |
| `receipts/ID.jws` | the gateway's promise for each own record |
| `tables/*.csv`, `tables/*.parquet` | consignments, records, documents with their SHA-256, receipts |
| `verifier.pyz`, `verify.html`, `verify.py` | the verifier for Python, for a browser, and for the whole kit |
| `kit.json` | when and from which gateway it was made, and what it lacks |
| `SHA256SUMS` | of every other file |

`audit.access` records of these reads stand on the chain. Files that records cite are not here: hold yours against the
SHA-256 in `tables/documents.csv`.

## 离网数据包：{name}（{member}）

本数据包含该成员在联盟 {consortium} 中可见的全部内容，无需联盟服务器即可核验。信任根指纹：**{fingerprint}**，
仅当与创建仪式上宣读的指纹一致时方可信任。核验：`python verify.py --fingerprint '{fingerprint}' --lang zh`，全程不联网；
亦可用浏览器打开 `verify.html`，拖入 `trust-root.json` 与任一证明包。
"""


def format_readme(*, name: str, member: str, consortium: str, fingerprint: str) -> str:
    """The page for one member's kit."""
    return TEXT.format(name=name, member=member, consortium=consortium, fingerprint=fingerprint)
