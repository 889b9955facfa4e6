"""Password hashes that cost next to nothing, for tests that are not about the cost.

They are Argon2id and verified as any other; only the bounds are lifted, which
``tests/accounts/test_password_hashing.py`` proves. Processes of their own hash as in
production.
"""

import pytest

from app.core import passwords
from app.core.passwords import PasswordHasher
from app.setting_groups import PasswordSettings

MEMORY_KIB, PASSES = 64, 1


def quick_hasher(
    chosen: PasswordSettings, memory_kib: int = MEMORY_KIB
) -> PasswordHasher:
    """Return a hasher with the least parameters that the engines take, or so."""
    pepper, salt = chosen.devise_pepper, chosen.flask_security_salt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_LEAST_MEMORY_KIB", memory_kib)
        patch.setattr(passwords, "_LEAST_PASSES", PASSES)
        return PasswordHasher(
            memory_cost=memory_kib,
            time_cost=PASSES,
            devise_pepper=pepper.get_secret_value() if pepper else "",
            flask_security_salt=salt.get_secret_value() if salt else "",
        )
