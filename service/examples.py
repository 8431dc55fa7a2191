"""What `--help` of each command shows: how it is called, and what its exit codes mean."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

EXIT_CODES = """\
exit codes: 0 done; 2 bad usage; 3 bad input; 4 a safety rule is past its review; 5 refused (consent, safety,
signature, not yet released, erased, or changed after it was written)"""

ADVICE = "2f1c9a52-5d0b-4c62-9d3e-0a3f6c1b7e11"
SERVE = "EQUIPOISE_CONTACTS=contacts.yaml equipoise serve --local --policy clinic@champion"
STOP = 'equipoise stop clinic --by "K. Adler" --why "harm reports of 3 May are looked into"'
END = 'equipoise sessions end a.mbeki --by "K. Adler" --why device_lost'

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "equipoise": (
        "equipoise pull clinic@champion --watch 300",
        "equipoise recommend --policy study/policy --patients patients.csv --out advice.csv",
        SERVE,
        f"equipoise sheet {ADVICE} --out sheet.html",
        "equipoise check --on 2027-06-30",
        "equipoise audit verify",
        STOP,
        END,
        "equipoise backup --out backup.zip",
    ),
    "equipoise pull": (
        "equipoise pull clinic@champion",
        "equipoise pull clinic@champion --watch 300",
        "equipoise pull clinic",
    ),
    "equipoise recommend": (
        "equipoise recommend --policy clinic@champion --patients patients.csv --out advice.csv",
        'equipoise recommend --policy clinic@champion --patients p.csv --out advice.parquet --consent "our register"',
        "equipoise recommend --policy study/policy --patients patients.csv --out advice.csv --sites sites.yaml --json",
    ),
    "equipoise serve": (
        SERVE,
        "EQUIPOISE_CONTACTS=contacts.yaml equipoise serve --local --policy study/policy --port 0",
    ),
    "equipoise sheet": (f"equipoise sheet {ADVICE} --out sheet.html",),
    "equipoise check": (
        "equipoise check",
        "equipoise check --on 2027-06-30",
        "equipoise check --rules our-rules",
    ),
    "equipoise keys": ("equipoise keys new keys.json", "equipoise keys show", "equipoise keys rotate"),
    "equipoise keys new": ("equipoise keys new keys.json",),
    "equipoise keys show": ("equipoise keys show",),
    "equipoise keys rotate": ("equipoise keys rotate",),
    "equipoise keys add": ("equipoise keys add",),
    "equipoise keys use": ("equipoise keys use 20260301-1f2e3d4c",),
    "equipoise keys rewrap": ("equipoise keys rewrap",),
    "equipoise keys retire": ("equipoise keys retire 20260301-1f2e3d4c",),
    "equipoise audit": (
        "equipoise audit verify",
        f"equipoise audit replay {ADVICE}",
        "equipoise audit export --out audit.ndjson",
    ),
    "equipoise audit verify": ("equipoise audit verify", "equipoise audit verify --json"),
    "equipoise audit replay": (
        f"equipoise audit replay {ADVICE}",
        f"equipoise audit replay {ADVICE} --patients patients.csv --policy study/policy --json",
    ),
    "equipoise audit export": (
        "equipoise audit export --out audit.ndjson",
        "equipoise audit export --out newer.ndjson --from 1001",
    ),
    "equipoise backup": ("equipoise backup --out backup.zip",),
    "equipoise restore": ("equipoise restore backup.zip",),
    "equipoise retention": ("equipoise retention", "equipoise retention --days 365"),
    "equipoise erase": ('equipoise erase --patient - --by "K. Adler" < identifier.txt',),
    "equipoise withdrawn": ("equipoise withdrawn --out withdrawn.txt",),
    "equipoise cards": ("equipoise cards --out cards.csv",),
    "equipoise stop": (STOP,),
    "equipoise lift": ('equipoise lift clinic --by "K. Adler" --why "the reports were of another therapy"',),
    "equipoise stops": ("equipoise stops",),
    "equipoise harms": ("equipoise harms --out harms.csv",),
    "equipoise decisions": ("equipoise decisions --out decisions.parquet",),
    "equipoise sessions": ("equipoise sessions list", END),
    "equipoise sessions list": ("equipoise sessions list", "equipoise sessions list --json"),
    "equipoise sessions end": (
        END,
        f"{END} --issuer https://login.example.org --json",
    ),
}
"""By command; each is called as it stands, but for names and files."""


class CommandParser(argparse.ArgumentParser):
    """A parser that shows its command's examples; so do the parsers of its sub-commands."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        shown = "\n".join(f"  {line}" for line in EXAMPLES[self.prog])
        self.epilog = f"examples:\n{shown}\n\n{EXIT_CODES}"
