"""What is typed into the forms of administrators: read, and every fault named by its field. Pure.

Faults are codes; views.py has their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lti_tool.launch.addresses import AddressError, check_address
from lti_tool.launch.platforms import NewPlatform

ADDRESSES: Final = ("issuer", "auth_url", "token_url", "jwks_url")
LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent: what it makes if it is right, else the faults by field."""

    values: Mapping[str, str]
    platform: NewPlatform | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


def read_platform(given: Mapping[str, str], *, loopback: bool) -> Filled:
    """An LMS registered by hand. Deployment ids are separated by spaces or line breaks; none means: whichever comes."""
    values = {name: given.get(name, "").strip() for name in ("name", "client_id", "deployments", *ADDRESSES)}
    deployments = tuple(dict.fromkeys(values["deployments"].split()))
    faults: dict[str, str] = {}
    for name in ("name", "client_id"):
        if not values[name]:
            faults[name] = "missing"
        elif len(values[name]) > LONGEST or not values[name].isprintable():
            faults[name] = "long"
    for name in ADDRESSES:
        if not values[name]:
            faults[name] = "missing"
            continue
        try:
            check_address(values[name], loopback=loopback)
        except AddressError:
            faults[name] = "address"
        else:
            if len(values[name]) > 1024:
                faults[name] = "long"
    if any(len(one) > LONGEST or not one.isprintable() for one in deployments):
        faults["deployments"] = "long"
    if faults:
        return Filled(values, faults=faults)
    platform = NewPlatform(
        name=values["name"],
        issuer=values["issuer"],
        client_id=values["client_id"],
        auth_url=values["auth_url"],
        token_url=values["token_url"],
        jwks_url=values["jwks_url"],
        deployments=deployments,
        any_deployment=not deployments,
    )
    return Filled(values, platform)
