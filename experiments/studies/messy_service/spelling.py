"""How the sites write things down: codes of three terminologies, two units and a third that nobody tells."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

ATC_SITES = ("site_04", "site_06")
ATC = {"sertraline": "N06AB06", "citalopram": "N06AB04", "fluoxetine": "N06AB03"}
LOINC_SITE, PHQ9_LOINC = "site_02", "44261-6"
PERCENT_SITE = "site_05"
MINUTES_SITES = ("site_03", "site_07")
UNTOLD_MINUTES_SITE = "site_09"
"""Writes minutes without saying so."""
RENEWED = (0, 26, 52)
"""Days after its start on which a prescription is made; each runs for a month, so that they overlap."""
RUNS = 30


def spelled(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables as each patient's site writes them."""
    site = tables["patients"].set_index("patient_id")["site"]
    return dict(tables) | {
        "treatments": _treatments(tables["treatments"], site),
        "measures": _measures(tables["measures"], site),
    }


def _treatments(treatments: pd.DataFrame, site: pd.Series[str]) -> pd.DataFrame:
    """Prescriptions a month each, renewed before they end; by code at some sites."""
    drugs = treatments["therapy"].isin(list(ATC))
    courses, first = treatments[drugs], pd.to_datetime(treatments.loc[drugs, "start_date"])
    pieces = []
    for day in RENEWED:
        start = first + pd.Timedelta(days=day)
        dates = {"start_date": start.dt.strftime("%Y-%m-%d")}
        dates["end_date"] = (start + pd.Timedelta(days=RUNS)).dt.strftime("%Y-%m-%d")
        pieces.append(courses.assign(**dates))
    table = pd.concat([treatments[~drugs], *pieces], ignore_index=True)
    coded = table["patient_id"].map(site).isin(ATC_SITES)
    table["therapy"] = table["therapy"].mask(coded, table["therapy"].replace(ATC))
    return table


def _measures(measures: pd.DataFrame, site: pd.Series[str]) -> pd.DataFrame:
    where, measure = measures["patient_id"].map(site), measures["measure"]
    score, hours = measure == "PHQ-9", measure == "care hours"
    per_cent, minutes = score & (where == PERCENT_SITE), hours & where.isin(MINUTES_SITES)
    untold = hours & (where == UNTOLD_MINUTES_SITE)
    unit = pd.Series(None, index=measures.index, dtype=object)
    unit = unit.mask(score, "{score}").mask(per_cent, "%").mask(hours, "h").mask(minutes, "min").mask(untold, None)
    value = measures["value"].mask(per_cent, (measures["value"] / 0.27).round(1))
    value = value.mask(minutes | untold, (measures["value"] * 60).round())
    name = measure.mask(score & (where == LOINC_SITE), PHQ9_LOINC)
    return measures.assign(measure=name, value=value, unit=unit)
