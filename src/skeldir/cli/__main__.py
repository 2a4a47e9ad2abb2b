"""`python -m skeldir.cli` is `skeldir`, for a source tree that is not installed."""

from skeldir.cli import main

if __name__ == "__main__":
    main()
