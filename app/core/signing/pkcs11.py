"""A PKCS#11 token, asked from threads (OASIS PKCS #11 v3.1). Every call may block.

The module's state belongs to the whole process: who is logged in is in all sessions.
After a token was lost every session and handle is void, and most modules find it again
only when they are begun anew, which no call under way may see.
"""

import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, TypeVar

import pkcs11
from pkcs11 import MGF, Attribute, KeyType
from pkcs11 import Mechanism as Mech
from pkcs11 import MechanismFlag, ObjectClass, TokenFlag

from app.core.signing.library import library
from app.core.signing.token_error import KeyNotThere, TokenUnusable
from app.core.signing.turns import Turns

T = TypeVar("T")
_log = logging.getLogger("auth_serve.pkcs11")
_P256 = bytes.fromhex("06082a8648ce3d030107")  # the curves' names in DER
_ED25519 = bytes.fromhex("06032b6570")
_PSS = (Mech.SHA256, MGF.SHA256, 32)  # RFC 7518 section 3.5
_OURS = "auth-serve "  # what the label of each key begins with
_QUIET = 10.0  # seconds that calls under way may take before all is begun anew
_TURNS = Turns()  # of all tokens of this process: they are of one library
_MISSING = (
    "the PKCS#11 token has no key with the id {}: bring back the token that it was "
    "made in, or its backup"
)
_NO_LOSS = (
    pkcs11.MechanismInvalid,
    pkcs11.MechanismParamInvalid,
    pkcs11.FunctionNotSupported,
    pkcs11.KeySizeRange,
    pkcs11.DomainParamsInvalid,
    pkcs11.AttributeTypeInvalid,
    pkcs11.AttributeValueInvalid,
    pkcs11.TemplateIncomplete,
    pkcs11.TemplateInconsistent,
)
_PINS = {
    pkcs11.PinIncorrect: "the PIN is wrong",
    pkcs11.PinInvalid: "the PIN is wrong",
    pkcs11.PinLenRange: "the PIN is wrong",
    pkcs11.PinLocked: "the PIN is locked, after too many wrong ones; unlock it",
    pkcs11.PinExpired: "the PIN has expired; set a new one",
    pkcs11.UserPinNotInitialized: "no user's PIN was ever set; initialise it",
}


@dataclass(slots=True)
class _Line:
    """A session, which serves one call at a time, and handles that it found."""

    session: Any
    generation: int
    keys: dict[str, Any] = field(default_factory=dict)


