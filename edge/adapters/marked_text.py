"""Change what stands between the tags of a marked text, and leave the tags."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from edge.text.tags import Characters, TagReader


def between_tags(source: str, change: Callable[[str], str]) -> str:
    """Apply `change` to each stretch of text between two tags. What is not well-formed is taken as
    the daemon takes it; comments are left out."""
    reader = TagReader("speak", lenient=True)
    tokens = itertools.chain(reader.feed(source), reader.finish())
    parts: list[str] = []
    for is_text, group in itertools.groupby(tokens, lambda token: isinstance(token, Characters)):
        if is_text:
            text = "".join(token.text for token in group if isinstance(token, Characters))
            parts.append(escape(change(text)))
        else:
            parts += (source[token.start : token.end] for token in group)
    return "".join(parts)


def stretches(text: str, limit: int, tags: bool) -> Iterator[str]:
    """Cut a text into stretches of at most `limit` characters: in front of a tag if it has any,
    else behind a space if there is one."""
    start = 0
    while len(text) - start > limit:
        end = start + limit
        end = (text.rfind("<", start + 1, end) if tags else text.rfind(" ", start, end) + 1) or end
        end = start + limit if end <= start else end
        yield text[start:end]
        start = end
    yield text[start:]
