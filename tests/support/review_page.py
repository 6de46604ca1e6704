"""What a page of the review holds for its script, read back in Python."""

import json
import re


def held(html, name):
    """The JSON of a script element."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    return json.loads(found.group(1))


def figures(html):
    """id → language → figure, without what the page does to save room."""
    from pdmetrics.review import _compact

    kept = held(html, "figures")
    made = {}
    for name, item in kept["figures"].items():
        english, change = (_compact.unshared(item[lang], kept["shared"]) for lang in ("en", "zh"))
        made[name] = {"en": english, "zh": _compact.patched(english, change)}
    return made


def tables(html):
    """File name → column → values."""
    from pdmetrics.review import _compact

    return {
        table["file"]: dict(zip(table["heads"], map(_compact.values, table["columns"]), strict=True))
        for table in held(html, "tables")
    }
