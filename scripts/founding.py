"""Founding a consortium: keys, genesis, contracts, members and the trust root, into one folder.

Order, and what a crash leaves: the passphrase and key files first (kept when run again), then the chain's transactions,
then `trust-root.json` last of all; a folder without it was not founded, and is founded anew on a fresh chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.folder import MemberProfile


@dataclass(frozen=True)
class Seat:
    """A member to be: what `member.json` will say, before its number is known."""

    slug: str
    name: str
    roles: tuple[str, ...]
    sponsor: str | None = None
    division: str = "110000"
    customs_district: str = "0100"

    @property
    def is_governor(self) -> bool:
        """A governor has no sponsor."""
        return self.sponsor is None


EXAMPLE_SEATS: tuple[Seat, ...] = (
    Seat("customs", "京津冀示范海关", ("CUSTOMS", "REGULATOR")),
    Seat("terminal", "示范港口货运站", ("TERMINAL",), division="120000", customs_district="0200"),
    Seat("tax", "示范税务局", ("TAX",)),
    Seat("gateway", "示范数据服务中心", ("GATEWAY",), sponsor="customs"),
    Seat("broker", "示范报关行", ("BROKER",), sponsor="customs"),
    Seat("trader", "示范跨境电商", ("TRADER",), sponsor="customs"),
    Seat("carrier", "示范航空物流", ("CARRIER",), sponsor="terminal"),
    Seat("bank", "示范银行", ("BANK",), sponsor="tax"),
    Seat("regulator", "示范自贸区管委会", ("REGULATOR",), sponsor="customs"),
    Seat("auditor", "示范会计师事务所", ("AUDITOR",), sponsor="tax"),
)
"""The members of an example consortium: three governors and seven participants. All are invented."""

_GB32100_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_GB32100_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def example_uscc(division: str, number: int) -> str:
    """An invented unified social credit code (GB 32100) with right check digits, told apart by `number`.

    Registration authority 9, kind 1 (enterprise), the division code, an organisation number MA plus six digits and its
    GB 11714 check digit, and the GB 32100 check digit.
    """
    body = f"91{division}{_organisation_number(f'MA{number:06d}')}"
    total = sum(_GB32100_ALPHABET.index(c) * w for c, w in zip(body, _GB32100_WEIGHTS, strict=True))
    return body + _GB32100_ALPHABET[(31 - total % 31) % 31]


def profiles(seats: tuple[Seat, ...] = EXAMPLE_SEATS) -> list[MemberProfile]:
    """The members with invented numbers: the USCC by place in the list, the customs code by district and place."""
    usccs = {seat.slug: example_uscc(seat.division, 9000 + place) for place, seat in enumerate(seats)}
    return [
        MemberProfile(
            uscc=usccs[seat.slug],
            name=seat.name,
            slug=seat.slug,
            kind="governor" if seat.is_governor else "participant",
            roles=seat.roles,
            customs_code=f"{seat.customs_district}9{place:05d}",
            sponsor=usccs[seat.sponsor] if seat.sponsor else None,
        )
        for place, seat in enumerate(seats)
    ]


def _organisation_number(body: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(body, weights, strict=True))
    check = 11 - total % 11
    return body + ("X" if check == 10 else "0" if check == 11 else str(check))
