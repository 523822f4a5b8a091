"""The parameters of the rules: tolerances, periods and limits, each with its unit and where it comes from.

A rule pack names its parameters; a changed value is a new version of the pack. "Ours" marks a value that no source
gives: a risk desk sets its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

RULES_VERSION: Final = "2026.3"
"""Version of rules and default parameters; a changed rule or parameter is a new one."""


@dataclass(frozen=True)
class Parameters:
    """Every number that a rule leans on; the defaults are the version's own."""

    net_sum_kg: Decimal = Decimal("0.1")
    """Items' net weights against the head's (ours)."""
    money: Decimal = Decimal("0.01")
    """Sums of money: one rounding to 0.01."""
    line_share: Decimal = Decimal("0.005")
    """Price times quantity against a line's total, as a share of it (ours)."""
    legal_weight_share: Decimal = Decimal("0.01")
    """First legal quantity in kilograms against the net weight (ours)."""
    gross_share: Decimal = Decimal("0.03")
    """Declared gross weight against the carrier's (ours)."""
    gross_bulk_share: Decimal = Decimal("0.05")
    """The same for goods in bulk (ours)."""
    vgm_kg: Decimal = Decimal(500)
    """Verified gross mass against cargo and tare, kilograms (ours)."""
    vgm_share: Decimal = Decimal("0.05")
    """The same as a share of the verified mass; the wider of the two counts (ours)."""
    scale_kg: Decimal = Decimal(30)
    """Air: declared gross weight against the scale, kilograms (screens of air cargo re-weighing)."""
    scale_share: Decimal = Decimal("0.02")
    """Air: the same as a share; either limit reached is a finding."""
    arrival_days: int = 1
    """Day of import against the day of arrival (ours)."""
    manifest_hours_sea: int = 24
    """Sea: hours before arrival by which the manifest is sent (舱单时限, trade knowledge)."""
    manifest_hours_air: int = 0
    """Air: hours before arrival by which it is sent; short flights end at departure (trade knowledge)."""
    dwell_days: int = 15
    """Days from discharge or release to gate-out that are told (ours)."""
    complete_within_days: int = 14
    """Two-step declaration: days from entry to the complete declaration (trade knowledge)."""
    pay_within_days: int = 15
    """Days from a tax bill's issue to its payment."""
    invoice_days_max: int = 180
    """Days by which an invoice may be older than the declaration (ours)."""
    invoice_lead_days: int = 15
    """Early declaration: days by which an invoice may be dated behind the lodging (ours)."""
    certificate_days_max: int = 365
    """Validity of a certificate of origin (most agreements)."""
    tax_line: Decimal = Decimal("0.01")
    """A recomputed tax line: one rounding."""
    tax_retail_line: Decimal = Decimal("0.02")
    """Retail e-commerce: whether VAT and consumption tax are rounded before or after 70 % is not known."""
    tax_bill: Decimal = Decimal("0.05")
    """A recomputed bill (ours)."""
    value_share: Decimal = Decimal("0.001")
    """Value for duty against price times rate of exchange (ours)."""
    value_floor: Decimal = Decimal("1.00")
    """The same in yuan: smaller differences are roundings (ours)."""
    price_deviations: Decimal = Decimal(4)
    """Unit price against its reference band: deviations from the median that are told (ours)."""
    rarity_share: Decimal = Decimal("0.0005")
    """Export chain: shares below are told (ours)."""
    charge_share: Decimal = Decimal("0.02")
    """Freight invoice against declared freight (ours)."""
    rebate_fob_usd: Decimal = Decimal("1.00")
    """Rebate's FOB against the export declaration's (ours)."""
    rebate_line: Decimal = Decimal("0.01")
    """Rebate quota against FOB times rate."""
    mandates_demanded: bool = False
    """Whether a declaration for another is a finding where neither side says a mandate (ours): before the members use
    mandates it would be said of each."""
    exempt_below_cny: Decimal = Decimal("50.00")
    """A tax of a bill below this is not levied (trade knowledge)."""


DEFAULTS: Final = Parameters()
"""The parameters of `RULES_VERSION`."""
