"""Platform files of China's ports: the manifest IFCSUM (舱单), as agents and terminals exchange it."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.port_manifest.reader", Form.NUMBERED),)
FORMATS = (
    NativeFormat(
        "platform file `00:IFCSUM` (舱单平台文件)",
        "交通部EDI标准 (舱单) for records 00, 10, 11; 12 to 51 as its `tables.py` says",
        ("logistics.transport_document",),
        "a file of Ningbo's port EDI centre that was published",
        "one record a bill",
    ),
)
