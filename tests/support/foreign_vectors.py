"""Hashes that the products themselves made, at pinned versions, on Debian 12.

Each was made in a temporary folder by the call that stands with it: npm packages under
Node 20, Java ones under 17, Python ones under 3.11, Go ones under 1.26, and what Debian
packages (Dovecot, OpenLDAP, 389 Directory Server, WordPress, MediaWiki, PHP, whois).
Where the product is in no registry within reach, PHP's own functions were called as its
code calls them, and the call says so. Payload's and passport-local-mongoose's are put
together as ``salt:hash``, Gitea's columns as ``passwd_hash_algo$salt$passwd``.
"""

from typing import NamedTuple


class Vector(NamedTuple):
    """One password, and what a product stored of it."""

    product: str
    how: str
    source: str | None  # for ``--from``, where the hash alone does not tell
    password: str
    hashed: str


WORDS = "l\xe8tmein-Words"
QUOTES = 'it\'s "a" back\\slash & <b>'
BLANKS = "  blanks at both ends "
DECOMPOSED = "pa\xdfwo\u0308rter o\u0308"
LONG = "\u00e9" * 40 + " and more than 72 bytes"
WIDE = "\uff46ull\uff57idth \u2460 \U0001f511"
FLASK_SECURITY_SALT = "146585145368132386173505678016728509634"

