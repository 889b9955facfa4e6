"""Where keys that sign may live: with us always, and where the settings say."""

from app.config import PREFIX, Settings, SettingsError
from app.core.circuit_breaker import CircuitBreakers
from app.core.randomness import Randomness
from app.core.signing.signer import (
    DATABASE,
    KeyStore,
    KeyStores,
    OwnKeys,
)


def build_key_stores(
    settings: Settings, breakers: CircuitBreakers, randomness: Randomness
) -> KeyStores:
    """Return the stores by name; nothing is asked yet.

    Raises:
        SettingsError: There should be a token, and its library for Python is missing.
    """
    stores: dict[str, KeyStore] = {DATABASE: OwnKeys()}
    chosen = settings.pkcs11
    if chosen.module is None or chosen.token is None or chosen.pin is None:
        return stores
    try:
        # Here: three megabytes, and an extra that few installations have.
        from app.core.signing.pkcs11 import Pkcs11Token
        from app.core.signing.token_keys import (
            NAME,
            RETRY_AFTER,
            SigningThreads,
            TokenDown,
            TokenKeys,
        )
    except ImportError as error:
        raise SettingsError(
            f"{PREFIX}PKCS11__MODULE needs the extra `pkcs11`: "
            'pip install "auth-serve[pkcs11]"'
        ) from error
    token = Pkcs11Token(str(chosen.module), chosen.token, chosen.pin.get_secret_value())
    breaker = breakers.get(
        NAME,
        expected=(TokenDown,),
        failure_threshold=3,
        recovery_timeout=RETRY_AFTER,
    )
    threads = SigningThreads(chosen.threads, chosen.threads * 16)
    stores[NAME] = TokenKeys(
        token, threads, breaker, randomness, timeout=chosen.timeout
    )
    return stores
