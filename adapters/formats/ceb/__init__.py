"""Cross-border e-commerce messages (CEB, GACC announcement 2018 No. 113, edition 2022-05)."""

from adapters.formats import Form, ReaderModule


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