class Pkcs11Token:
    """One token of one module: signs, makes keys, destroys them.

    Attributes:
        label: Of the token.
    """

    def __init__(self, module: str, label: str, pin: str) -> None:
        """Do nothing yet; the first call opens it.

        Args:
            module: Path of the shared library.
            label: Of the token, in whichever slot that is.
            pin: Of its user.
        """
        self.label = label
        self._module = module
        self._pin = pin
        self._state = Condition()
        self._under_way = 0
        self._is_renewed = False
        self._generation = 0
        self._login: Any = None  # the session that logged in; it lasts
        self._lines: list[_Line] = []
        self._missing: dict[str, int] = {}
        self._refused = ""  # a wrong PIN is said once: the third may lock the token

    def check(self) -> None:
        """Open a session.

        Raises:
            TokenUnusable: It does not let us in.
        """
        self._call(lambda line: None)

    def sign(self, reference: str, algorithm: str, message: bytes) -> bytes:
        """Return the signature of a key in JWS form.

        Raises:
            TokenUnusable: The token does not answer, or has no such key.
        """

        def work(line: _Line) -> bytes:
            key = line.keys.get(reference)
            if key is None:
                key = line.keys[reference] = _private(line.session, reference)
            return _sign(key, algorithm, message)

        if self._missing.get(reference) == self._generation:
            raise KeyNotThere(_MISSING.format(reference))
        try:
            return self._call(work)
        except KeyNotThere:  # looked for with all begun anew, which disturbs others
            self._missing[reference] = self._generation
            raise

    def make(self, algorithm: str, reference: str) -> Mapping[str, Any]:
        """Make a pair that stays in the token; return the public half as a JWK.

        Raises:
            TokenUnusable: The token does not answer, or makes no such keys.
        """
        return self._call(
            lambda line: _generate(line.session, algorithm, reference), rw=True
        )

    def destroy(self, reference: str) -> None:
        """Destroy both halves of a pair, if they are there and were made by us.

        Tokens are shared, and what a key is called stands in the database: whoever can
        only write there has no key of another program destroyed.

        Raises:
            TokenUnusable: The token does not answer.
        """

        def work(line: _Line) -> None:
            identity = {Attribute.ID: bytes.fromhex(reference)}
            for found in list(line.session.get_objects(identity)):
                if _is_ours(found, reference):
                    found.destroy()
                else:
                    _log.warning("a key of others is left", extra={"id": reference})

        self._call(work, rw=True)

    def close(self) -> None:
        """Log out, and close what is open."""
        with self._state, suppress(pkcs11.PKCS11Error):
            lines, self._lines = self._lines, []
            login, self._login = self._login, None
            for line in lines:
                line.session.close()
            if login is not None:
                login.close()

    def _call(self, work: Callable[[_Line], T], *, rw: bool = False) -> T:
        """Do it in turn: what changes something is alone meanwhile."""
        try:
            with _TURNS.alone(_QUIET) if rw else _TURNS.with_others():
                return self._tried(work, rw)
        except TimeoutError as error:
            raise TokenUnusable("calls of the PKCS#11 token do not end") from error

    def _tried(self, work: Callable[[_Line], T], rw: bool) -> T:
        """Do it; if the token was lost, with new sessions, then with all begun anew."""
        for renew in (None, self._reopen, self._begin_anew):
            generation = self._generation
            try:
                if renew is not None:
                    self._renewed(renew, generation)
                with self._line(rw) as line:
                    return work(line)
            except _NO_LOSS as error:
                raise TokenUnusable(self._explained(error)) from error
            except (pkcs11.PKCS11Error, KeyNotThere) as error:
                failed = error
        if isinstance(failed, KeyNotThere):
            raise failed
        raise TokenUnusable(self._explained(failed)) from failed

    @contextmanager
    def _line(self, rw: bool) -> Iterator[_Line]:
        """Lend a session to one call; what failed is not lent again."""
        with self._state:
            self._state.wait_for(lambda: not self._is_renewed)
            self._refuse()
            if self._login is None:
                self._log_in()
            generation = self._generation
            line = self._lines.pop() if self._lines and not rw else None
            self._under_way += 1
        try:
            if line is None:
                line = _Line(self._token().open(rw=rw), generation)
            yield line
        except BaseException:
            self._end(line)
            raise
        else:
            if rw:
                self._end(line)
            else:
                self._lines.append(line)
        finally:
            with self._state:
                self._under_way -= 1
                self._state.notify_all()

    def _end(self, line: _Line | None) -> None:
        """Close a session, which may be void; nothing is begun anew meanwhile."""
        if line is not None:
            with suppress(pkcs11.PKCS11Error):
                line.session.close()

    def _renewed(self, renew: Callable[[], None], generation: int) -> None:
        """Drop what is open, once nobody is at it, unless somebody did already."""
        with self._state:
            if self._generation != generation:
                return
            if self._is_renewed or self._under_way:
                self._is_renewed = True
                is_quiet = self._state.wait_for(lambda: not self._under_way, _QUIET)
                self._is_renewed = False
                self._state.notify_all()
                if not is_quiet:
                    raise TokenUnusable(
                        f"the PKCS#11 token {self.label} does not answer"
                    )
                if self._generation != generation:
                    return
            renew()
            self._generation += 1

    def _reopen(self) -> None:
        for line in self._lines:
            self._end(line)
        self._lines.clear()
        with suppress(pkcs11.PKCS11Error):
            if self._login is not None:
                self._login.close()
        self._login = None

    def _begin_anew(self) -> None:
        self._lines.clear()
        self._login = None
        with suppress(pkcs11.PKCS11Error):  # who comes next is told what is wrong
            library(self._module).reinitialize()
        _log.info("PKCS#11 module begun anew", extra={"label": self.label})

    def _token(self) -> Any:
        try:
            found = library(self._module)
        except pkcs11.PKCS11Error as error:
            if type(error) is not pkcs11.PKCS11Error:  # what the module answered
                raise
            raise TokenUnusable(
                f"AUTH_SERVE_PKCS11__MODULE, {self._module}, cannot be loaded: install "
                "the token's PKCS#11 library, or name the file that it has"
            ) from error
        return found.get_token(token_label=self.label)

    def _log_in(self) -> None:
        token = self._token()
        if token.flags & (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED):
            self._refused = "one more wrong PIN would lock it, or it is locked"
            self._refuse()
        try:
            self._login = token.open(user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            self._login = token.open()
        except tuple(_PINS) as error:
            self._refused = _PINS[type(error)]
            self._refuse()

    def _refuse(self) -> None:
        """Try no PIN again that was refused once."""
        if self._refused:
            raise TokenUnusable(
                f"the PKCS#11 token {self.label} lets nobody in: {self._refused}; set "
                "AUTH_SERVE_PKCS11__PIN and start again"
            )

    def _explained(self, error: Exception) -> str:
        if isinstance(error, pkcs11.NoSuchToken):
            return (
                f"{self._module} has no PKCS#11 token with the label {self.label}: is "
                "it plugged in and initialised, and AUTH_SERVE_PKCS11__TOKEN right?"
            )
        if isinstance(error, pkcs11.MechanismInvalid | pkcs11.FunctionNotSupported):
            return (
                f"the PKCS#11 token {self.label} does not sign with this algorithm; "
                "choose others in AUTH_SERVE_TOKEN__ALGORITHM and "
                "AUTH_SERVE_OAUTH__ID_TOKEN_ALGORITHMS"
            )
        reason = f"{type(error).__name__} {error}".strip()
        return f"the PKCS#11 token {self.label} does not work: {reason}"


def label_of(algorithm: str, reference: str) -> str:
    """Return what a key that is made here is labelled, for people and for ``destroy``.

    Args:
        algorithm: JWA name.
        reference: Its id in the token, in hexadecimal.
    """
    return f"{_OURS}{algorithm} {reference[:8]}"


def _is_ours(found: Any, reference: str) -> bool:
    label = str(found[Attribute.LABEL])
    return label.startswith(_OURS) and label.endswith(f" {reference[:8]}")


def _private(session: Any, reference: str) -> Any:
    try:
        return session.get_key(
            object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(reference)
        )
    except pkcs11.NoSuchKey as error:
        raise KeyNotThere(_MISSING.format(reference)) from error


def _sign(key: Any, algorithm: str, message: bytes) -> bytes:
    """Ask for what all tokens have: of ES256 the hash is made here."""
    if algorithm == "ES256":
        digest = hashlib.sha256(message).digest()
        return bytes(key.sign(digest, mechanism=Mech.ECDSA))  # R and S, as JWS has it
    if algorithm == "RS256":
        return bytes(key.sign(message, mechanism=Mech.SHA256_RSA_PKCS))
    if algorithm == "PS256":
        pss = {"mechanism": Mech.SHA256_RSA_PKCS_PSS, "mechanism_param": _PSS}
        return bytes(key.sign(message, **pss))
    return bytes(key.sign(message, mechanism=Mech.EDDSA))


def _generate(session: Any, algorithm: str, reference: str) -> Mapping[str, Any]:
    """Make a pair whose private half signs, and can neither be read nor wrapped."""
    chosen = {
        "id": bytes.fromhex(reference),
        "label": label_of(algorithm, reference),
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    }
    if algorithm == "ES256":
        parameters = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: _P256}, local=True
        )
        public, private = parameters.generate_keypair(**chosen)
    elif algorithm == "EdDSA":
        parameters = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _ED25519}, local=True
        )
        mechanism = Mech.EC_EDWARDS_KEY_PAIR_GEN
        public, private = parameters.generate_keypair(mechanism=mechanism, **chosen)
    else:
        public, private = session.generate_keypair(KeyType.RSA, 2048, **chosen)
    if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
        private.destroy()
        public.destroy()
        raise TokenUnusable("the PKCS#11 token makes keys that can be read out of it")
    return _jwk(public, algorithm)


def _jwk(public: Any, algorithm: str) -> Mapping[str, Any]:
    """Return a public half (RFC 7518 section 6, RFC 8037 section 2)."""
    if algorithm in ("RS256", "PS256"):
        n, e = public[Attribute.MODULUS], public[Attribute.PUBLIC_EXPONENT]
        return {"kty": "RSA", "n": _text(n.lstrip(b"\0")), "e": _text(e.lstrip(b"\0"))}
    size = 65 if algorithm == "ES256" else 32
    # An OCTET STRING of that length, as the standard has it, or what is in it.
    point = public[Attribute.EC_POINT][-size:]
    if algorithm == "EdDSA":
        return {"kty": "OKP", "crv": "Ed25519", "x": _text(point)}
    if len(point) != size or point[0] != 4:
        raise TokenUnusable("the PKCS#11 token shows no point that could be understood")
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _text(point[1:33]),
        "y": _text(point[33:]),
    }


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
