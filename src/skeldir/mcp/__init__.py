"""Answers for analysts' programs by the Model Context Protocol: tools that read, over the read API. The door."""


async def serve_stdio(url: str, key: str) -> None:
    """Serve the tools of a service on standard input and output, until the input ends.

    Raises:
        ServiceUnreachable, ServiceRefused: the service does not answer when this begins, or refuses the key. What
            happens later is an error of the tool that was called.
    """
    # Importing the protocol's library takes half a second; no other process begins with that.
    from skeldir.mcp.bridge import pass_on  # noqa: PLC0415 - see above

    await pass_on(url, key)


__all__ = ["serve_stdio"]
