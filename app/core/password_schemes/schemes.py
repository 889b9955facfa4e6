"""Every scheme that is known.

One without a passlib handler is one file with an `ImportedHandler`, and its line here.
New passwords are always the first of the list.
"""

from app.core.password_schemes.argon2id import Argon2id
from app.core.password_schemes.aspnet import AspNetIdentity
from app.core.password_schemes.django_scrypt import DjangoScrypt
from app.core.password_schemes.drupal import Drupal
from app.core.password_schemes.firebase import FirebaseScrypt
from app.core.password_schemes.wordpress import WordPress

SCHEMES: tuple[object, ...] = (
    Argon2id,
    "bcrypt",  # Laravel, Devise, Auth0, GoTrue
    "pbkdf2_sha1",  # ASP.NET Identity 2, converted
    "pbkdf2_sha256",  # Keycloak, converted
    "pbkdf2_sha512",  # the same
    "django_pbkdf2_sha1",
    "django_pbkdf2_sha256",
    "django_argon2",
    "django_bcrypt",
    "django_bcrypt_sha256",
    DjangoScrypt,
    "phpass",  # WordPress before 6.8, phpBB
    WordPress,
    Drupal,
    AspNetIdentity,
    FirebaseScrypt,
    "sha256_crypt",
    "sha512_crypt",
    "ldap_salted_sha1",
    "ldap_salted_sha256",
    "ldap_salted_sha512",
    "ldap_sha256_crypt",
    "ldap_sha512_crypt",
    "ldap_bcrypt",
)

# bcrypt itself reads 72 bytes; whoever wrote these hashes cut what was longer.
TRUNCATED = frozenset({"bcrypt", "django_bcrypt", "ldap_bcrypt"})
PEPPERED = frozenset({"bcrypt"})  # Devise
TRIMMED = frozenset({"phpass"})  # WordPress takes the blanks away before it hashes
