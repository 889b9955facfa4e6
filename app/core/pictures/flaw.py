"""What may be wrong with a picture, and how large one may be."""

MAX_BYTES = 256 * 1024
MAX_SIDE = 2_048  # pixels: 16 MiB in the browser that shows it


class PictureFlaw(ValueError):
    """The bytes are no picture that is taken here; the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        """Say what is wrong.

        Args:
            code: For programs.
            message: As the end of a sentence, like those of pydantic.
        """
        super().__init__(message)
        self.code = code


def broken(what: str) -> PictureFlaw:
    """Return the flaw of a file that its own format does not allow."""
    return PictureFlaw("broken_picture", f"this picture is damaged: {what}")


def check_size(width: int, height: int) -> None:
    """Refuse what would be nothing, or too much for who shows it.

    Raises:
        PictureFlaw: A side is too short or too long.
    """
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        message = f"a picture may have {MAX_SIDE} pixels on a side at most"
        raise PictureFlaw("picture_too_large", message)
