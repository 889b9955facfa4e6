"""The OAuth 2.1 and OpenID Connect engine: rules without input and output.

It knows neither HTTP framework nor database: what it needs from outside comes through
``ports``, and instants and chance are arguments. Each module names its sources first.
"""
