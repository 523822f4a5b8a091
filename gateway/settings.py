"""Everything that an operator may set, in one validated model: a JSON file, and environment variables over it.

`TONGGUAN_RPC_URL` overrides the file's `rpc_url`, and so on for every field. Relative paths in the file are relative to
the file. No secret stands here: keys are named by file, and the files are opened with the passphrase in another file.
"""

from __future__ import annotations

import json
import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chain.errors import Malformed
from chain.identifiers import Uscc
from chain.ledger.faults import without_secrets
from chain.lifecycle import PENDING_S
from chain.proof.batch import BATCH_ENTRIES_MAX
from gateway.store.store import url_without_password

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class MalformedSettings(Malformed):
    """A setting is missing, unknown or out of range; names it."""


class OidcProvider(BaseModel):
    """A member's own identity provider, where this gateway is a client that returns to `console_url`/console/oidc."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    """As its discovery document and its ID tokens name it."""
    client_id: str
    client_secret_file: Path | None = None
    """Without one the client is public, and PKCE alone binds its codes."""
    name: str = ""
    """What people know it by; the member's USCC where it is empty."""


class GatewaySettings(BaseSettings):
    """The settings of one gateway."""

    model_config = SettingsConfigDict(env_prefix="TONGGUAN_", frozen=True, extra="forbid")

    member: Uscc
    """The member that runs this gateway; it has the role GATEWAY."""
    rpc_url: str = "http://127.0.0.1:8645"
    """The chain's JSON-RPC endpoint."""
    store_url: str
    """SQLAlchemy URL: `sqlite:///path` or `postgresql://…`. A relative SQLite path is relative to the settings file."""

    trust_root_file: Path
    """The trust root; `GET /v1/trust-root` gives it."""
    tag_keys_file: Path
    """`{"tag_keys": [{"from_batch", "secret"}]}`: the secret parts of the registry's tag keys."""
    data_keys_file: Path
    """`{"current": id, "keys": [{"id", "key": 32 bytes in base64url}]}`; payloads are encrypted with them."""
    passphrase_file: Path
    """Opens the two key files below."""
    account_file: Path
    """The Ethereum account that anchors (Web3 keystore v3)."""
    signing_key_file: Path
    """The member's registered signing key (encrypted PKCS#8 PEM): signs receipts and tokens."""
    record_rules_file: Path
    """Which roles may say which record type; its hash stands in the registry."""
    view_policy_file: Path
    """Which roles see which sections; its hash stands in the registry."""
    index_dir: Path
    """The follower's derived index; may be deleted at any time."""

    replication_policy_file: Path | None = None
    """Which gateways get which sections; its hash stands in the registry. Without it nothing is given or pulled."""
    retention_policy_file: Path | None = None
    """Which sections are kept how long, and which of them governors may have erased; its hash stands in the registry.
    Without it no governor's erasure is done here."""
    peers: dict[Uscc, str] = Field(default_factory=dict)
    """Other gateways by the USCC of their member: the URL that this one reaches each by."""
    unopened_after_s: Count = PENDING_S
    """Age of a batch from which on `/v1/replication/unopened` tells governors' attesters which of its entries nobody
    could open. Less than a day drops records of gateways that are down for an hour."""
    unopened_tries_min: Annotated[int, Field(ge=1, le=100)] = 4
    """How often every peer must have been asked for a batch before that, since this gateway started."""
    public_url: str = ""
    """The URL that members know this gateway by: the audience of their token requests. Empty: any audience below."""
    batch_entries_max: Annotated[int, Field(ge=1, le=BATCH_ENTRIES_MAX)] = BATCH_ENTRIES_MAX
    """A batch is sealed when so many entries wait."""
    batches_together_max: Annotated[int, Field(ge=1, le=64)] = 8
    """So many batches are sent together, for one block to anchor: of the chain's gas limit, each takes 1.8 million."""
    anchor_period_s: Seconds = 0.25
    """A batch is sealed when its oldest record has waited so long, and the batch before it is so old; one of reads
    alone after eight times as long."""
    lane_records_max: Annotated[int, Field(ge=1, le=20_000)] = 1_000
    """Most records that one issuer may say of one consignment; reads are not counted."""
    declarations_without_mandate: Literal["mark", "refuse"] = "mark"
    """What becomes of a declaration for a company that gave its issuer no mandate: taken, and the answer says so
    under `remarks`; or refused (403), where that company is a member."""
    anchor_promise_s: Count = 300
    """What a receipt promises: anchored at most so long after acceptance."""
    receipt_wait_s: Seconds = 30.0
    """How long the sealer waits for a block before it sends the same bytes again."""
    gas_price_wei: Annotated[int, Field(ge=0)] = 0
    """For networks that want one."""
    poll_s: Seconds = 0.2
    """How often the chain is asked for a new block."""
    registry_age_max_s: Seconds = 30.0
    """With no word from the chain for so long, nobody is let in: a revocation could go unseen."""
    clock_skew_s: Count = 300
    """How far ahead of our clock a record's or assertion's time may be."""
    record_age_max_s: Count = 400 * 86_400
    """Oldest `iat` that is taken: adapters read archives too, but a wrong clock (1970) is refused."""
    token_lifetime_s: Annotated[int, Field(ge=10, le=3600)] = 300
    """How long an access token counts."""
    outbox_records_max: Count = 500_000
    """With more records waiting for the chain, further ones are refused (503): backpressure, never silent."""
    member_records_per_s: Annotated[float, Field(gt=0)] = 20_000.0
    """Records a second that one member may submit, over a minute's mean; beyond it 429 with `Retry-After`."""
    member_sm2_records_per_s: Annotated[float, Field(gt=0)] = 50.0
    """Records signed with SM2 a second that one member may submit, in each process that examines records; a signature
    costs a hundred times one of P-256. Beyond it 429 likewise, before the signature is looked at."""
    member_bytes_per_s: Annotated[float, Field(gt=0)] = 100_000_000.0
    """Bytes a second, as payloads are stored (compressed), that one member may submit; beyond it 429 likewise."""
    member_reads_per_s: Annotated[float, Field(gt=0)] = 1_000.0
    """Requests with a token, a second, that one member may send, over a minute's mean; beyond it 429 likewise."""
    own_lanes_per_s: Annotated[float, Field(gt=0)] = 10.0
    """UCRs of its own records whose lanes one member may have proved, a second, over a minute's mean; then 429. Who
    knows a lane's proof sees in calldata who speaks of that UCR: this bounds how fast a member can try guesses."""
    member_refusals_per_s: Annotated[float, Field(gt=0)] = 200.0
    """Records a second that one member may submit in vain, over a minute's mean; beyond it 429 likewise."""
    member_uploads_max: Count = 8
    """Bulk uploads of one member under way at once."""
    open_requests_per_address_per_s: Annotated[float, Field(gt=0)] = 20.0
    """Token requests in vain a second from one address, over a minute's mean; then refused unexplained."""
    open_requests_per_s: Annotated[float, Field(gt=0)] = 200.0
    """Token requests in vain a second in all, likewise."""
    open_bytes_per_address_per_s: Annotated[float, Field(gt=0)] = 1_000_000.0
    """Bytes a second of answers that need no token (pages, OpenAPI, schemas) for one address, over a minute's
    mean; beyond it 429 with `Retry-After`."""
    open_bytes_per_s: Annotated[float, Field(gt=0)] = 10_000_000.0
    """The same for all addresses together. Figures have as much of their own, and health is never refused."""
    bulk_lines_max: Count = 100_000
    """Records in one bulk upload."""
    verifier_processes: Annotated[int, Field(ge=0, le=256)] = Field(default_factory=lambda: os.cpu_count() or 1)
    """Processes that examine bulk uploads; 0 examines them in the gateway's own."""
    views_on_one_processor: bool = True
    """The threads that serve views keep to one processor, another one for each gateway of a machine.
    Linux only; off where the service manager places the process, or several gateways run
    in containers of one machine, which do not see each other."""
    traces_file: Path | None = None
    """Traces are appended here, one OpenTelemetry span (JSON) a line; without it none are made."""
    rule_tables_dir: Path | None = None
    """Folder of reference tables for the rules (tariff, exchange rates, offices ...), one JSON file each. Without it
    those that are shipped and no example count; rules that need another are not run."""
    note_sources: tuple[str, ...] = ()
    """Files or http(s) addresses of governors' cosigned notes, for a trust root that demands witnesses; a relative
    file is relative to the settings file. One that does not answer delays bundles by three seconds."""
    log_level: Literal["INFO", "WARNING", "ERROR"] = "INFO"
    """Least grave lines of the log that are written. No `DEBUG`: libraries would write statements with values."""
    webhook_hosts: tuple[str, ...] = ()
    """`host` or `host:port` to which members' webhooks may go by http and to private addresses; else public https."""
    connections_max: Count = 2_000
    """Connections open at once; further ones are closed before they say anything."""
    connections_per_address_max: Count = 512
    """Of them from one address. Behind a proxy all come from its address: then as many as the proxy may open."""
    console_url: str = ""
    """Where people reach this gateway's console, such as `https://tongguan.example`: passkeys and cookies are bound to
    it. Its host is a name, its scheme https unless the host is `localhost`. Empty: no log-in for people."""
    session_lifetime_s: Annotated[int, Field(ge=60, le=86_400)] = 8 * 3600
    """How long a browser stays logged in."""
    session_idle_s: Annotated[int, Field(ge=60, le=86_400)] = 30 * 60
    """How long it stays so without asking for anything."""
    operator_sessions_max: Count = 16
    """Browsers of one operator that are logged in at once; the one not seen for longest goes first."""
    member_operators_max: Count = 500
    """Operators of one member, those that ended counted too."""
    invitation_lifetime_s: Annotated[int, Field(ge=60, le=7 * 86_400)] = 86_400
    """How long an operator's one-time link counts."""
    oidc_providers: dict[Uscc, OidcProvider] = Field(default_factory=dict)
    """Members whose people may log in at the member's own identity provider (OpenID Connect), by USCC; needs
    `console_url`. A subject counts once a one-time link made it known as an operator."""
    link_log_in: bool = False
    """A one-time link logs its operator in without a passkey; refused unless the console's host is `localhost`."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (CIDR) of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Without any
    the connection's own address counts, so that limits by address take all behind a proxy for one."""
    sandbox_url: str = ""
    """A single-window stand-in that visitors of a demonstration may have tell stories; only with `link_log_in`."""
    preview_url: str = ""
    """Where readers of native files answer (`tongguan preview`), for declarants who look before they sign. Files go
    there through this gateway, which keeps none. Empty: no preview."""
    desk_keys: dict[Uscc, Path] = Field(default_factory=dict)
    """Members whose operators with the right `dispose` decide about findings here, by USCC: the file of a registered
    key of the member (encrypted PKCS#8 PEM, opened with `passphrase_file`), which signs their dispositions alone."""
    lease_s: Count = 10
    """How long a sealer that died keeps another gateway on the same store from sealing."""

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy)  # ValueError for a name, or for `*`, which would believe everybody
        return proxies

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands over the file."""
        return env_settings, init_settings

    @classmethod
    def load(cls, file: Path, **overrides: Any) -> Self:
        """The settings of a file with the environment, and then `overrides`, over it; raises MalformedSettings."""
        try:
            said = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise MalformedSettings(str(file), f"must be a readable JSON file: {error}") from None
        if not isinstance(said, dict):
            raise MalformedSettings(str(file), "must be a JSON object")
        try:
            loaded = cls(**_placed(said, file.resolve().parent))
            return loaded.model_copy(update={name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            fault = error.errors()[0]
            raise MalformedSettings(".".join(map(str, fault["loc"])), fault["msg"]) from None

    def effective(self) -> dict[str, Any]:
        """Every setting as it counts, for people to read; a password in the store's URL is left out."""
        said: dict[str, Any] = self.model_dump(mode="json")
        said["store_url"] = url_without_password(self.store_url)
        said["rpc_url"] = without_secrets(self.rpc_url)
        return said


_SQLITE = "sqlite:///"


def _placed(said: dict[str, Any], folder: Path) -> dict[str, Any]:
    placed = dict(said)
    for name, value in said.items():
        if name.endswith(("_file", "_dir")) and isinstance(value, str):
            placed[name] = folder / value
    if isinstance(keys := said.get("desk_keys"), dict):
        placed["desk_keys"] = {member: folder / str(file) for member, file in keys.items()}
    if isinstance(providers := said.get("oidc_providers"), dict):
        placed["oidc_providers"] = {member: _placed(each, folder) for member, each in providers.items()}
    if isinstance(sources := said.get("note_sources"), list):
        placed["note_sources"] = [str(at) if "://" in str(at) else str(folder / str(at)) for at in sources]
    url = said.get("store_url")
    if isinstance(url, str) and url.startswith(_SQLITE):
        placed["store_url"] = _SQLITE + str(folder / url.removeprefix(_SQLITE))
    return placed
