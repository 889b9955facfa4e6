"""Browser and network of a sign-in, as they are kept and as they are told."""

from ipaddress import ip_address, ip_network

from app.core.language import N_, gettext
from app.services.factors.authenticator_name import system_of

_BROWSERS = {  # the first that a user agent names; most name those after them too
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_MASKS = {4: 24, 6: 48}


def browser_of(user_agent: str) -> str:
    """Return browser and system in our words: what it says itself gets into no mail."""
    found = (said for word, said in _BROWSERS.items() if word in user_agent)
    browser, system = next(found, str(N_("A program"))), system_of(user_agent)
    return f"{browser} on {system}" if system else browser


def is_phone(user_agent: str) -> bool:
    """Tell whether a browser says to be one of a phone."""
    return system_of(user_agent) in ("iPhone", "Android")


def masked(ip: str) -> str:
    """Return the network of an address, without what tells apart who is in it."""
    try:
        mask = _MASKS[ip_address(ip).version]
    except ValueError:
        return str(N_("Network unknown"))
    return f"Network {ip_network(f'{ip}/{mask}', strict=False)}"


def spoken_origin(words: str) -> str:
    """Return where a sign-in came from, as it is kept, in the language to speak now."""
    network = words.removeprefix("Network ")
    if network != words and network != "unknown":
        return gettext("Network %(network)s") % {"network": network}
    browser, found, system = words.partition(" on ")
    if found:
        names = {"browser": gettext(browser), "system": system}
        return gettext("%(browser)s on %(system)s") % names
    return gettext(words)


def spoken_browser(user_agent: str) -> str:
    """Return browser and system in the language to speak now."""
    return spoken_origin(browser_of(user_agent))
