"""Takes the pictures of docs/pages.md in Chromium, from what `make demo` wrote: `make pictures`, or by itself

    python docs/scripts/page_pictures.py demo-output

Nobody in them is real: patients are the demo's, records are drawn. Not part of the product; it needs Chromium and, of
the extra `dev`, playwright; Pillow comes with matplotlib.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from data_contracts.errors import NotReady
from experiments.demo_patients import PATIENTS, TYPICAL, visits
from experiments.demo_service import RunningService, running_service

FOLDER = Path(__file__).parents[1] / "pages"
LAPTOP, PHONE = (1180, 800), (390, 844)
COLOURS = 128
MOST, MOST_TOGETHER = 150_000, 1_000_000
"""Bytes of a picture, and of all."""


def weigh(tab: Any) -> None:
    """Move two sliders."""
    tab.get_by_label("Feeling better").fill("6")
    tab.get_by_label("Being able to stay with it").fill("9")
    tab.wait_for_selector(".places")
    tab.wait_for_timeout(500)


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: of its file.
        path: of its page; of a patient's page the patient.
        size: of the screen, width and height.
        scheme: light or dark.
        part: the element that is shown; the screen's first sight if there is none.
        act: what is done before.
    """

    name: str
    path: str
    size: tuple[int, int] = LAPTOP
    scheme: str = "light"
    part: str = ""
    act: Callable[[Any], None] = lambda _: None


SHOTS = (
    Shot("patient", "demo-tie", (1180, 940)),
    Shot("safety", "demo-safety", (1180, 620)),
    Shot("weights", "demo-tie", part="section:has(#weigh-title)", act=weigh),
    Shot("hundred", "demo-tie", part="section:has(#hundred-title)"),
    Shot("course", "demo-course/course", (1180, 760)),
    Shot("patient-phone", "demo-clear", PHONE, "dark"),
    Shot("model", "/models/clinic", (1180, 620)),
    Shot("gates", "/models/clinic/1", scheme="dark"),
    Shot("compare", "/models/clinic/compare?one=1&other=2"),
    Shot("oversight", "/oversight", (1180, 640)),
)


def main(demo: Path) -> int:
    """Take all of them anew.

    Raises:
        NotReady: there is no demo in that folder, no Chromium, or a picture is too large.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or not (demo / "recommendations.json").is_file():
        raise NotReady("Run `make demo` first and install Chromium (Debian: apt-get install chromium).")
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as held:
        empty = Path(held.enter_context(tempfile.TemporaryDirectory()))
        os.environ["EQUIPOISE_HOME"] = str((demo / "home").resolve())
        os.environ["EQUIPOISE_DATABASE_URL"] = f"sqlite:///{empty / 'service.db'}"
        os.environ["EQUIPOISE_AUDIT_ROOTS"] = str(empty / "roots")
        service = held.enter_context(running_service("clinic@champion", demo))
        playwright = held.enter_context(sync_playwright())
        safety = {"patient_id": "demo-safety", "values": TYPICAL | {"phq9_item9": 2}}
        asked = [*visits(datetime.now(UTC).date()), safety, *(profile for _, profile in reversed(PATIENTS))]
        patients = {profile["patient_id"]: f"/recommendations/{service.ask(profile)['id']}" for profile in asked}
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        sizes = {shot.name: _take(browser, service, shot, patients) for shot in SHOTS}
        browser.close()
    for name, size in sizes.items():
        print(f"{name}.png {size:,} bytes")
    if max(sizes.values()) > MOST or sum(sizes.values()) > MOST_TOGETHER:
        raise NotReady(f"A picture may have {MOST:,} bytes, all together {MOST_TOGETHER:,}.")
    return 0


def _take(browser: Any, service: RunningService, shot: Shot, patients: dict[str, str]) -> int:
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, reduced_motion="reduce", locale="en-GB"
    )
    tab = context.new_page()
    patient, _, rest = shot.path.partition("/")
    path = f"{patients[patient]}/{rest}".rstrip("/") if patient else shot.path
    tab.goto(service.address + path)
    if tab.locator("[data-spec]").count():
        tab.wait_for_selector("[data-drawn]")
    shot.act(tab)
    taken = (tab.locator(shot.part) if shot.part else tab).screenshot()
    context.close()
    few = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{shot.name}.png", optimize=True)
    return (FOLDER / f"{shot.name}.png").stat().st_size


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
