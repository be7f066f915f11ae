"""``python -m holdfast.cli``, where the script is not on the path."""

from holdfast.cli.main import main

main()
