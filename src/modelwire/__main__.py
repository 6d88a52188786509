"""`python -m modelwire` is the command `modelwire`."""

from .cli.start import main

if __name__ == "__main__":
    main()
