"""Keys that sign tokens: announced in time, and known to every process."""

from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService


class SigningKeysJob:
    """Announces the next key when it is due, and reads what others announced.

    A key is published for at least an hour before it signs, so a process that looks
    every minute knows each key long before the first token that it signed.
    """

    name = "signing_keys"
    interval = 60.0

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._service = SigningKeyService(runtime)

    async def run(self) -> bool:
        """Bring database and ring into step, and see whether all can be signed."""
        await self._service.ensure()
        await self._service.check()
        return False
