"""python -m lti_tool.practice: the practice LMS alone."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.practice.app import create_app
from lti_tool.practice.people import PASSWORD
from lti_tool.practice.seed import LOGINS
from lti_tool.practice.settings import PracticeSettings


def main(arguments: list[str] | None = None) -> int:
    """The exit status, after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="lti-tool practice", description=__doc__)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--base-url", help="public address (default: http://localhost:PORT)")
    parser.add_argument("--data", type=Path, help="folder for its data; without, nothing outlives the process")
    parser.add_argument("--tool-url", default=PracticeSettings().tool_url, help="registration address of the tool")
    parser.add_argument("--auto-activate", action="store_true", help="registered tools work at once")
    chosen = parser.parse_args(arguments)
    base_url = chosen.base_url or f"http://localhost:{chosen.port}"
    settings = PracticeSettings(
        base_url=base_url, data_dir=chosen.data, tool_url=chosen.tool_url, auto_activate=chosen.auto_activate
    )
    return serve(settings, chosen.host, chosen.port)


def serve(settings: PracticeSettings, host: str, port: int) -> int:
    """One thread for each request, until Ctrl-C or SIGTERM. 2 where the port is not to be had, else 0."""
    try:
        server = make_server(host, port, create_app(settings), threaded=True, request_handler=Quiet)
    except (OSError, SystemExit):
        # werkzeug itself leaves the process where the port is taken.
        sys.stderr.write(f"lti-tool: PRACTICE-PORT: cannot listen at {host}:{port}; choose another with --port\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stderr.write(f"Practice LMS: {settings.base_url}\n")
    sys.stderr.write(f"Sign in as {', '.join(LOGINS)}; password: {PASSWORD}\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


class Quiet(WSGIRequestHandler):
    """Says nothing of requests: the log page does."""

    def log(self, type: str, message: str, *args: Any) -> None: ...


if __name__ == "__main__":
    sys.exit(main())
