"""Mail, where the installation has an SMTP server: one short text to one address."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from lti_tool.errors import N_, ToolError

TIMEOUT: Final = 15
"""Seconds to wait for the mail server at each step."""


class MailFailed(ToolError):
    """The mail server could not be reached, or did not take the mail."""

    status = 502


def send(smtp_url: str, *, sender: str, to: str, subject: str, text: str) -> None:
    """The mail server has taken the mail, else MailFailed. `smtp://` means STARTTLS, save on this machine."""
    parts = urlsplit(smtp_url)
    host = parts.hostname or "localhost"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(text)
    context = ssl.create_default_context()
    try:
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
        with server:
            if parts.scheme == "smtp" and host not in {"localhost", "127.0.0.1", "::1"}:
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(
            "MAIL-FAILED",
            N_("The mail could not be sent."),
            N_("Ask the administrator to check the mail server, or for a sign-in link."),
            whom="administrator",
            detail=f"{type(error).__name__}: {error}",
        ) from error
