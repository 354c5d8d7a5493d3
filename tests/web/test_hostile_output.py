"""What hosts print and alerts say is text on the page: no markup, no links, no templates."""

from dataclasses import replace
from html.parser import HTMLParser

from tests.web.seed import DIAGNOSIS
from tests.web.world import World
from watcher.model.action import ActionKind
from watcher.model.evidence import Highlight, Level

HOSTILE = [
    "<script>alert('xss')</script>",
    "<img src=x onerror=alert(1)>",
    "</pre><h1>done</h1><pre>",
    "</textarea></title></style><svg/onload=alert(1)>",
    "javascript:alert(1) https://evil.example.org/x",
    "[click](javascript:alert(1)) **bold** `code`",
    "{{ 7*7 }} {% raw %} {{ config }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "&lt;b&gt; &#x3c;i&#x3e; &amp;amp;",
    '" onmouseover="alert(1)" x=\'',
    "<!-- --><![CDATA[ ]]>",
    "=cmd|' /C calc'!A0",
]


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what could do something."""
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data: str) -> None:
        """Keeps the text."""
        self.text += data


def shown(world: World) -> Page:
    """The page of the incident."""
    answer = world.person().get("/incidents/8")
    assert answer.status_code == 200
    return Page(answer.text)


def diagnosed(world: World, texts: list[str]) -> None:
    """The diagnosis of the incident, in which hosts, steps and signals all say these."""
    steps = tuple(
        replace(
            DIAGNOSIS.steps[0],
            step=f"s{number}",
            title=text,
            output=f"before\n{text}\nafter",
            reason=text,
            read=text,
            partial=text,
            highlights=(Highlight("x", Level.BAD, text),),
        )
        for number, text in enumerate(texts)
    )
    everywhere = " ".join(texts)
    said = replace(
        DIAGNOSIS,
        title=everywhere,
        host=everywhere,
        problem=everywhere,
        changes=(everywhere,),
        steps=steps,
    )
    with world.store.view() as view:
        [action] = [each for each in view.actions_of(8) if each.kind is ActionKind.DIAGNOSE]
    with world.store.begin() as tx:
        tx.add_evidence(8, action.id, said)


def test_what_a_host_says_is_text(world: World) -> None:
    """Each is shown letter by letter; the page has no other tags, links and handlers than else."""
    diagnosed(world, ["harmless"] * len(HOSTILE))
    plain = shown(world)
    diagnosed(world, HOSTILE)
    page = shown(world)

    assert [] == [text for text in HOSTILE if f"before\n{text}\nafter" not in page.text]
    assert plain.tags == page.tags
    assert plain.links == page.links
    assert plain.handlers == page.handlers
