"""Where signing in to an application begins."""

from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.clients.start import start_of

LOGIN = "https://app.example.com/login"
REDIRECT_URI = "https://app.example.com/callback"
WEB: dict[str, Any] = {"client_id": "x", "redirect_uris": (REDIRECT_URI,)}
ORIGIN = "https://app.example.com/"
STARTS = [
    ({"links": {"initiate_login_uri": LOGIN}}, "", f"{LOGIN}?iss=https%3A%2F%2Fas"),
    (
        {"links": {"initiate_login_uri": f"{LOGIN}?a=b&iss=x"}},
        "",
        f"{LOGIN}?a=b&iss=https%3A%2F%2Fas",
    ),
    ({"links": {"client_uri": "https://shop.example"}}, "", "https://shop.example"),
    ({"links": {"client_uri": "javascript:alert(1)"}}, "", ORIGIN),
    ({}, "", ORIGIN),
    (
        {"redirect_uris": (REDIRECT_URI, "https://two.example.com:8443/cb?x=1")},
        "https://two.example.com:8443/cb?x=1",
        "https://two.example.com:8443/",
    ),
    ({}, "https://two.example.com:8443/cb?x=1", ORIGIN),
    (
        {"redirect_uris": ("http://localhost:3000/cb",)},
        "",
        "http://localhost:3000/",
    ),
    ({"redirect_uris": ("com.example.app:/cb",)}, "", ""),
    *(
        ({"is_self_registered": True, "links": {name: url}}, "", start)
        for name, url, start in (
            ("initiate_login_uri", "https://evil.example/login", ORIGIN),
            ("initiate_login_uri", "https://app.example.com:8443/login", ORIGIN),
            ("initiate_login_uri", "http://app.example.com/login", ORIGIN),
            ("initiate_login_uri", "https://app.example.com.evil.example/", ORIGIN),
            ("client_uri", "https://evil.example/", ORIGIN),
            ("client_uri", f"{ORIGIN}welcome", f"{ORIGIN}welcome"),
            ("initiate_login_uri", LOGIN, f"{LOGIN}?iss=https%3A%2F%2Fas"),
        )
    ),
    (
        {"redirect_uris": ("http://127.0.0.1/cb",), "application_type": "native"},
        "",
        "",
    ),
]


@pytest.mark.parametrize(("client", "redirect_uri", "start"), STARTS)
def test_the_start_is_an_address_that_is_registered(
    client: dict[str, Any], redirect_uri: str, start: str
) -> None:
    assert start_of(Client(**(WEB | client)), redirect_uri, "https://as") == start
