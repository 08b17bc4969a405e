"""``python -m soorgeon_clone`` -> the console script, for where the script is not on the path."""

from soorgeon_clone.cli.app import main

if __name__ == "__main__":
    main()
