"""What Doxygen reads instead of a Markdown page: the page with a label, a place in the tree, and links that hold.

Pages are plain Markdown, readable on any forge; nothing in them is Doxygen's. A page's label is its path (`docs/metrics/rfm.md` →
`metrics_rfm`), its parent is found by path too, and a parent's first link to a child is what hangs it into the tree. Lines are kept, so
that warnings name the right one.
"""

import html
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s#:]+\.md)(?:#[^)\s]*)?\)")


def label(page: Path) -> str:
    if page in (DOCS / "index.md", ROOT / "README.md"):
        return "index"
    if page in (DOCS / "index.zh-CN.md", ROOT / "README.zh-CN.md"):
        return "chinese"
    path = page.relative_to(DOCS if page.is_relative_to(DOCS) else ROOT)
    return re.sub(r"\W+", "_", str(path).removesuffix(".md")).lower()


@cache
def explaining(folder: Path) -> dict[Path, Path]:
    """Reference page → the page that explains it: a page of its name, or the one that lists it."""
    found: dict[Path, Path] = {}
    for page in sorted(folder.glob("*.md")):
        if not page.name.endswith(".zh-CN.md") and page.stem not in ("index", "overview"):
            text = page.read_text(encoding="utf-8").split("\n## Formulas")[0]
            for name in re.findall(r"\]\((reference/\w+\.md)\)", text):
                found.setdefault(folder / name, page)
    return found


def parent(page: Path) -> Path | None:
    if page.name.endswith(".zh-CN.md"):
        overview = page.with_name("overview.zh-CN.md")
        if page.parent.parent != DOCS:
            return None
        return overview if overview.exists() and page != overview else DOCS / "index.zh-CN.md"
    if page.parent.name == "reference":
        return explaining(page.parent.parent).get(page)
    if page.stem in ("index", "overview") or page.parent.parent != DOCS:
        return None
    index, overview = page.with_name("index.md"), page.with_name("overview.md")
    return index if index.exists() else overview


def plain(text: str, chinese: bool) -> str:
    """Prose in forms that Doxygen 1.9 reads as other readers of Markdown do.

    It shows marks of code in headings as they are, takes `'` after a backtick for a quotation, swallows a `%` before a word or a
    Chinese character, and sees no emphasis beside Chinese characters.
    """
    code: list[str] = []

    def hide(match: re.Match[str]) -> str:
        quoted = html.escape(match[1], quote=False).replace("'", "&apos;").replace("%", r"\%")
        code.append(f"<code>{quoted}</code>" if set("'%") & set(match[1]) else match[0])
        return f"\0{len(code) - 1}\0"

    text = re.sub(r"^#+ .*$", lambda match: match[0].replace("`", ""), text, flags=re.M)
    text = re.sub(r"`([^`\n]+)`", hide, text)
    text = re.sub(r"%(?=\w|[^\x00-\x7f])", r"\\%", text)
    text = re.sub(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*", r"<b>\1</b>", text)
    if chinese:
        text = re.sub(r"(?<![A-Za-z0-9*)\]])\*(?=[^\s*,，])([^*\n]+?)\*(?![A-Za-z0-9*])", r"<em>\1</em>", text)
    return re.sub(r"\0(\d+)\0", lambda match: code[int(match[1])], text)


def rewrite(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    hung: set[Path] = set()

    def link(match: re.Match[str]) -> str:
        target = (page.parent / match[2]).resolve()
        child = parent(target) == page and target not in hung
        if child:
            hung.add(target)
        return f'@{"subpage" if child else "ref"} {label(target)} "{match[1].replace("`", "")}"'

    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)
    parts[::2] = [LINK.sub(link, plain(part, page.name.endswith(".zh-CN.md"))) for part in parts[::2]]
    title, rest = "".join(parts).split("\n", 1)
    if label(page) in ("index", "chinese"):  # headings that are no sections: the tree has the pages themselves
        rest = re.sub(r"^## (.*)$", r"<h1>\1</h1>", rest, flags=re.M)
    contents = "@tableofcontents" if rest.count("\n## ") > 3 and rest.startswith("\n") and label(page) != "index" else ""
    mark = "mainpage" if label(page) == "index" else label(page)
    return f"{title} {{#{mark}}}\n{contents}{rest}"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(rewrite(Path(sys.argv[1]).resolve()))
