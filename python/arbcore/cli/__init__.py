"""The ``arbcore`` command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App


def make_app() -> App:
    """Build the command tree; sub-commands are imported when they are called."""
    from cyclopts import App

    from arbcore import __version__

    app = App(
        name="arbcore",
        help="Order-flow features, scores, positions and replay over Binance's trade tape.",
        version=__version__,
        help_format="markdown",
    )
    app.command("arbcore.cli.backtest:backtest")
    app.command("arbcore.cli.features:features")
    app.command("arbcore.cli.features:bars")
    app.command("arbcore.cli.sweep:sweep")
    app.command("arbcore.cli.presets:presets")
    app.command("arbcore.cli.data:data_app", name="data")
    return app


def main() -> None:
    """Run the command; errors of arbcore are one line on stderr and exit code 1, Ctrl-C is exit code 130."""
    from arbcore.errors import ArbcoreError

    try:
        make_app()()
    except ArbcoreError as error:
        sys.stderr.write(f"arbcore: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("arbcore: interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
