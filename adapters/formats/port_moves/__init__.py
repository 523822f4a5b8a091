"""Platform files of China's ports: CODECO (进出门报告) and COARRI (装卸船报告), as terminals send them."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.port_moves.reader", Form.NUMBERED),)
FORMATS = (
    NativeFormat(
        "platform file `00:CODECO` (进出门报告平台文件)",
        "交通部EDI标准 as two published programs of terminals (Taicang, Zhoushan) write it, which agree field by field",
        ("logistics.event",),
        "files written as those two programs write them",
        "times are China's; damage and the container's operator are kept as remarks",
    ),
    NativeFormat(
        "platform file `00:COARRI` (装卸船报告平台文件)",
        "交通部EDI标准 as three published programs (Taicang, Zhoushan, Changjiang) write it, where they agree",
        ("logistics.event",),
        "files written as those three programs write them",
        "a record 50 of another layout keeps what stands behind the container's size as remarks; without a time of its "
        "own a move takes the end of the ship's work, with a remark",
    ),
)
