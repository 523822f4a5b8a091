"""Writers of cross-border e-commerce messages (GACC, 2022-05 edition), element by element as its XSD orders them.

The stand-in's `ds:Signature` has the standard's shape, its digest is of the message without it, and its value is a
keyed hash with a key that everybody knows: it proves nothing and is named `stand-in` for that reason.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import Party
from adapters.single_window_mock.script import Fields, Script, elements

NAMESPACE = "http://www.chinaport.gov.cn/ceb"
CNY = "142"
"""Renminbi in the customs code table of currencies."""
_DSIG = "http://www.w3.org/2000/09/xmldsig#"


def message(
    script: Script, root: str, entities: Sequence[str], by: Party | None = None, *, signed: bool = False
) -> bytes:
    """A whole CEB message: its entities, the transfer block of the enterprise that sends it, and a signature where
    wanted."""
    guid = numbers.guid(script.random)
    transfer = "" if by is None else _block("BaseTransfer", transfer_fields(script, by))
    inner = "".join(entities) + transfer
    start = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ceb:{root} guid="{guid}" version="1.0" xmlns:ceb="{NAMESPACE}">\n'
    )
    end = f"</ceb:{root}>\n"
    signature = _signature((start + inner + end).encode()) if signed else ""
    return (start + inner + signature + end).encode()


def entity(name: str, head: str, head_fields: Fields, line: str = "", lines: Sequence[Fields] = ()) -> str:
    """An entity of a head and its lines, such as `Order(OrderHead, OrderList*)`."""
    body = _block(head, head_fields) + "".join(_block(line, fields) for fields in lines)
    return f"<ceb:{name}>\n{body}</ceb:{name}>\n"


def flat(name: str, fields: Fields) -> str:
    """An entity without a head of its own, such as `InventoryReturn`."""
    return _block(name, fields)


def opening(script: Script, app_type: int = 1) -> list[tuple[str, object]]:
    """The four fields that open every entity: guid, appType (1 new, 2 change, 3 delete), appTime, appStatus (2
    lodged)."""
    return [
        ("guid", numbers.guid(script.random)),
        ("appType", app_type),
        ("appTime", script.local("%Y%m%d%H%M%S")),
        ("appStatus", 2),
    ]


def transfer_fields(script: Script, by: Party) -> Fields:
    """Who sends the message and through which transfer node."""
    return [("copCode", by.customs_code), ("copName", by.name), ("dxpMode", "DXP"), ("dxpId", "DXPTONGGUAN00001")]


def reply_time(script: Script) -> str:
    """`returnTime`: YYYYMMDDhhmmssSSS, local."""
    return script.local("%Y%m%d%H%M%S") + "000"


def _block(name: str, fields: Fields) -> str:
    return f"<ceb:{name}>\n{elements(fields, 'ceb:')}</ceb:{name}>\n"


def _signature(body: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    value = base64.b64encode(hmac.new(b"stand-in", body, hashlib.sha256).digest()).decode()
    return (
        f'<ds:Signature xmlns:ds="{_DSIG}"><ds:SignedInfo>'
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>'
        '<ds:Reference URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{_DSIG}enveloped-signature"/></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        f"<ds:SignatureValue>{value}</ds:SignatureValue>"
        "<ds:KeyInfo><ds:KeyName>stand-in</ds:KeyName></ds:KeyInfo></ds:Signature>\n"
    )
