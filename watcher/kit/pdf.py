"""A document as PDF, in a font that knows Latin, Greek and Cyrillic letters."""

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, cast

from watcher.kit.document import Block, Document, Heading, Points, Prose, Table, lines
from watcher.kit.text import cut, one_line

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

_FONT = "DejaVu"
_TITLE, _SECTION, _TEXT, _SMALL = 16, 12, 9.5, 8
_LINE = 5
_INK, _FAINT, _RULE = (30, 35, 45), (105, 110, 120), (205, 209, 216)
# A cell that is longer than some pages would be in nobody's interest.
_LONGEST = 4000
_UNKNOWN = "\ufffd"


def to_pdf(document: Document) -> bytes:
    """The document as PDF of A4 pages, without links, scripts or anything to be loaded."""
    writer = _Writer(document)
    for block in document.blocks:
        writer.block(block)
    return writer.finished()


class _Writer:
    """Writes one document, from its beginning to its end."""

    def __init__(self, document: Document) -> None:
        self._pdf = _opened(document)
        self._letters = cast("TTFFont", self._pdf.fonts[_FONT.lower()]).cmap
        self._put(document.title, _TITLE, bold=True)

    def block(self, block: Block) -> None:
        """Writes a part."""
        if isinstance(block, Heading):
            self._heading(block.text)
        elif isinstance(block, Prose):
            for line in lines(block.text):
                self._put(line, _SMALL if block.faint else _TEXT, faint=block.faint)
        elif isinstance(block, Points):
            for at, item in enumerate(block.items, 1):
                self._put(f"{at}." if block.numbered else "•", _TEXT, then=item)
        else:
            self._table(block)

    def finished(self) -> bytes:
        """The whole file."""
        return bytes(self._pdf.output())

    def _heading(self, text: str) -> None:
        # A heading does not stay behind alone at the end of a page.
        if self._pdf.will_page_break(5 * _LINE):
            self._pdf.add_page()
        self._pdf.ln(_LINE / 2)
        self._put(text, _SECTION, bold=True)

    def _put(
        self, text: str, size: float, *, bold: bool = False, faint: bool = False, then: str = ""
    ) -> None:
        """A paragraph; one with something `then` is the sign of an item, which follows it."""
        pdf = self._pdf
        pdf.set_font(_FONT, "B" if bold else "", size)
        pdf.set_text_color(*(_FAINT if faint else _INK))
        height = _LINE * size / _TEXT
        if then:
            pdf.cell(7, height, self._known(text))
        body = self._known(then or text)
        pdf.multi_cell(0, height, body, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(_LINE / 4)

    def _table(self, table: Table) -> None:
        pdf = self._pdf
        pdf.set_font(_FONT, "", _SMALL)
        pdf.set_text_color(*_INK)
        pdf.set_draw_color(*_RULE)
        rows = (table.head, *table.rows) if table.head else table.rows
        with pdf.table(
            col_widths=table.widths,
            borders_layout="HORIZONTAL_LINES",
            first_row_as_headings=bool(table.head),
            line_height=_LINE * 0.85,
            text_align="LEFT",
            v_align="TOP",
            padding=0.8,
        ) as drawn:
            for row in rows:
                drawn.row([self._known(str(cell)) for cell in row])
        pdf.ln(_LINE / 2)

    def _known(self, text: str) -> str:
        """The text on one line, with a sign in the place of letters that the font does not have."""
        short = cut(one_line(text), _LONGEST)
        return "".join(each if ord(each) in self._letters else _UNKNOWN for each in short)


def _opened(document: Document) -> "FPDF":
    from fpdf import FPDF  # noqa: PLC0415 - takes 0.6 s and 40 MB, which most processes never need

    class Paged(FPDF):
        """Has the number of the page at the foot of each."""

        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(_FONT, "", _SMALL)
            self.set_text_color(*_FAINT)
            text = document.page.format(self.page_no(), "{nb}")
            self.cell(0, 5, text, align="R")

    pdf = Paged(format="A4")
    folder = files("watcher.kit") / "fonts"
    for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        with as_file(folder / name) as path:
            pdf.add_font(_FONT, style, path)
    pdf.set_title(one_line(document.title))
    pdf.set_lang(document.language)
    pdf.set_creator("Watcher")
    pdf.set_auto_page_break(True, margin=18)
    pdf.set_margins(18, 16)
    pdf.add_page()
    return pdf
