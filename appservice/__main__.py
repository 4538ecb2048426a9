"""`python -m appservice` and the `maillage` script."""

import sys

from appservice.cli import main as _main


def main() -> None:
    """Ends the process with the command's exit status."""
    sys.exit(_main())


if __name__ == "__main__":
    main()
