"""Keys in a token of SoftHSM: records and transactions signed, a session lost and found, and never an export."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from typer.testing import CliRunner

from chain.hardware_keys import Curve, HardwareFault, HardwareKey, KeyUri, MalformedKeyUri, make_hardware_key, token_of
from chain.jws import CompactJws, sign_compact
from chain.keys import KeyAlgorithm, MalformedKey, SigningKey, is_low_s
from chain.ledger.hardware_account import HardwareAccount
from chain.ledger.sender import sign_transaction

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so")
PIN = "a pin of the test"
of_lost_handles = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The library's own objects end their searches in a session that is gone."""
TO = "0x" + "ab" * 20


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a fresh token, with a place for the key's label."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        make = ["softhsm2-util", "--init-token", "--free", "--label", "tongguan", "--pin", PIN, "--so-pin", "so pin"]
        subprocess.run(make, check=True, capture_output=True, env={**os.environ})
        yield f"pkcs11:token=tongguan;object={{}}?module-path={module}&pin-source=file:{pin}"
        token_of(module, "tongguan").close()


@pytest.fixture(scope="module")
def signing_uri(token: str) -> str:
    uri = token.format("records")
    make_hardware_key(KeyUri.parse(uri), Curve.P256)
    return uri


@pytest.fixture(scope="module")
def account(token: str) -> HardwareAccount:
    return HardwareAccount(make_hardware_key(KeyUri.parse(token.format("account")), Curve.SECP256K1))


def test_a_record_key_in_the_token_signs_as_any_other(signing_uri: str) -> None:
    key = SigningKey.load(signing_uri.encode(), b"not needed")
    assert key.public.algorithm is KeyAlgorithm.ES256
    text = sign_compact({"typ": "test+jwt"}, {"iss": "somebody"}, key)
    jws = CompactJws.parse(text)
    assert jws.verify(key.public) and not jws.verify(SigningKey.generate().public)
    assert is_low_s(KeyAlgorithm.ES256, key.sign(b"a message")), "intake takes the low one alone"


def test_what_is_written_of_it_is_where_it_is_and_never_the_key(signing_uri: str) -> None:
    key = SigningKey.load(signing_uri.encode(), b"")
    assert key.to_pem(b"a passphrase") == signing_uri.encode()
    assert SigningKey.load(key.to_pem(b"a passphrase"), b"").public == key.public
    assert PIN not in repr(key) and PIN not in signing_uri


def test_the_token_refuses_to_show_the_secret_and_to_take_it_out(signing_uri: str, account: HardwareAccount) -> None:
    from pkcs11 import Attribute, ObjectClass, exceptions

    uri = KeyUri.parse(signing_uri)

    def look(session: object) -> None:
        keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))  # type: ignore[attr-defined]
        assert len(keys) >= 2
        for key in keys:
            assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE]) == (True, False)
            with pytest.raises(exceptions.PKCS11Error):
                key[Attribute.VALUE]

    token_of(uri.module, uri.token).run(uri, look)


@of_lost_handles
def test_a_session_that_was_lost_is_opened_again(signing_uri: str) -> None:
    key, uri = SigningKey.load(signing_uri.encode(), b""), KeyUri.parse(signing_uri)
    hardware = token_of(uri.module, uri.token)
    first = hardware.run(uri, lambda session: session)
    first.close()  # as where the token was pulled: the handle that is kept means nothing any more
    assert key.public.verify(b"a message", key.sign(b"a message"))
    assert hardware.run(uri, lambda session: session) is not first


@of_lost_handles
def test_a_token_that_is_gone_is_named_and_works_once_it_is_back(signing_uri: str) -> None:
    key, uri = SigningKey.load(signing_uri.encode(), b""), KeyUri.parse(signing_uri)
    tokens = Path(os.environ["SOFTHSM2_CONF"]).parent / "tokens"
    token_of(uri.module, uri.token).run(uri, lambda session: session).close()
    away = tokens.rename(tokens.with_name("pulled"))
    tokens.mkdir()
    with pytest.raises(HardwareFault, match="tongguan"):
        key.sign(b"a message")
    tokens.rmdir()
    away.rename(tokens)
    assert key.public.verify(b"a message", key.sign(b"a message"))


def test_an_account_in_the_token_sends_the_very_transactions_of_ethereum(account: HardwareAccount) -> None:
    for to in (TO, None):
        raw = sign_transaction(
            account,  # type: ignore[arg-type]
            nonce=7, chain_id=2026, gas_price_wei=3, gas=100_000, to=to, data=b"\x01\x02",
        )  # fmt: skip
        assert Account.recover_transaction(raw) == account.address


def test_an_account_in_the_token_proves_that_it_is_held(account: HardwareAccount) -> None:
    text = encode_defunct(text="tongguan-card/1")
    assert Account.recover_message(text, signature=account.sign_message(text).signature) == account.address


def test_a_label_is_taken_once_and_a_curve_is_what_it_is(token: str, signing_uri: str) -> None:
    with pytest.raises(HardwareFault, match="holds an object records already"):
        make_hardware_key(KeyUri.parse(signing_uri), Curve.P256)
    with pytest.raises(HardwareFault, match="is not on secp256k1"):
        HardwareAccount.load(signing_uri)
    with pytest.raises(HardwareFault):
        HardwareKey(KeyUri.parse(token.format("nobody")), Curve.P256)


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:token=t;object=o", "pkcs11:token=t?module-path=/m&pin-source=/p", "file:token=t;object=o",
        "pkcs11:token=t;object=o?module-path=/m&pin-value=1234",
        "pkcs11:token=t;token=u;object=o?module-path=/m&pin-source=/p",
        "pkcs11:token=;object=o?module-path=/m&pin-source=/p", "pkcs11:" + "a" * 2_000,
    ],
)  # fmt: skip
def test_a_uri_with_one_fault_is_refused(text: str) -> None:
    with pytest.raises(MalformedKeyUri):
        KeyUri.parse(text)


def test_a_uri_is_read_with_its_percent_signs() -> None:
    uri = KeyUri.parse("pkcs11:token=a%20token;object=%E5%AF%86%E9%92%A5?module-path=/m.so&pin-source=file:///p")
    assert (uri.token, uri.label, uri.module, uri.pin_file) == ("a token", "密钥", "/m.so", "/p")


def test_a_key_file_that_is_neither_key_nor_uri_is_refused() -> None:
    with pytest.raises(MalformedKey):
        SigningKey.load(b"pkcs12:nothing", b"")


def test_a_member_makes_its_key_in_the_token_and_signs_with_it(token: str, tmp_path: Path) -> None:
    from scripts.cli import app
    from scripts.consortium_folder import ConsortiumFolder
    from scripts.local_network import Machine
    from tests.founded import copy_founded

    folder = ConsortiumFolder(tmp_path / "office")
    copy_founded(folder)
    with Machine(folder, node_port=0, gateway_port=0) as machine:
        machine.start_node(lambda line: None)
        uri = token.format("broker")
        arguments = ["key", "new", "--member", "broker", "--as", "broker", "--pkcs11", uri]
        done = CliRunner().invoke(app, [*arguments, "--dir", str(folder.path), "--rpc", machine.rpc_url])
        assert done.exit_code == 0, (done.output, done.exception)
        key = folder.signing_key("broker")
        assert (folder.member_folder("broker") / "signing.pem").read_text() == uri
        assert f"New key {key.public.kid}" in done.output
        shown = CliRunner().invoke(app, ["key", "list", "--dir", str(folder.path), "--rpc", machine.rpc_url]).output
        assert key.public.kid in shown
