"""What stands in a footer of its own for who develops against this service."""

from app.pages.parts import texts
from app.pages.parts.form_page import Link
from app.services.server.runtime import Runtime


def developer_links(runtime: Runtime) -> list[Link]:
    """Return where developers look; in production visitors are others, and get none."""
    if runtime.settings.environment != "development":
        return []
    links = []
    if runtime.settings.keeps_mails:
        links.append(Link(texts.MAILBOX, "/dev/mailbox"))
    if runtime.settings.serves_demo:
        links.append(Link(texts.DEMO, "/demo"))
    if runtime.settings.serves_docs:
        links.append(Link(texts.API_DOCS, "/docs"))
    return [*links, Link(texts.ERROR_CODES, "/docs/errors")]
