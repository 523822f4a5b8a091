"""What an integrator types about webhooks: list, add, look at deliveries, replay, change the secret, remove, listen."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

webhook_app = typer.Typer(help="Webhooks: the change feed, posted to an address of yours.", no_args_is_help=True)
WebhookId = Annotated[str, typer.Argument(help="id of a webhook, as `list` prints it", metavar="WEBHOOK")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
LISTEN_PORT = 8720
"""The one loopback port that a consortium of `tongguan init` lets its gateway post to."""
BEGINNING = "-1"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(webhook_app, name="webhook")


@webhook_app.command("list")
def list_webhooks(
    directory: Directory, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL, as_json: AsJson = False
) -> None:
    """List a member's webhooks: where each goes, how far it has come, and why the last post failed."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        webhooks = gateway.webhooks()
    if as_json:
        print(json.dumps(webhooks, ensure_ascii=False, indent=2))
        return
    for webhook in webhooks:
        state = (
            "switched off" if webhook["off_at"] else f"failed {webhook['failures']} times" * bool(webhook["failures"])
        )
        wants = ",".join(webhook["types"] + webhook["rules"] + webhook["severities"]) or "everything"
        print(f"{webhook['id']}  {webhook['url']}  after batch {webhook['cursor']}  {wants}  {state or 'ok'}")
        if webhook["last_error"]:
            print(f"    {webhook['last_error']}")
    print(f"{len(webhooks)} webhooks")


@webhook_app.command("add")
def add_webhook(
    directory: Directory,
    url: Annotated[str, typer.Argument(help="https address that takes posts", metavar="URL")],
    member: Reader,
    after: Annotated[str, typer.Option(help="tell what came after this batch; -1: everything; empty: from now")] = "",
    record_type: Annotated[list[str] | None, typer.Option("--type", help="record type to tell; repeatable")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="rule whose findings to tell; repeatable")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="H, M or I: findings to tell; repeatable")] = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: AsJson = False,
) -> None:
    """Have changes posted to URL, which must take a test post now. Prints its secret, this once."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        webhook = gateway.add_webhook(url, after, record_type or (), rule or (), severity or ())
    if as_json:
        print(json.dumps(webhook, ensure_ascii=False, indent=2))
        return
    print(f"webhook {webhook['id']}")
    print(f"secret  {webhook['secret']}   (keep it: it is not shown again)")


@webhook_app.command("deliveries")
def list_deliveries(
    directory: Directory,
    webhook: WebhookId,
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: AsJson = False,
) -> None:
    """List the newest posts of a webhook, taken or not. Exit 1 where there is no such webhook."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        deliveries = gateway.webhook_deliveries(webhook)
    if as_json:
        print(json.dumps(deliveries, ensure_ascii=False, indent=2))
        return
    for delivery in deliveries:
        at = datetime.fromtimestamp(delivery["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = delivery["status"] or "no answer"
        count = f"{delivery['changes']} changes of batch {delivery['batch']}"
        print(f"{at}  {answer}  {delivery['took_ms']} ms  {count}  {delivery['reason']}".rstrip())
    print(f"{len(deliveries)} posts")


@webhook_app.command("replay")
def replay_webhook(
    directory: Directory,
    webhook: WebhookId,
    member: Reader,
    after: Annotated[str, typer.Option(help="post again what came after this batch; -1: everything")] = BEGINNING,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Post again, at once, under the same ids; a webhook that was switched off is on again."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        gateway.replay_webhook(webhook, after)
    print(f"webhook {webhook} is told everything after batch {after} again")


@webhook_app.command("secret")
def change_secret(
    directory: Directory, webhook: WebhookId, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL
) -> None:
    """Give a webhook a new secret and print it, this once; the old one signs along for a day."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        print(gateway.change_webhook_secret(webhook))


@webhook_app.command("remove")
def remove_webhook(
    directory: Directory, webhook: WebhookId, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL
) -> None:
    """End a webhook."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        gateway.remove_webhook(webhook)
    print(f"webhook {webhook} is ended")


@webhook_app.command("listen")
def listen(
    port: Annotated[
        int, typer.Option(help="loopback port; 8720 is the one a consortium of `init` allows")
    ] = LISTEN_PORT,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="file with the webhook's secret; read at each post")
    ] = None,
) -> None:
    """Take posts on this machine, for trials: print each, verified where the secret is known, until interrupted."""
    from scripts.webhook_receiver import WebhookReceiver

    with WebhookReceiver(port, secret_file, time.time, print) as receiver:
        print(f"waiting at {receiver.url}  (Ctrl-C ends)", flush=True)
        receiver.serve_until_interrupted()
