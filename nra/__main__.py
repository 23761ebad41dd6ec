"""`python -m nra` is the same door as `nra`."""

from nra.cli import main

if __name__ == "__main__":
    main()
