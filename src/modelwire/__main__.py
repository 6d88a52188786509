"""`python -m modelwire` is the command `modelwire`."""

from .cli.main import main

if __name__ == "__main__":
    main()
