"""The form that asks to change or cancel a declaration (`DecModMessage`, 修撤单)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dec_mod.reader", Form.XML, frozenset({"DecModMessage"})),)
FORMATS = (
    NativeFormat(
        "`DecModMessage` (修撤单), plain or in `DxpMsg`",
        "published programs of vendors; no public specification",
        ("customs.declaration", "customs.request"),
        "the descriptions only",
        "1 修改 amends by number and holds the changed fields alone; 2 撤销 asks to cancel. "
        "The answer `HzApprovalResult` is not read",
    ),
)
