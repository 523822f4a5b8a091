"""Records are read and issued alike by implementations of others: PyPI `sd-jwt` and npm `@sd-jwt/core`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from chain.keys import PublicKey
from chain.sdjwt import RECORD_TYP, SignedRecord
from tests.chain.records.test_sdjwt import CLAIMS, KEY, SECTIONS, UCR, make
from tests.samples import REPOSITORY


def test_sd_jwt_of_pypi_reads_what_we_issue() -> None:
    verifier = SDJWTVerifier(make().serialize(), lambda issuer, header: JWK(**KEY.public.jwk()))
    told = verifier.get_verified_payload()
    assert told.pop("vct") == "customs.status"
    assert {name: told[name] for name in SECTIONS} == SECTIONS


def test_sd_jwt_of_pypi_reads_what_we_show_in_part() -> None:
    part = make().with_sections({"status"}).serialize()
    told = SDJWTVerifier(part, lambda issuer, header: JWK(**KEY.public.jwk())).get_verified_payload()
    assert (told["status"], told["ucr"]) == (SECTIONS["status"], [])


def test_we_read_what_sd_jwt_of_pypi_issues_and_shows_in_part() -> None:
    private = JWK.generate(kty="EC", crv="P-256")
    public = {k: v for k, v in private.export_public(as_dict=True).items() if k in ("kty", "crv", "x", "y")}
    key = PublicKey.from_jwk(public)
    claims = {name: value for name, value in CLAIMS.items() if name != "_sd_alg"}
    hidden = {name: [SDObj(value) for value in values] for name, values in SECTIONS.items()}
    header = {"typ": RECORD_TYP, "kid": key.kid}
    issued = SDJWTIssuer(claims | hidden, private, extra_header_parameters=header).sd_jwt_issuance
    read = SignedRecord.parse(issued)
    assert read.verify(key)
    assert {name: list(read.section(name)) for name in read.sections} == SECTIONS
    holder = SDJWTHolder(issued)
    holder.create_presentation({"ucr": [True, False], "status": [True]})
    shown = SignedRecord.parse(holder.sd_jwt_presentation)
    assert [value for _, value in shown.ucr_elements()] == [UCR, None]
    assert shown.verify(key)


NODE = REPOSITORY / ".node" / "node_modules" / "@sd-jwt" / "core"
SCRIPT = Path(__file__).with_name("sd_jwt_core.mjs")


@pytest.mark.node_js
def test_sd_jwt_core_of_npm_reads_what_we_issue_and_we_read_what_it_issues() -> None:
    node = shutil.which("node")
    if node is None or not NODE.is_dir():
        pytest.skip("needs Node.js, and `npm install --prefix .node @sd-jwt/core@0.15.0` in the repository")
    asked = {
        "text": make().serialize(),
        "jwk": KEY.public.jwk(),
        "claims": CLAIMS,
        "sections": SECTIONS,
        "typ": RECORD_TYP,
    }
    answer = subprocess.run(
        [node, str(SCRIPT), NODE.as_posix()],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert {name: told["read"][name] for name in SECTIONS} == SECTIONS
    key = PublicKey.from_jwk(told["jwk"])
    read = SignedRecord.parse(told["issued"])
    assert read.verify(key)
    assert {name: list(read.section(name)) for name in read.sections} == SECTIONS
