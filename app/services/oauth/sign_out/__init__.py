"""The sign-out of applications (OpenID Connect RP-Initiated Logout)."""
