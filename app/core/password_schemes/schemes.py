"""Every scheme that is known.

One without a passlib handler is one file with an `ImportedHandler`, and its line here.
New passwords are always the first of the list. What products write around a hash, or
write in a form of their own, is converted to one of these when it is imported
(``foreign``).
"""

from app.core.password_schemes.argon2id import Argon2id
from app.core.password_schemes.aspnet import AspNetIdentity
from app.core.password_schemes.digest import PlainDigest
from app.core.password_schemes.drupal import Drupal
from app.core.password_schemes.firebase_scrypt import FirebaseScrypt
from app.core.password_schemes.pbkdf2 import Pbkdf2
from app.core.password_schemes.scrypt import DjangoScrypt, PhcScrypt
from app.core.password_schemes.sha_crypt import ShaCrypt
from app.core.password_schemes.system_crypt import SystemCrypt
from app.core.password_schemes.wordpress import WordPress

SCHEMES: tuple[object, ...] = (
    Argon2id,
    SystemCrypt,  # before bcrypt, whose handler claims $2x$ and cannot verify it
    "bcrypt",  # Laravel, Devise, Auth0, GoTrue
    Pbkdf2,  # Keycloak, ASP.NET Identity 2 and many more, converted
    "django_pbkdf2_sha1",
    "django_pbkdf2_sha256",
    "django_argon2",
    "django_bcrypt",
    "django_bcrypt_sha256",
    DjangoScrypt,
    PhcScrypt,
    "phpass",  # WordPress before 6.8, phpBB
    WordPress,
    Drupal,
    AspNetIdentity,
    FirebaseScrypt,
    ShaCrypt,
    PlainDigest,
    "md5_crypt",  # $1$
    "apr_md5_crypt",  # $apr1$, Apache's htpasswd
    "sha1_crypt",  # NetBSD
    "des_crypt",
)

# Of these only so many bytes count; whoever wrote the hashes cut what was longer.
TRUNCATED = {"bcrypt": 72, "django_bcrypt": 72, "des_crypt": 8}
PEPPERED = frozenset({"bcrypt"})  # Devise
WEAK = frozenset({"digest", "md5_crypt", "apr_md5_crypt", "des_crypt"})
