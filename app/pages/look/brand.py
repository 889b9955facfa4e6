"""Whose pages these are: the name and the mark that stand on each of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """What an operator is called.

    Attributes:
        name: Stands above every card and at the end of every title.
        logo: Address of a picture that stands in for our mark; empty for none.
        sheet: Address of a style sheet after ours; empty for none.
        links: Text and address of terms and the like, below every card.
    """

    name: str = "Auth Serve"
    logo: str = ""
    sheet: str = ""
    links: tuple[tuple[str, str], ...] = ()
