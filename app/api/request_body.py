"""The body of a request, read once and not kept."""

from starlette.requests import ClientDisconnect, Request


async def read_body(request: Request) -> bytes:
    """Return the body; nobody can read it again.

    The same as ``Request.body``, whose generator and whose copy cost a short request
    more than what the body says.

    Raises:
        ClientDisconnect: The client went away before all of it had come.
    """
    pieces: list[bytes] = []
    has_more = True
    while has_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        has_more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