VECTORS = (
    Vector(
        "better-auth 1.7.25",
        "hashPassword",
        None,
        QUOTES,
        "97937e42ce5911db7d4b0b4a7c9dcb17:a6174b69f99ce4e0cdaa47bb26c38e557d2"
        "f90d51fad6b73483bdb25793dfb5e7faa331242afa6a90c31ace9e355276b802c44e"
        "198d98f8b5111bf6a5af75466",
    ),
    Vector(
        "better-auth 1.7.25",
        "hashPassword",
        None,
        WIDE,
        "96a6634323f35572160e90d19fe5e66e:bd5c8c6dc2d9e74da02f85e5134f229b9ee"
        "2c27df2470dbb55359dd81355fa7c2208774bad39f6be7d4c21730d32815822414b8"
        "840028486c007865a75d8159f",
    ),
    Vector(
        "Lucia 3.2.2",
        "new Scrypt().hash",
        None,
        DECOMPOSED,
        "1ed4bc0b54f4f8c2b6c6145566be6668:dcbe7f2c7346526dbac2bdaf46f863c583c"
        "bfb20861f4dd2cd9cc8d6613c73b37da34d70eaa9d908f13e0b136f9613b8274240a"
        "dd7f898e56b909a7a9c857e5a",
    ),
    Vector(
        "Lucia 3.2.2",
        "new LegacyScrypt().hash",
        None,
        WIDE,
        "s2:7daf8683c7064cfbf1cab422cead3bf0:ba24b3e762da4961fe186161ce467349"
        "8c3995e221cf21c7885af4bc2d2ca9bd669bccaf990fa8f6e40010ab379a0b5b68ab"
        "e6f81482d0d8b8d83541f36688c3",
    ),
    Vector(
        "Lucia 1",
        "crypto.scryptSync; LegacyScrypt().verify of Lucia 3.2.2 accepts it",
        None,
        WIDE,
        "abcdefgh12345678:22fdfd520be38a807f194a2da5876850717682a6412c6396afc"
        "370a29192957586be10a8eb1f17a0b3f7935b9b3b924a2df7a6849525fa25fae9682"
        "34a89d88d",
    ),
    Vector(
        "Oslo 1.2.1",
        "new Scrypt().hash",
        None,
        LONG,
        "a176afd3c9fd7ab495efe5d0674f5a01:f5812363a2dc355af524079398ae2bb4655"
        "c984a3592368498f645e543652989780a0122cd6aa784bfde13aa5eda15f9f1dc0cd"
        "9c1c5dfba80a05883e7a18cb2",
    ),
    Vector(
        "Payload 3.90.2",
        "generatePasswordSaltHash",
        None,
        QUOTES,
        "a4d5ab82858a0c1555a1fff3ac7ce8326c5f91dd90f00767a2ea6234f18ded2c:pbk"
        "df2-sha256-v1:c94576b9c4436dea898cec698a2ff6d838251e0d57305696913fbc"
        "a3fea8ccf7",
    ),
    Vector(
        "passport-local-mongoose 9.2.0",
        "setPassword; Payload 3.90.2 verifies it",
        None,
        DECOMPOSED,
        "760e9ffbc43949c2ef220d4d72c92502f778df07365998ad073c86f82646a064:fc0"
        "d229cc713352d8a1bb75d3a10a68cf4d93ae3706932f8329183da9fef5eef41191b8"
        "8990473414677bbcedce500a3f7b895a3343697d9e8d4d9ea52e04eeb13a79a21626"
        "1c548d8115c4c701d727925cce1b716258120161f967e57b0aaf1cd53fe27dfaf63e"
        "f0b9c6e7204cc2494dd2a94bc5fdd2b1173bc7a2e38d5614b73b9152010b18c249de"
        "b5d0dbc1ddab745be3d135430c0c53f654c1f73f99509e43c621896f1eee7b190166"
        "06f778c5bc12cb893de502978ea8f69490b15e811faa3ecf08a501101562cc994bed"
        "458adcda446c37e787578137e8eb6cc56aa567093a940b31060227f8c8bb66b931b7"
        "c3afb817dcedc8f073c0f8a21f99725ee0887115b63b260687a9cf0f6b65e02c5965"
        "86301006eebc41cb92ab7d90ad14ff1a5d68eedc139e406d53cadb7c69afae525cbb"
        "c5acdb0471b05fd025bea13269a3b431f465372a2f0863086f6eaf6385fbede43112"
        "b52c3bb4139f9c7abdfb237d77690fe2b0657f5536860dafb8a1cb1782bd5bda001e"
        "7d4cf28bba73ab20fb6183e9f5cccfc8ff425f9ae4628ae3e8bbc50626b3f0d6f081"
        "4fa4d880a0e4f7bf975cf6caaf9e53a9f9e98b96bc5a2db47bb9fa2e8f0a68bf5cd9"
        "28f55c436007cc42481764e59801090c6358181e784371d56c89766afb4e96f487a8"
        "f09c30dfbc4c259b24a17108e978eefc91aebbc2c267cf7cdf67b2e374ece85feb30"
        "4",
    ),
    Vector(
        "Werkzeug 3.1.9",
        "generate_password_hash",
        None,
        QUOTES,
        "scrypt:32768:8:1$2b2G2mz0MoXyJCjM$0d45e49bd85f5718d98a6e7b772e0f86fa"
        "0b2d6bdefdc5154eeddabd4fadf0234f58d493d01416353082fd039e0c157d11fa61"
        "647b78eb32e04c1739b556e598",
    ),
    Vector(
        "Werkzeug 3.1.9",
        'generate_password_hash(method="pbkdf2:sha256:1000")',
        None,
        DECOMPOSED,
        "pbkdf2:sha256:1000$kgzE5MHZj6rRStXJ$54dd59af0c849a21f2ba309c4e8b0f63"
        "bc3235032ddc4c9d0bb8ee6f8be38000",
    ),
    Vector(
        "Werkzeug 3.1.9",
        'generate_password_hash(method="pbkdf2:sha512:1000")',
        None,
        LONG,
        "pbkdf2:sha512:1000$Zq6ZSvMfRDMOqDnq$14181d9a6e6cd0fb56be9922a9b4d377"
        "ad654d980e9f8a607e4a04f26967a0aef07ac48feefa913d75ed534bf2e98f9ef385"
        "5245570e5e8400bd39d7609b9e83",
    ),
    Vector(
        "Werkzeug 3.1.9",
        'generate_password_hash(method="scrypt:1024:8:1")',
        None,
        BLANKS,
        "scrypt:1024:8:1$rSEwnbzg5G6qrtqe$1189e889918817961499f2aad3830f476b2"
        "00e3a8a8dbc3385640c2ec972318990d0e74e9e56a8b70ca563f79954c7a86fbe43e"
        "453a3a00ffbaebd23cd9addc6",
    ),
    Vector(
        "Django 5.2.19",
        "PBKDF2PasswordHasher().encode",
        None,
        DECOMPOSED,
        "pbkdf2_sha256$1000$seasaltSEASALT00$091jVh2kVyEPaiPe3R4wRfpjKNSh+gTG"
        "SwnpEfapgH0=",
    ),
    Vector(
        "Django 5.2.19",
        "MD5PasswordHasher().encode",
        None,
        QUOTES,
        "md5$seasaltSEASALT00$520d03ebfadb8b0b1fd537a2460fe4ab",
    ),
    Vector(
        "Django 5.2.19",
        "BCryptSHA256PasswordHasher().encode",
        None,
        LONG,
        "bcrypt_sha256$$2b$04$CCCCCCCCCCCCCCCCCCCCC.AU/WySj0zDLBFTOomfjtx6qEQ" "eT0NBm",
    ),
    Vector(
        "Django 5.2.19",
        "Argon2PasswordHasher().encode",
        None,
        DECOMPOSED,
        "argon2$argon2id$v=19$m=256,t=2,p=1$c2Vhc2FsdFNFQVNBTFQwMA$ig1Jn0ewh+"
        "QdL3xW0cOFSHpRcnw0aG0tjUmjVwPx+Yc",
    ),
    Vector(
        "Django 5.2.19",
        "ScryptPasswordHasher().encode",
        None,
        WIDE,
        "scrypt$16$seasaltSEASALT00$1$1$Zh3t1z8wlpBlMzkiqmdOi/45kwZe0jsmvlge4"
        "1EW0XAvD2iJm6WaI4fjd0xluTqjPKK1EDspVeTh5Ti6rwSW6w==",
    ),
    Vector(
        "Flask-Security-Too 5.9.2",
        "SECURITY_PASSWORD_HASH=bcrypt: PasswordUtil.normalize, hash_password",
        "flask-security",
        DECOMPOSED,
        "$2b$12$3/yjbFiTk98i9Miy8S1aneQjfKzA1u8kRUDpGzeCCH56GlzQm8oui",
    ),
    Vector(
        "Flask-Security-Too 5.9.2",
        "SECURITY_PASSWORD_HASH=argon2: PasswordUtil.normalize, hash_password",
        "flask-security",
        WIDE,
        "$argon2id$v=19$m=65536,t=3,p=4$FqK0FkKI8d4bY+y9t7Y2pg$1JfWPsa3ZOdsRK"
        "4XdNYVFfhd7lPdnFbZASB/FdrdW/w",
    ),
    Vector(
        "Flask-Security-Too 5.9.2",
        "SECURITY_PASSWORD_HASH=pbkdf2_sha512: PasswordUtil.normalize, hash_password",
        "flask-security",
        QUOTES,
        "$pbkdf2-sha512$25000$TsmZ817LeU8pRajVOoeQMg$N9slxO1MAhYeJhddt1xMED1M"
        "op5lDTFLKtJpgC3hgdsgvrw4oZFE0jFLoDN2pYG6ET0K4CKIZhOpePXtGQeJBw",
    ),
    Vector(
        "WordPress 6.1.9",
        "add_magic_quotes, wp_hash_password",
        None,
        QUOTES,
        "$P$BslB0eupHsIW7Jt08Xf/lC7WF5pgww1",
    ),
    Vector(
        "WordPress 6.1.9",
        "add_magic_quotes, wp_hash_password",
        None,
        BLANKS,
        "$P$BnDvmhUQNNztCFzuvUr4YZD94.2Eo10",
    ),
    Vector(
        "WordPress 6.1.9",
        "wp_hash_password (from code)",
        None,
        QUOTES,
        "$P$BAJoSec.gLDy1qNnTgg4hPqeYEWc2O1",
    ),
    Vector(
        "PHP 8.2.36",
        "password_hash(PASSWORD_BCRYPT)",
        None,
        LONG,
        "$2y$04$18IzLYCafyilq5tqIW4DGuMvVVzCSYKMhvv9EaD5f6Y7obBDmfOAW",
    ),
    Vector(
        "PHP 8.2.36",
        "password_hash(htmlspecialchars(ENT_COMPAT)), as phpBB 3.3 does",
        "phpbb",
        QUOTES,
        "$2y$04$JWqdTmthRg5YFHcHmqKVxunrQ2yZanld9uLw.js3vAcVEt1R996Cq",
    ),
    Vector(
        "PHP 8.2.36",
        "password_hash(PASSWORD_BCRYPT, trim()) as Drupal 10 does",
        "drupal",
        BLANKS,
        "$2y$04$Uf2X3ghuxE6xKHnRRhPdXeh2nxrc01kkVDGH53hJZX2GSN4ewwGjq",
    ),
    Vector(
        "PHP 8.2.36",
        "sodium_crypto_pwhash_str",
        None,
        QUOTES,
        "$argon2id$v=19$m=8192,t=2,p=1$uz+SNsZkz8nituDqI72mxQ$lQo4cYVI3+ETBDv"
        "ebrae1p39kaSbeRTyk/Gn0ZSW9nU",
    ),
    Vector(
        "PHP 8.2.36",
        "3| before sodium_crypto_pwhash_str, as Nextcloud writes it",
        None,
        DECOMPOSED,
        "3|$argon2id$v=19$m=8192,t=2,p=1$x187U1PGfvKjblg5ug+HPQ$S+ZVrL6UXUYNk"
        "BydoFrZwDsiSL3JELiCLahpeFwvvDQ",
    ),
    Vector(
        "PHP 8.2.36",
        "sodium_crypto_pwhash, as Magento 2.4 does",
        None,
        QUOTES,
        "1f877926322daa363581affe15818d54e5ae632317d28c5076c1e41fcf37eaf5:abc"
        "defghijklmnopqrstuvwxyz012345:3_32_2_8388608",
    ),
    Vector(
        "PHP 8.2.36",
        "sodium_crypto_pwhash, as Magento 2.3 does",
        None,
        DECOMPOSED,
        "0904b9a23454643cff7ebc8ca200accdb1ab913c88ca3910b9700fe102b80e26:abc"
        "defghijklmnopqrstuvwxyz012345:2",
    ),
    Vector(
        "PHP 8.2.36",
        "hash('md5', salt . password), as Magento does",
        None,
        QUOTES,
        "f3fce8e044cc13d70cb3a8e637d6c9d4:abcdefghijklmnop:0",
    ),
    Vector(
        "PHP 8.2.36",
        "hash('sha256', salt . password), as Magento does",
        None,
        QUOTES,
        "03239d54adfe9d95248c43d7f2a4395bb639990aa8fa5e58be5a56db3cad3ed9:abc"
        "defghijklmnop:1",
    ),
    Vector(
        "PHP 8.2.36",
        "crypt with $1$abcdefgh$",
        None,
        DECOMPOSED,
        "$1$abcdefgh$HH9hZtAOknVMYwd8n51hn1",
    ),
    Vector(
        "PHP 8.2.36",
        "crypt with ab",
        None,
        QUOTES,
        "abLo.TB0m/22k",
    ),
    Vector(
        "PHP 8.2.36",
        "crypt with $5$rounds=1000$a-_b$",
        None,
        DECOMPOSED,
        "$5$rounds=1000$a-_b$Dl1MdsvU.aOVER23NxdLe5/MQoqzRDyPqY/ScnmAUO/",
    ),
    Vector(
        "PHP 8.2.36",
        "crypt with $6$rounds=1000$a-_b$",
        None,
        DECOMPOSED,
        "$6$rounds=1000$a-_b$SMgCP9EbpDR.zE/C1dv3zaE6BxvS4O8/xwc3rJUiY0awfi5x"
        "ieJfOe.v8JLSeaHu1eGeKTDVICK3TBVHTYC8g0",
    ),
    Vector(
        "PHP 8.2.36",
        "crypt with $2x$04$CCCCCCCCCCCCCCCCCCCCC.",
        None,
        DECOMPOSED,
        "$2x$04$CCCCCCCCCCCCCCCCCCCCC.mPUcd9y7NUj/JdqeAYjTvAz3KDQD/UW",
    ),
    Vector(
        "MediaWiki 1.39.17",
        "Pbkdf2Password::crypt, toString",
        None,
        DECOMPOSED,
        ":pbkdf2:sha512:1000:64:jFodUFsG3d+7HsHgfwmCuA==:1piI1j8Dr1nJSYcsoEFA"
        "XJ4fgIpXy6YnJ+P05fAGchzM8ZDPpwqQdFykK6KIFXJhMMNyH/m/BoRMAO2RE1l2IQ==",
    ),
    Vector(
        "MediaWiki 1.39.17",
        "MWSaltedPassword::crypt, toString",
        None,
        QUOTES,
        ":B:e06ee682:4ced84597b03036e63b4ba626cc62706",
    ),
    Vector(
        "MediaWiki 1.39.17",
        "MWOldPassword::crypt, toString",
        None,
        QUOTES,
        ":A:127f8fc0c805c10755c40e5119df151f",
    ),
    Vector(
        "MediaWiki 1.39.17",
        "BcryptPassword::crypt, toString",
        None,
        BLANKS,
        ":bcrypt:4$TsXICChehaH8409bmrqSNe$CMSEWaQKP6lKV0k/sVN9zG4zOU43mJm",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SSHA256",
        None,
        QUOTES,
        "{SSHA256}5P8KPr8+dYSL2wJlRkvUQlfU3lTwVqv2by/EGVycZBpx9qC/",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SSHA512",
        None,
        DECOMPOSED,
        "{SSHA512}pzgVyLV5a8HZRD4As1p5/MuFJIbQHfZJ9+byBRFPyl/sxQ5FI9qcxqPSGUj"
        "Gz6xlkKYP60Js9YMmOBGXwGEVYiH6RIM=",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SMD5",
        None,
        QUOTES,
        "{SMD5}8lWt6JWvbc7WefA9iZ5W19pJstk=",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s PLAIN-MD5",
        None,
        DECOMPOSED,
        "{PLAIN-MD5}5aac34eac23a8910bfd773ffd19e5346",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s LDAP-MD5",
        None,
        QUOTES,
        "{LDAP-MD5}En+PwMgFwQdVxA5RGd8VHw==",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SHA256",
        None,
        DECOMPOSED,
        "{SHA256}fOHcV0wrETA4GFdF/6EqewW8PeXAAfzRT4u7azpAkW0=",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SHA",
        None,
        QUOTES,
        "{SHA}w+jiIgy4qMLZtl1zAEcu7/thZH4=",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SSHA256.HEX",
        None,
        BLANKS,
        "{SSHA256.HEX}ab67063f46218650dbbe12478617327da64db9a08710e6e561d0c27"
        "c6eeb644fee2b24b1",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SSHA",
        None,
        LONG,
        "{SSHA}5pUJ1bW67Zkd2xlQQXOE75OxZ6zGIBpI",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SHA512-CRYPT",
        None,
        QUOTES,
        "{SHA512-CRYPT}$6$1FaAPE7OdwpObXbT$gr6ib0XlU9zordNJWIj7K/3zElul0AUO2o"
        "iRo4CGYgqG8lDZvLG/vLBYLCgl7lA7xSvVAch5cFn0PR9H/Rzw11",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s SHA256-CRYPT",
        None,
        DECOMPOSED,
        "{SHA256-CRYPT}$5$b14w05Bl1YHw8t44$y5I/Inonld3peFsuaQgHqH1imZ3XrD0ZhI"
        "9aiY4N7I.",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s MD5-CRYPT",
        None,
        QUOTES,
        "{MD5-CRYPT}$1$RYAAc0ey$0A24t7zVzkG4JKVxCXUc1.",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s BLF-CRYPT",
        None,
        LONG,
        "{BLF-CRYPT}$2y$04$M7cNdKBpolIUqN3gyefERe5nvUp7S9IUJK84pAcQDxwPx8NFij" "Tcq",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s PBKDF2",
        None,
        DECOMPOSED,
        "{PBKDF2}$1$dSm5uEha6HS5D2mQ$5000$c4310a70e703f5dc53519af70078a30ff74" "b00ea",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s ARGON2I",
        None,
        DECOMPOSED,
        "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$waCv005P/AKaICYn1PeIqg$Q52BDD"
        "lCHVNtMxSQUfg9oa/O4/hvTKmhJowCRx/TYYc",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s ARGON2ID",
        None,
        QUOTES,
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$tBkIfWO5qX5jK7bCkInXFQ$f8MT"
        "/L7HLQ21WP9IBflgVVpPAlzw/uQ9aOvhC5NycfU",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s DES-CRYPT",
        None,
        QUOTES,
        "{DES-CRYPT}7dFVyA9mQE97c",
    ),
    Vector(
        "Dovecot 2.3.19.1",
        "doveadm pw -s CRYPT",
        None,
        DECOMPOSED,
        "{CRYPT}$2y$05$Zwf8pzHgrHem0fHZMT7.oefGhMwgU6AzFJJPU11DHTsCybIyz5pga",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SSHA}",
        None,
        QUOTES,
        "{SSHA}PAPVg5przjL8cXL2peBN7fe0Oxq/VecD",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SMD5}",
        None,
        DECOMPOSED,
        "{SMD5}8GzWhpao4M2RU7bsFR8EvzUOrZo=",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SHA}",
        None,
        QUOTES,
        "{SHA}w+jiIgy4qMLZtl1zAEcu7/thZH4=",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {MD5}",
        None,
        DECOMPOSED,
        "{MD5}Wqw06sI6iRC/13P/0Z5TRg==",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {PBKDF2}",
        None,
        DECOMPOSED,
        "{PBKDF2}10000$f5xvddbIdyozVdKLBAyE7A$pfnmT13eB/MWb.LE77zkhp11hu8",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {PBKDF2-SHA1}",
        None,
        QUOTES,
        "{PBKDF2-SHA1}10000$h2TCI362jsd4qvCxNUE99g$hzP8wZHIzCvZwgL4/TpcVqj8Hi" "g",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {PBKDF2-SHA256}",
        None,
        LONG,
        "{PBKDF2-SHA256}10000$kPgRYdHsVaZBMXms.AzwNA$AWzEPCoAWmfwo8gYXNKDPa7k"
        "tYwRFd1H1gKGLD/sOPs",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {PBKDF2-SHA512}",
        None,
        BLANKS,
        "{PBKDF2-SHA512}10000$qt.FL1VfYOEhChYTtjUC9Q$VUCaJO7GDZAF5L6vxZmtWmSX"
        "PUI2O5NXtMXUvrzw1SN21QXpGRUw0.uHPp6tZ3gyqH8CNkklXUtJSXaS0EsysQ",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {ARGON2}",
        None,
        DECOMPOSED,
        "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$1Yvah2q6hParKApKeNvO5Q$bKyh45qD"
        "tTa+/zedCcrmhyPgEtbekP2z4VrHlfC9wuE",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SSHA512}",
        None,
        WIDE,
        "{SSHA512}MjXoQszWo1b78/L+zGf31ZE4+0tqeznv7T4ZTNnXwBV9XA1pZl+Perb/pnl"
        "TH84kVIeBdWicXauIeafYuh+X53eVpRPtwW1Y",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SHA384}",
        None,
        DECOMPOSED,
        "{SHA384}gfMXCJKOcnbcs+Aa2G8w36NhP+XeCnbX4ZtC3noZnEVq12ODsbOpDfJSRaYR" "VAxd",
    ),
    Vector(
        "OpenLDAP 2.5.13",
        "slappasswd -h {SSHA384}",
        None,
        QUOTES,
        "{SSHA384}CYBf9SNZsCAmibDECY9hUGGg2UJl+W1Jj+Pw1DnIau2gjy2Qqmd4XG0lMLw"
        "L4os1j494nfHth3s=",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s PBKDF2_SHA256",
        None,
        DECOMPOSED,
        "{PBKDF2_SHA256}AAAgAB5RR7Qy4tGHN35PEScxyT8pTi+tPYGiSt6z7h9v7u8iJKtjl"
        "jcLN6zZ06TGq3KrvQg9ZOs3IfvcQ53BTTLPSEENGwj/knX14ovg6QNYthx39+K2WPWOp"
        "cMd5ahICYjcLF+A1hMFaMOp4YhcV9URHWk8unU3cLO3hSZD6l7Ep1T1gRYT1Vp76t/EZ"
        "kPErYHqTiHtkiGhyg5beUqCCQuhAxEyiIa6Rk2lTk6/RLWCr6S57iA7G8+pTNF5ubSKm"
        "LKwDsAhuT0C0TNvd6wIwIzvhyV+9jhssaDlulzxHlaHRynqbcw8A3H1L0ZQMdyeWMC1R"
        "K2qoKKjCmvwSo5o2YhmYvANwzD2OrWb/Q0ZNZiN9k+1yBa9nmKhq/5JOBNick2yOI/Tm"
        "GeY4NT/3EzjWljxrFzbLmBjVMeH/mwgGcYL2zM2",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s PBKDF2-SHA256",
        None,
        QUOTES,
        "{PBKDF2-SHA256}10000$lHg6kykOWlqVv6KKHa8dpDrbA2QmdiU2$rZHA3tnTysXB/i"
        "stbDIbRRmr/49BKqQUf7q8wWeamB4=",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s PBKDF2-SHA512",
        None,
        LONG,
        "{PBKDF2-SHA512}10000$rp8QKJo3auXSQL/6uoFN2nUTJVW0cqig$jCppFi74DCANzR"
        "poXNnrJ9qXkHjaF64fhqoZU7VwYK5F8hmHHzD25/or2Z6z61TfXV46+AcDp12lQ6L0yR"
        "UtbA==",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s PBKDF2-SHA1",
        None,
        DECOMPOSED,
        "{PBKDF2-SHA1}10000$MjcA3ohpocPoUyhqnXBRH6w8wEOzx8aZ$Qr9aXDdwPBSdW90c"
        "LAfOWXvbgt0=",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s SSHA512",
        None,
        QUOTES,
        "{SSHA512}6mTx7FBrtzNmxFftoG1lwrQz4NqNcazsB6Ib0s5Covr592fYDDLe1k2A19C"
        "7SnJn+8Dy5XB5/03/lvRBuIIRHvQOcRa7Bkv1",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s SHA256",
        None,
        DECOMPOSED,
        "{SHA256}fOHcV0wrETA4GFdF/6EqewW8PeXAAfzRT4u7azpAkW0=",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s CRYPT-SHA512",
        None,
        QUOTES,
        "{crypt}$6$vY$4f1xonApN4itVmIYlsBkjCElYaw7z3TGxkKuAR35UqoaVsUu4pbz3RE"
        "hemGCU0fdimSY1zh5zkDEqsiurhRzo0",
    ),
    Vector(
        "389 Directory Server 2.3.1",
        "pwdhash -s CRYPT-MD5",
        None,
        DECOMPOSED,
        "{crypt}$1$LL$QdYUJxplJKB9nEX5jggab1",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m yescrypt",
        None,
        DECOMPOSED,
        "$y$j75$Cr9GNWFyUVLYFSRfE3jj60$JRx6MLgvASDxOsu9gNCOrQZOLAcHhQzOLV0wKp" "WC1g3",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m gost-yescrypt",
        None,
        QUOTES,
        "$gy$j75$x7l7dYAGhaxFshLUyE/bR.$JxYnXR4.Fl9eZhIwt077T9l0JRwJkTvV.ia8o" "D8BFLA",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m scrypt",
        None,
        WIDE,
        "$7$BU..../....LYtbEqPLHHt/geoGw.EHf1$KzozSGpEbmKUzttEGKYQZzU.i7jSHoF"
        "QdQvQcQlh2g/",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m sha512crypt",
        None,
        BLANKS,
        "$6$rounds=1000$A34I6eXDckK1eyr4$.8/exz3sv9LO3GXO92uT83sZk62yMrAO5MBM"
        "nWUBoWrsxTfVtiZlY5rjrwCVvWy.2FmsFsw0ic9v7UoMgqQ5s1",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m md5crypt",
        None,
        DECOMPOSED,
        "$1$b0HMm3rO$S2VTULAgIp/dQu.e.Vniv/",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m bcrypt",
        None,
        LONG,
        "$2b$05$Ng.XMhYj23KWMo73svZZgeL/Ou75IWgbMP4fRrtxwlmZV/cYkGm2C",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m descrypt",
        None,
        QUOTES,
        "2FcwpV8C6feV.",
    ),
    Vector(
        "mkpasswd 5.5.17 (libxcrypt 4.4.33)",
        "mkpasswd -m sha256crypt",
        None,
        QUOTES,
        "$5$rounds=1000$PHNcjdyE37An724V$lzQ4W6coGWX5txeJRKx4yiQ318tYzLIfrCUl"
        "OmIWP/B",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{bcrypt} new BCryptPasswordEncoder(4)",
        None,
        LONG,
        "{bcrypt}$2a$04$nM7bRn7zcQF0wTauZRDFbOlBd7.s0kTR3HzdUK6IUwrM6W1R4Lhsy",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{argon2@SpringSecurity_v5_8} defaultsForSpringSecurity_v5_8",
        None,
        QUOTES,
        "{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=16384,t=2,p=1$4pH40p6PF"
        "gBvoNVB9zpM9g$9WYp5E5QY2nrsdd7r2X+ZXPjYucAaRY+H5gqIwdBLAs",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{argon2} defaultsForSpringSecurity_v5_2",
        None,
        DECOMPOSED,
        "{argon2}$argon2id$v=19$m=4096,t=3,p=1$8sf7fVcZeeJIi9eJ7NWdTw$/wl5sOm"
        "IrRt3PiZRL6mhRtgRlqlen7cxFqbEwWKNhv0",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{pbkdf2@SpringSecurity_v5_8} defaultsForSpringSecurity_v5_8",
        None,
        DECOMPOSED,
        "{pbkdf2@SpringSecurity_v5_8}dd6ab97ae2d3248da57f1b6844faf74acc29d240"
        "e6ed982381a2eead96b7ae17b69965c486a986b97f536e635f2743ca",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{pbkdf2} defaultsForSpringSecurity_v5_5",
        None,
        BLANKS,
        "{pbkdf2}be778bde3bafebd3f83457dd11aa1bc0595e9b861ae314b61dbf1c538878"
        "5bfce5090acffd9b40a4",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{scrypt@SpringSecurity_v5_8} new SCryptPasswordEncoder(16, 8, 1, 32, 16)",
        None,
        WIDE,
        "{scrypt@SpringSecurity_v5_8}$40801$Urs68fRW8GQpul7uemFN7A==$YZBWADiG"
        "0bmiwReykZksP2V5R13uSpPJB71oFIF89KQ=",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{scrypt} defaultsForSpringSecurity_v4_1",
        None,
        QUOTES,
        "{scrypt}$e0801$50pQfUrq5iHMmg2A8Nihr4DGTNQLtmfhZXkxul7f4JPNkgXSwa1lk"
        "QFQyRg3lOc+Y4u2CtjCg+h5N5g/DELuxA==$6GoJ2rWYuHBYs4YwRJCbns1VYa9qDipP"
        "DaDR4+p1MO0=",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{sha256} new StandardPasswordEncoder()",
        None,
        DECOMPOSED,
        "{sha256}e302890477d67da35fc56beb235a593472a936a4a65d7747d37a27b5b3e8"
        "a19d92c89581ce660b98",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{MD5} new MessageDigestPasswordEncoder",
        None,
        QUOTES,
        "{MD5}{TGtpvF+zii3WLDfClT2efBklPadAekHG5rABfvVobjs=}65bf13202e7f3a13f"
        "2cc7b0135902d19",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{SHA-1} new MessageDigestPasswordEncoder",
        None,
        QUOTES,
        "{SHA-1}{xMIzPn7Ed+eQWhHfXFe29lQKiHBTQSJ2m0uWhLueWzw=}8577354236200a6"
        "09a7ab693c306991c9e32aa23",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{SHA-256} new MessageDigestPasswordEncoder",
        None,
        QUOTES,
        "{SHA-256}{pxKEnWOvPnsyg7W59kDf34z26C5C2LekzHCDWLtWQ0E=}ae60b6274f8ab"
        "4f3b3a510b7322886ee05a0f7e0a3dd461cb91cc1e3ee1b0500",
    ),
    Vector(
        "Spring Security 6.3.4",
        "{ldap} new LdapShaPasswordEncoder()",
        None,
        QUOTES,
        "{ldap}{SSHA}TQXAB5U9T4qBwx3vaquYGttUzfgkG1L285fapw==",
    ),
    Vector(
        "Apache Shiro 1.13.0",
        "DefaultPasswordService, 1,000 iterations",
        None,
        DECOMPOSED,
        "$shiro1$SHA-256$1000$iL2e/mryFNQOYWJe0o0lMA==$PXgwLOPFvb+hhe72MCwEzW"
        "rOJkrCMNBv/j0ujxy8mP4=",
    ),
    Vector(
        "Apache Shiro 1.13.0",
        "DefaultPasswordService, SHA-512",
        None,
        QUOTES,
        "$shiro1$SHA-512$1000$viSWvomNTzO64jM71oHa5A==$LDP47o1I/iHk93L+NM3MIn"
        "72Btqc4N4bMFltVe6jhlTek7xSgeavruzvHk/MCSVU2yxkXD7UrI3Nt9CdlTWWBA==",
    ),
    Vector(
        "Apache Shiro 2.0.1",
        "DefaultPasswordService",
        None,
        QUOTES,
        "$shiro2$argon2id$v=19$t=1,m=65536,p=4$5DHz1DCmtNxp51KAhJ4UNg$KJ8ahv6"
        "Em6FGBbFyU1DhQgRo4aDCkGlO9TNVZE6Copo",
    ),
    Vector(
        "Apache Shiro 2.0.1",
        "DefaultPasswordService, 2y",
        None,
        DECOMPOSED,
        "$shiro2$2y$10$wMDrPIEDpdanYlNaoQvIWOZoB.FwqyRydxeR/yvz15kM.tjVVwJsS",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("pbkdf2$1000$50").Hash',
        None,
        DECOMPOSED,
        "pbkdf2$1000$50$0123456789abcdef0123456789abcdef$67a775050ff98d516df0"
        "06162984c311f789b1880eb8b5dec965f932b2706740e50ba653890ec047318cc687"
        "64f483266eba",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("pbkdf2").Hash',
        None,
        QUOTES,
        "pbkdf2$0123456789abcdef0123456789abcdef$7e09656033b93991cb6b3f9cd9b9"
        "177e0ed12566f576f2f1e852e94ad5a6d9dbd5777fdcd8242efcb02503bd5c3f2f0d"
        "c89d",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("argon2$2$256$1$50").Hash',
        None,
        QUOTES,
        "argon2$2$256$1$50$0123456789abcdef0123456789abcdef$adf79b63b51b09b3d"
        "c010b435b1884165c6571c27600bee77010a1577c7068e20d960a3b391cb90dbbc4d"
        "4a557560052703b",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("scrypt$1024$8$1$50").Hash',
        None,
        WIDE,
        "scrypt$1024$8$1$50$0123456789abcdef0123456789abcdef$b20bd632e710155c"
        "1950e3e2fe7e52813e18c10d95f077dff39cb63f504f8733d731733b455f4658ce1a"
        "785f8efa396ef23e",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("scrypt$1024$8$1$50").Hash',
        None,
        BLANKS,
        "scrypt$1024$8$1$50$oldsalt-10$f486b2030a20f6299af1e32bed28ef1b381d30"
        "95fee4891e2a295bda6c7d3f166b1c04a03ce098a477d718fa5b7a7a3d74c4",
    ),
    Vector(
        "Gitea 1.27.3",
        'Parse("bcrypt$4").Hash',
        None,
        DECOMPOSED,
        "bcrypt$4$0123456789abcdef0123456789abcdef$$2a$04$9XqmDIbrOBFDIu4Ftjx"
        "OkOmv4lBFeb/nLxgNN8n0LG/TnVXJkvE9G",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQ" "EjRNw",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$argon2id$v=19$m=32,t=5,p=4$cm94YnRVOW5jZzFzcVE4bQ$fBxypOL0nP/zdPE71"
        "JtAV71i487LbX3fJI5PoTN6Lp4",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4"
        "VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/"
        "05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA"
        "=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "8x4WjoDbSxJZdR",
        "$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku"
        "7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw=="
        "$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzO"
        "spwr/FITUVlnOAwPKyw==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3"
        "FiI3+rjWXQ=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "BwS^514g^cv@Z",
        "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$99h9net4BXl7qdTRa"
        "iGUobLROxM=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha1$pf=Pz9zdGF0aWNQcmVmaXg/P3tTQUxUfXtQQVNTV09SRH0=$NW9wbWtnejAzcg"
        "==$SAAxMUn7jxckQXkBmsVF0nHwqso=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha1$pf=e1BBU1NXT1JEfSUle1NBTFR9$NW9wbWtnejAzcg==$YX0AW8/MW5ojUlnzT"
        "aR43ucHCog=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha1$pf=JHtQQVNTV09SRH0ke1NBTFR9JA==$NW9wbWtnejAzcg==$iE5n1yjX3oAdx"
        "RHwZ4u57I4LpQo=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20u"
        "dLDEY5vNhujWx7RGjwRIS1ebMsLY=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha256$pf=e1NBTFR9JCR7UEFTU1dPUkR9$NW9wbWtnejAzcg==$HokCOi9OtiZaZRv"
        "nkgemV3B4UUHpI7kA8zq/EZWH2NY=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$6ctpVuApMNp0CgB"
        "XcdHw/GC562eFEFGr4gpgANX8ZYsX+j5B19IkdmOY2Fytsz3QUwSWdGcUjbqwgJGTH0U"
        "Yvw==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$sha512$pf=e1NBTFR9JCR7UEFTU1dPUkR9$NW9wbWtnejAzcg==$1F9BPW8UtdJkZ9D"
        "hlf+D4X4dJ9xfuH8y04EfuCP2k4aGPPq/aWxU9/xe3LydHmYW1/K3zu3NFO9ETVrZett"
        "z3w==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$md5$CY9rzUYh03PK3k6DJie09g==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "ory",
        "$md5$ptoWyof5SobW+pbZu2QXoQ==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$q+RdKCgc+ipCAcm5ChQwlQ==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$md5$pf=e1NBTFR9JCR7UEFTU1dPUkR9$MTIzNA==$ud392Z8rfZ+Ou7ZFXYLKbA==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "ory",
        "$md5$pf=e1BBU1NXT1JEfXtTQUxUfSQ/$MTIzNDU2Nzg5$8PhwWanVRnpJAFK4NUjR0w" "==",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$md5-crypt$TVEiiKNb$SN6/pUaRQS/E8Jh46As2C/",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$md5-crypt$$whuMjZj.HMFoaTaZRRtkO0",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "ory",
        "$md5-crypt$xWMlm2eL$GGTOpgZu4p2k6ORprAu3b.",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-md5$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=$MTIzNDU=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-sha1$NDMyNjcxZTUyY2Y2YTBmYjZjZDE2NjQxYjAwNjFiZjAwOGEzNWM5MA==$"
        "MTIzNDU=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-sha224$YmUwYmYzM2EwNGRlNDE0YjQzNjBhNmIyOThmNmIyYzI4OWQyMzk3MDU"
        "wZDFjMzliYjVmMDMyOTQ=$MTIzNDU=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ"
        "0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$MTIzNDU=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-sha384$ZWEyMGM3NGE4Y2UzMTljNTdjZTlhZGQyYTZjNDE0MGQ4YjMwYWIwOWM"
        "4OTRiNWQ4MmZjODlhMzBhMmQzNGE5NmQ0NDY1NWRhYjQ2ZjhiYjBkNTRmYjk5YWZkZTA"
        "1MGY1$MTIzNDU=",
    ),
    Vector(
        "Ory Kratos 1.3.1",
        "TestCompare of hash/hasher_test.go",
        None,
        "test",
        "$hmac-sha512$OTFmODY0ZTI1NmU0ZjVhYjhiMDViZGFmNGVmNGZmMGVlNTY4ODYwNWJ"
        "hYTk4MTk2OTgyMzc3NzI1YTc4MzcxMTMzNzZmY2YxYTk5MGMxM2RiZDk2MGFmMmQ1YzR"
        "mODdlMGMwYTNkYjcyNjY0NjM4NGE4YzQ2MjNhZDZkN2UxZTE=$MTIzNDU=",
    ),
)
