"""`python -m gateway` is `televote`."""

from gateway.cli import main

main()
