"""What a passkey is called whose owner gave it no name."""

from uuid import UUID

# By AAGUID, as password managers and platforms publish them for this.
_KNOWN = {
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
}
_SYSTEMS = {  # the first that a user agent names
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


def name_of(aaguid: UUID, user_agent: str) -> str:
    """Return a name: of the product that made it, or of the system that it was on.

    Args:
        aaguid: What the authenticator says that it is; nobody vouches for it.
        user_agent: Of the browser that asked.
    """
    system = system_of(user_agent)
    usual = f"Passkey on {system}" if system else "Passkey"
    return product_of(aaguid) or usual


def product_of(aaguid: UUID) -> str:
    """Return what an authenticator says that it is; "" for none that is known here."""
    return _KNOWN.get(str(aaguid), "")


def system_of(user_agent: str) -> str:
    """Return which system a user agent names, in our words; "" for none of ours."""
    return next((said for word, said in _SYSTEMS.items() if word in user_agent), "")
