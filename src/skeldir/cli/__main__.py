"""`python -m skeldir.cli` is `skeldir`, for whoever has the source but did not install it."""

from skeldir.cli import main

if __name__ == "__main__":
    main()
