"""Directories (LDAP, RFC 4511): who somebody is there, by name and password.

``ber``, ``message`` and ``filters`` are the protocol, ``link`` is a connection to one
server, ``client`` has all of a connection's. ``answers`` decides what an answer means;
``connector`` puts it together.
"""
