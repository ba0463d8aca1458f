"""`python -m osconf.cli` is the `osconf` program."""

from osconf.cli import main

main()
