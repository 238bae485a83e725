"""`python -m looksay`"""

from looksay.cli.main import main

main()
