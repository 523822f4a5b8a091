"""An application to become a participant: the applicant's card, for one consortium and one sponsor.

A compact JWS of type `tongguan-application+jws`, signed by the record key that the card shows:

```
{"format": "tongguan-application/1", "consortium": 64 hex digits, "sponsor": USCC, "applied_at": Unix seconds,
 "card": text}
```

Whoever has the file may send it on; it admits nobody. The sponsor compares the fingerprint, the USCC on the business
licence and the customs code in customs' own register with what it was told out of band, and admits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from chain.encoding import Json
from chain.errors import Malformed
from chain.identifiers import Uscc
from chain.jws import CompactJws, MalformedJws, sign_compact
from chain.keys import SigningKey
from chain.members import MemberKind, MemberState, Role
from scripts.foundation.card import Card

if TYPE_CHECKING:
    from chain.ledger import Ledger

APPLICATION_TYPE = "tongguan-application+jws"
APPLICATION_FORMAT = "tongguan-application/1"
APPLICATION_CHARS_MAX = 32_768
_NAMES = frozenset({"format", "consortium", "sponsor", "applied_at", "card"})
_BY_VOTE = Role.CUSTOMS | Role.TAX
"""Roles that make an authority: granted by the governors' vote."""
_WORDS: Mapping[str, tuple[str, str]] = {
    "uscc": ("USCC", "统一社会信用代码"),
    "customs_code": ("customs code", "海关编码"),
    "fingerprint": ("fingerprint", "指纹"),
}


class MalformedApplication(Malformed):
    """Not an application, or not signed by the record key of its card."""


@dataclass(frozen=True)
class ApplicationFault:
    """Why an application cannot be admitted, in one sentence."""

    en: str
    zh: str


@dataclass(frozen=True)
class Application:
    """What an application says; `parse` makes one from its text, with every signature checked."""

    text: str
    consortium: str
    """64 lower-case hex digits."""
    sponsor: str
    """USCC of the governor that is asked."""
    applied_at: int
    """Unix seconds, by the applicant's clock."""
    card: Card

    @classmethod
    def parse(cls, text: str) -> Self:
        """The application in this text; raises MalformedApplication, MalformedCard."""
        if len(text) > APPLICATION_CHARS_MAX:
            raise MalformedApplication(
                "application", f"has at most {APPLICATION_CHARS_MAX} characters", value=len(text)
            )
        try:
            jws = CompactJws.parse(text.strip(), typ=APPLICATION_TYPE)
        except MalformedJws as fault:
            raise MalformedApplication("application", f"is none: {fault}", fix="Ask for a new one") from fault
        values = jws.payload
        if set(values) != _NAMES or values["format"] != APPLICATION_FORMAT:
            raise MalformedApplication("application", f"has the members {', '.join(sorted(_NAMES))} alone")
        consortium, sponsor, applied_at, card_text = (
            values[name] for name in ("consortium", "sponsor", "applied_at", "card")
        )
        if not (isinstance(consortium, str) and isinstance(sponsor, str) and isinstance(card_text, str)):
            raise MalformedApplication("application", "has texts for consortium, sponsor and card")
        if type(applied_at) is not int or applied_at < 0:
            raise MalformedApplication("applied_at", "is a time in whole seconds since 1970", value=applied_at)
        card = Card.parse(card_text)
        if not jws.verify(card.record_key):
            raise MalformedApplication("application.signature", "must be made by the record key of its card")
        return cls(text.strip(), consortium, Uscc.parse(sponsor), applied_at, card)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of what it signs: told out of band."""
        return sha256(self.text.rpartition(".")[0].encode("ascii")).digest()


def sign_application(card: str, *, consortium: str, sponsor: str, applied_at: int, key: SigningKey) -> Application:
    """The application with this card; raises MalformedCard, MalformedApplication where the key is not the card's."""
    values: dict[str, Json] = {"format": APPLICATION_FORMAT, "consortium": consortium, "sponsor": sponsor}
    values |= {"applied_at": applied_at, "card": card.strip()}
    return Application.parse(sign_compact({"typ": APPLICATION_TYPE}, values, key))


def find_faults(application: Application, ledger: Ledger, consortium: str, sponsor: str) -> list[ApplicationFault]:
    """All that speaks against admitting the applicant, as the chain stands; empty where nothing does."""
    card, members = application.card, ledger.members()
    own = members.get(sponsor)
    version = own.versions[-1] if own and own.versions else None
    faults = []
    if application.consortium != consortium:
        faults.append(ApplicationFault("it is for another consortium", "申请对象为其他联盟"))
    if application.sponsor != sponsor:
        faults.append(
            ApplicationFault(f"it asks another sponsor, {application.sponsor}", f"所请担保成员为 {application.sponsor}")
        )
    if version is None or version.kind is not MemberKind.GOVERNOR or version.state is not MemberState.ACTIVE:
        faults.append(ApplicationFault(f"{sponsor} is no active governor", f"{sponsor} 不是有效的治理成员"))
    if card.governor:
        faults.append(ApplicationFault("a governor is admitted by vote, not by a sponsor", "治理成员须经投票加入"))
    if card.uscc in members:
        faults.append(ApplicationFault(f"{card.uscc} is, or was, a member", f"{card.uscc} 已是或曾是成员"))
    roles = _roles(card)
    if roles & _BY_VOTE:
        faults.append(ApplicationFault("CUSTOMS and TAX are granted by vote", "CUSTOMS、TAX 角色须经投票授予"))
    elif version is not None and roles & ~version.roles:
        beyond = ", ".join(str(role.name) for role in Role if role in roles & ~version.roles)
        faults.append(ApplicationFault(f"its sponsor has no role {beyond} to give", f"担保成员自身没有角色 {beyond}"))
    holders = {known.profiles[-1].customs_code: uscc for uscc, known in members.items() if known.profiles}
    if card.customs_code and (holder := holders.get(card.customs_code)) is not None:
        code = card.customs_code
        faults.append(ApplicationFault(f"customs code {code} is {holder}'s", f"海关编码 {code} 属于 {holder}"))
    if ledger.account_versions(card.controller):
        faults.append(ApplicationFault("its controller account serves a member already", "其控制账户已为某成员服务"))
    if ledger.key_versions(card.record_key.thumbprint):
        faults.append(ApplicationFault("its record key is registered already", "其记录密钥已登记"))
    return faults


def find_mismatches(application: Application, checked: Mapping[str, str]) -> list[ApplicationFault]:
    """What of the application is not what its sponsor was told out of band (`uscc`, `customs_code`, `fingerprint`)."""
    values = {
        "uscc": str(application.card.uscc),
        "customs_code": str(application.card.customs_code),
        "fingerprint": application.fingerprint.hex()[:32],
    }
    return [
        ApplicationFault(
            f"its {_WORDS[name][0]} is {values[name] or 'none'}, not what you were told",
            f"{_WORDS[name][1]}与告知不符",
        )
        for name, value in checked.items()
        if "".join(value.split()).lower() != values[name].lower()
    ]


def _roles(card: Card) -> Role:
    roles = Role(0)
    for name in card.roles:
        roles |= Role[name]
    return roles
