"""What Doxygen reads instead of a Markdown page: the page with a label, a place in the tree, and links that hold.

Pages are plain Markdown, readable on any forge; nothing in them is Doxygen's. A page's label is its path (`docs/metrics/rfm.md` →
`metrics_rfm`), its parent is found by path too, and a parent's first link to a child is what hangs it into the tree. Lines are kept, so
that warnings name the right one.
"""

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
        return DOCS / "index.zh-CN.md" if page.parent.parent == DOCS else None
    if page.parent.name == "reference":
        return explaining(page.parent.parent).get(page)
    if page.stem in ("index", "overview") or page.parent.parent != DOCS:
        return None
    index, overview = page.with_name("index.md"), page.with_name("overview.md")
    return index if index.exists() else overview


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
    parts[::2] = [LINK.sub(link, part) for part in parts[::2]]
    title, rest = "".join(parts).split("\n", 1)
    contents = "@tableofcontents" if rest.count("\n## ") > 3 and rest.startswith("\n") and label(page) != "index" else ""
    mark = "mainpage" if label(page) == "index" else label(page)
    return f"{title} {{#{mark}}}\n{contents}{rest}"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(rewrite(Path(sys.argv[1]).resolve()))
