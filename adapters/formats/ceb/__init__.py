"""Cross-border e-commerce messages (CEB, GACC announcement 2018 No. 113, edition 2022-05)."""

from adapters.formats import Form, NativeFormat, ReaderModule


def _roots(*numbers: int) -> frozenset[str]:
    return frozenset(f"CEB{number}Message" for number in numbers)


MODULES = (
    ReaderModule("adapters.formats.ceb.trade", Form.XML, _roots(311, 411, 511, 513)),
    ReaderModule("adapters.formats.ceb.export", Form.XML, _roots(303, 403, 505, 507, 509, 607, 215, 711)),
    ReaderModule("adapters.formats.ceb.declaration", Form.XML, _roots(621, 603)),
    ReaderModule("adapters.formats.ceb.request", Form.XML, _roots(623, 625, 605, 213, 701)),
    ReaderModule(
        "adapters.formats.ceb.reply",
        Form.XML,
        _roots(312, 412, 512, 514, 622, 624, 626, 712, 900)
        | _roots(304, 404, 506, 508, 510, 604, 606, 608, 214, 216, 702, 792),
    ),
    ReaderModule("adapters.formats.ceb.tax_bill", Form.XML, _roots(816, 818)),
)

DOCUMENT = "GACC announcement 2018 No. 113, interface specification for enterprises, edition 2022-05"
FORMATS = (
    NativeFormat(
        "CEB621, CEB603",
        DOCUMENT,
        ("customs.declaration",),
        "the official examples",
        "a line's `country` is the origin in 621, the destination in 603",
    ),
    NativeFormat(
        "CEB623, CEB605; CEB625, CEB213; CEB701",
        DOCUMENT,
        ("customs.request",),
        "the official examples",
        "to cancel; to return; to summarise. Changes nothing until a reply decides",
    ),
    NativeFormat("CEB311, CEB303", DOCUMENT, ("trade.order",), "the official examples"),
    NativeFormat("CEB411, CEB403", DOCUMENT, ("trade.payment",), "the official examples"),
    NativeFormat("CEB511, CEB505, CEB607", DOCUMENT, ("logistics.transport_document",), "the official examples"),
    NativeFormat(
        "CEB513, CEB507, CEB509, CEB215, CEB711",
        DOCUMENT,
        ("logistics.event",),
        "the official examples",
        "a list of more than 200 waybills becomes several records, the further ones numbered after the last entity",
    ),
    NativeFormat("CEB816, CEB818", DOCUMENT, ("tax.assessment",), "the official examples", "818 amends the assessment"),
    NativeFormat(
        "CEB622, CEB604",
        DOCUMENT,
        ("customs.status",),
        "the official examples",
        "about the declaration; 1 to 4 and below 0 are technical",
    ),
    NativeFormat(
        "CEB312 412 512 514 624 626 712 304 404 506 508 510 606 608 214 216 702 792 900",
        DOCUMENT,
        ("customs.status",),
        "the official examples",
        "about their own message; never move the declaration",
    ),
)
