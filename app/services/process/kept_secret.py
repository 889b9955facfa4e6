"""The secret key: from the settings, or kept in a file beside the database."""

import os
from pathlib import Path

from app.config import PREFIX, Settings, SettingsError
from app.core.randomness import Randomness
from app.core.secret_key import SecretKey
from app.setting_types import database_address, weakness


def secret_key_of(settings: Settings, randomness: Randomness) -> SecretKey:
    """Return the secret key, or both of them while one takes the other's place.

    Raises:
        SettingsError: There is none that could be used, or it is there twice.
    """
    secret = secret_of(settings, randomness)
    if settings.secret_key_second is None:
        return SecretKey(secret)
    from app.core.keys.rotating import RotatingSecretKey

    second = settings.secret_key_second.get_secret_value()
    if second == secret:
        name = f"{PREFIX}SECRET_KEY_SECOND"
        raise SettingsError(f"{name} is the same key as the first one")
    return RotatingSecretKey(secret, second)


def secret_of(settings: Settings, randomness: Randomness) -> str:
    """Return the secret key; development makes one and keeps it for the next start."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = _secret_path(settings)
    try:
        if not path.exists():
            _write_once(path, randomness.token())
    except OSError as error:
        raise SettingsError(
            f"the secret key cannot be kept in {path} ({error.strerror}); its folder "
            "has to exist, and this user has to be allowed to write there"
        ) from error
    _refuse_readable(path)
    secret = path.read_text(encoding="utf-8", errors="replace").strip()
    problem = weakness(secret)
    if problem is not None:
        # Not made anew: what the database holds may be sealed with what stood there.
        raise SettingsError(
            f'the secret key in {path} {problem}; restore the file, or see "The '
            'secret key is lost" in docs/operations.md'
        )
    return secret


def _refuse_readable(path: Path) -> None:
    """Refuse a key that other users of the machine can read: it opens all the rest."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise SettingsError(
            f"the secret key in {path} can be read by others: chmod 600 {path}, and if "
            'they may have done so, see "The secret key is lost" in docs/operations.md'
        )


def kept_secret(settings: Settings) -> Path | None:
    """Return the file of the secret key, there or not; None if the settings have it."""
    return _secret_path(settings) if settings.secret_key is None else None


def _secret_path(settings: Settings) -> Path:
    """Return the file beside the database, or in the working folder."""
    url = database_address(settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).with_suffix(".secret.key")
    return Path("auth_serve.secret.key")


def _write_once(path: Path, secret: str) -> None:
    """Write a whole file or none; of two processes at once the first one wins."""
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.touch(mode=0o600)
    draft.write_text(secret)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
