"""Put people into a Samba domain before it is started; run by the system's Python.

Its argument is ``smb.conf``; JSON comes by standard input: ``base``, ``domain``,
``password``, ``people``, ``groups`` (members by name), ``reader`` and ``bulk``. All of
it is one transaction: as many commands of samba-tool would take minutes.
"""

import json
import sys
from typing import Any

# Debian's python3-samba has these, and no index that types could be had from.
import ldb  # type: ignore[import-not-found, unused-ignore]
from samba.auth import system_session  # type: ignore[import-not-found, unused-ignore]
from samba.param import LoadParm  # type: ignore[import-not-found, unused-ignore]
from samba.samdb import SamDB  # type: ignore[import-not-found, unused-ignore]

USUAL, DISABLED, NO_PASSWORD = 512, 514, 544  # userAccountControl
HALF_AN_HOUR = str(-30 * 60 * 10**7)  # intervals are negative, in 100 ns
POLICY = {
    "lockoutThreshold": "3",
    "lockoutDuration": HALF_AN_HOUR,
    "lockOutObservationWindow": HALF_AN_HOUR,
    "minPwdAge": "0",
}
LONG_AGO = "116444736000000000"  # 1970, in 100 ns since 1601


def replace(domain: Any, dn: str, **members: str) -> None:
    """Replace attributes of an entry."""
    message = ldb.Message(ldb.Dn(domain, dn))
    for name, value in members.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    domain.modify(message)


def add_person(domain: Any, order: Any, person: Any) -> None:
    """Add somebody in a state."""
    dn = ldb.Dn(domain, f"CN=x,OU=people,{order['base']}")
    dn.set_component(0, "CN", person["name"])
    login, state = person["login"], person["state"]
    domain.add(
        {
            "dn": dn,
            "objectClass": "user",
            "sAMAccountName": login,
            "userPrincipalName": person["mail"],
            "displayName": person["name"],
            "givenName": person["name"].split()[0],
            "sn": person["name"].split()[-1],
            "mail": person["mail"],
            "userAccountControl": str(NO_PASSWORD),
        }
    )
    query = f"(distinguishedName={ldb.binary_encode(str(dn))})"
    domain.setpassword(query, order["password"])
    control = DISABLED if state == "disabled" else USUAL
    replace(domain, str(dn), userAccountControl=str(control))
    if state == "account_expired":
        replace(domain, str(dn), accountExpires=LONG_AGO)
    if state == "must_change":
        replace(domain, str(dn), pwdLastSet="0")


def add_many(domain: Any, order: Any) -> None:
    """Add people without a password."""
    for login in order["bulk"]:
        domain.add(
            {
                "dn": f"CN={login},OU=people,{order['base']}",
                "objectClass": "user",
                "sAMAccountName": login,
                "mail": f"{login}@{order['domain']}",
                "userAccountControl": str(NO_PASSWORD),
            }
        )


def main() -> None:
    """Do it."""
    parameters = LoadParm()
    parameters.load(sys.argv[1])
    order = json.load(sys.stdin)
    domain = SamDB(session_info=system_session(), lp=parameters)
    domain.transaction_start()
    replace(domain, order["base"], **POLICY)
    for unit in ("people", "groups"):
        dn = f"OU={unit},{order['base']}"
        domain.add({"dn": dn, "objectClass": "organizationalUnit"})
    reader = {
        "login": order["reader"],
        "name": order["reader"],
        "mail": f"{order['reader']}@{order['domain']}",
        "state": "active",
    }
    for person in (*order["people"], reader):
        add_person(domain, order, person)
    for name, members in order["groups"].items():
        domain.newgroup(name, groupou="OU=groups")
        domain.add_remove_group_members(name, members, add_members_operation=True)
    add_many(domain, order)
    domain.transaction_commit()


main()
