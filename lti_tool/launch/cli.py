"""Commands: `lti-tool keys …` and `lti-tool platform …`. The command line hands them the settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import click
from sqlalchemy import Connection

from lti_tool.db import open_engine, reading
from lti_tool.errors import N_, BadInput
from lti_tool.launch import keys, merges, platforms, registration
from lti_tool.launch.addresses import AddressError, check_address
from lti_tool.launch.claims import Registration, Status
from lti_tool.launch.platforms import NewPlatform
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring, utc_now

T = TypeVar("T")


@click.group("keys", help="The tool's signing keys.")
def keys_group() -> None:
    """Holds new, rotate and list."""


@keys_group.command("new")
@click.pass_obj
def keys_new(settings: Settings) -> None:
    """Make the first key and its successor; does nothing where a usable key exists."""
    folder = settings.keys_dir
    made = keys.make_first(folder)
    click.echo(f"A signing key was made in {folder}." if made else f"{folder} holds a usable key; nothing was done.")


@keys_group.command("rotate")
@click.pass_obj
def keys_rotate(settings: Settings) -> None:
    """Sign with the next key, retire the current one, publish a new next one."""
    folder = settings.keys_dir
    if not keys.list_keys(folder):
        raise BadInput("KEYS-NONE", N_("There is no key to rotate."), N_("Run: lti-tool keys new"), whom="nobody")
    published = keys.rotate(folder, utc_now())
    click.echo("The next key signs now. The old one stays published for 7 days.")
    if published is None or published < keys.SETTLED:
        click.echo(
            "Note: that key was published less than a day ago. An LMS that keeps key sets for long may "
            "refuse it at first; leave a day between rotations.",
            err=True,
        )


@keys_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def keys_list(settings: Settings, as_json: bool) -> None:
    """List the keys with their state: current, next, retired."""
    found = keys.describe(keys.list_keys(settings.keys_dir))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for key in found:
        retired = f", retired {key['retired_at']}" if key["retired_at"] else ""
        click.echo(f"{key['state']:8} {key['kid']}  made {key['made_at']}{retired}")
    if not found:
        click.echo("No keys. Run: lti-tool keys new", err=True)


@click.group("platform", help="LMSs that may launch this tool.")
def platform_group() -> None:
    """Holds add, invite, list, approve and disable."""


@platform_group.command("add")
@click.option("--name", required=True, help="What people call this LMS.")
@click.option("--issuer", required=True, metavar="URL", help="The platform id, character for character.")
@click.option("--client-id", required=True, metavar="ID")
@click.option("--deployment-id", "deployment_ids", multiple=True, metavar="ID", help="May be given several times.")
@click.option("--any-deployment", is_flag=True, help="Take each deployment of this client at its first launch.")
@click.option("--auth-url", required=True, metavar="URL", help="Where logins go (OIDC authorisation endpoint).")
@click.option("--token-url", required=True, metavar="URL", help="Where access tokens come from.")
@click.option("--jwks-url", required=True, metavar="URL", help="Where the LMS publishes its keys.")
@click.option("--audience", metavar="TEXT", help="Audience of client assertions, where it isn't the token URL.")
@click.option("--anonymous", is_flag=True, help="Learn no names and e-mail addresses from it.")
@click.option("--product", default="", metavar="NAME", help="What it is: moodle, canvas, openedx, …, if you know it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_add(
    settings: Settings,
    name: str,
    issuer: str,
    client_id: str,
    deployment_ids: tuple[str, ...],
    any_deployment: bool,
    auth_url: str,
    token_url: str,
    jwks_url: str,
    audience: str | None,
    product: str,
    anonymous: bool,
    as_json: bool,
) -> None:
    """Register an LMS by hand. It is approved at once; its number is printed."""
    if not deployment_ids and not any_deployment:
        raise click.UsageError("give --deployment-id, or --any-deployment")
    for option, address in (
        ("--issuer", issuer),
        ("--auth-url", auth_url),
        ("--token-url", token_url),
        ("--jwks-url", jwks_url),
    ):
        try:
            check_address(address, loopback=True)
        except AddressError as error:
            raise BadInput(
                "PLATFORM-ADDRESS",
                N_("%(option)s can't be used."),
                N_("Write an https address; plain http is taken for this machine only."),
                whom="nobody",
                params={"option": option},
                detail=str(error),
            ) from error
    for option, text in (("--client-id", client_id), *(("--deployment-id", d) for d in deployment_ids)):
        if not 0 < len(text) <= 255 or not text.isprintable():
            raise BadInput(
                "PLATFORM-ID",
                N_("%(option)s must have 1 to 255 characters."),
                N_("Copy it from your LMS."),
                whom="nobody",
                params={"option": option},
            )
    new = NewPlatform(
        name=name[:255],
        issuer=issuer,
        client_id=client_id,
        auth_url=auth_url,
        token_url=token_url,
        jwks_url=jwks_url,
        deployments=deployment_ids,
        audience=audience,
        any_deployment=any_deployment,
        product=product.strip()[:64],
        anonymous=anonymous,
    )
    number = _write(settings, lambda conn: platforms.add(conn, new, "approved", utc_now()))
    if number is None:
        raise BadInput(
            "PLATFORM-KNOWN",
            N_("This issuer and client id are registered already."),
            N_("See: lti-tool platform list"),
            whom="nobody",
        )
    click.echo(json.dumps({"id": number}) if as_json else number)


@platform_group.command("invite")
@click.option("--name", default="", help="What people call this LMS; its host name if left out.")
@click.option("--anonymous", is_flag=True, help="Learn no names and e-mail addresses from it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_invite(settings: Settings, name: str, anonymous: bool, as_json: bool) -> None:
    """Print an address by which one LMS can register itself within 30 days, approved at once."""
    base_url = settings.base_url
    url = _write(settings, lambda conn: registration.invite(conn, name[:255], base_url, utc_now(), anonymous=anonymous))
    click.echo(json.dumps({"url": url}) if as_json else url)


@platform_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def platform_list(settings: Settings, as_json: bool) -> None:
    """List the LMSs with status and deployments."""
    engine = open_engine(settings.database_url)
    try:
        with reading(engine) as conn:
            found = platforms.get_all(conn)
    finally:
        engine.dispose()
    if as_json:
        click.echo(json.dumps([_described(one) for one in found], indent=2))
        return
    for one in found:
        at = f"  at {one.institution}" if one.institution else ""
        click.echo(f"{one.id:4}  {one.status:9} {one.name}  {one.issuer}  client {one.client_id}{at}")
        for deployment, status in one.deployments.items():
            click.echo(f"      {status:9} deployment {deployment}")
    if not found:
        click.echo("No LMS is registered. See: lti-tool platform invite", err=True)


@platform_group.command("approve")
@click.argument("number", metavar="ID", type=int)
@click.option("--deployment-id", metavar="ID", help="Approve this deployment alone.")
@click.pass_obj
def platform_approve(settings: Settings, number: int, deployment_id: str | None) -> None:
    """Let an LMS launch, with all its deployments that wait."""
    _set(settings, number, "approved", deployment_id)


@platform_group.command("disable")
@click.argument("number", metavar="ID", type=int)
@click.option("--deployment-id", metavar="ID", help="Switch off this deployment alone.")
@click.pass_obj
def platform_disable(settings: Settings, number: int, deployment_id: str | None) -> None:
    """Let an LMS launch no more. Nothing of its learners is lost."""
    _set(settings, number, "disabled", deployment_id)


def _set(settings: Settings, number: int, status: Status, deployment: str | None) -> None:
    def work(conn: Connection) -> bool:
        merges.must_stand_alone(conn, number)
        if deployment is not None:
            return platforms.set_deployment_status(conn, number, deployment, status) == 1
        if status == "approved":
            platforms.set_deployment_status(conn, number, None, status)
        return platforms.set_status(conn, number, status, utc_now())

    if not _write(settings, work):
        raise platforms.unknown()
    click.echo(f"{'Deployment ' + deployment if deployment else f'LMS {number}'} is {status}.")


def _write(settings: Settings, work: Callable[[Connection], T]) -> T:
    wiring = Wiring.open(settings)
    try:
        return wiring.writer.run(work)
    finally:
        wiring.engine.dispose()


def _described(one: Registration) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "issuer": one.issuer,
        "client_id": one.client_id,
        "status": one.status,
        "product": one.product,
        "auth_url": one.auth_url,
        "token_url": one.token_url,
        "jwks_url": one.jwks_url,
        "any_deployment": one.any_deployment,
        "anonymous": one.anonymous,
        "institution": one.institution,
        "deployments": [{"id": key, "status": status} for key, status in one.deployments.items()],
    }


__all__ = ["keys_group", "platform_group"]
