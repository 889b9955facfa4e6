"""What a theme may rely on: tokens and slots of one version (ADR-0066).

``docs/theming.md`` tells people; ``tests/design/test_theme.py`` holds the sheets and
the document to it. What is not named here may change with any release.
"""

from collections.abc import Mapping

VERSION = 1

TOKENS: Mapping[str, str] = {
    "--color-ground": "Behind everything",
    "--color-surface": "Cards, fields, tables",
    "--color-sunken": "Table heads, fields that are only read",
    "--color-text": "Text",
    "--color-muted": "Hints and what is said beside",
    "--color-line": "Lines between things",
    "--color-line-strong": "Borders of fields and quiet buttons",
    "--color-accent": "Main action, links, what is chosen",
    "--color-on-accent": "Text on it",
    "--color-accent-soft": "Ground of notices and of what is chosen",
    "--color-danger": "What is wrong, or cannot be undone",
    "--color-on-danger": "Text on it",
    "--color-danger-soft": "Ground of errors",
    "--color-warning": "What needs care",
    "--color-warning-soft": "Ground of it",
    "--color-success": "What went well",
    "--color-success-soft": "Ground of it",
    "--color-focus": "Ring around what the keyboard is at",
    "--font": "Font of all text; of the system, nothing is loaded",
    "--font-mono": "Font of codes and keys",
    "--text-s": "Size of hints and labels",
    "--text-m": "Size of text",
    "--text-l": "Size of second headings",
    "--text-xl": "Size of first headings",
    "--text-xxl": "Size of figures",
    "--space-1": "Least distance",
    "--space-2": "Distance within a row",
    "--space-3": "Distance within a group",
    "--space-4": "Distance between fields",
    "--space-5": "Distance between groups",
    "--space-6": "Distance between parts",
    "--space-7": "Largest distance",
    "--radius": "Corners of fields and buttons; of cards twice that",
    "--border": "Width of borders",
    "--width-card": "Width of a visitor's card",
    "--shadow": "Below a visitor's card, dialogs and toasts",
    "--motion": "Duration of changes",
}

SLOTS: Mapping[str, str] = {
    "visitor": "Page of a visitor (on `body`): sign-in, consent, errors",
    "portal": "Page of the account portal (on `body`)",
    "console": "Page of the console (on `body`)",
    "brand": "The mark and the name, above the card or in the bar",
    "mark": "Our mark, where no logo is set",
    "heading": "First heading of a visitor's page, with what is said below it",
    "logo": "Picture of the application that asks",
    "field": "Label, input, hint and what is wrong with it",
    "hint": "What is said beside",
    "wrong": "What is wrong with a field",
    "error": "Why a page is shown again",
    "notice": "What has to be known first",
    "quiet": "Button of a second choice",
    "plain": "Button that looks like a link",
    "danger": "Button or card of what cannot be undone",
    "button": "Link that looks like a button",
    "or": "Line between two ways to sign in",
    "links": "Where else to go",
    "items": "List of accounts, applications, things asked for",
    "choice": "One of a list that is a button",
    "avatar": "A person",
    "badge": "A state in a word",
    "drawing": "Picture of errors and empty places",
    "empty": "Where nothing is yet",
    "developers": "Footer for developers, in development",
    "bar": "Upper edge of portal and console",
    "side": "Sections of portal and console",
    "card": "Section on a page of portal and console",
    "table": "Box around a table",
    "tabs": "Pages beside one another",
    "toolbar": "Filters above a list",
    "toast": "What was just done",
    "chart": "A chart",
}

ELEMENTS = frozenset(
    "a body button caption code dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 header hr html img input kbd label legend li main "
    "nav ol p pre section select small span strong summary svg table tbody td "
    "textarea tfoot th thead time tr ul".split()
)
