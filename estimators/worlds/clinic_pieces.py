"""The clinic's courses piece by piece, as record systems keep them: prescriptions of a month, sessions on days."""

from __future__ import annotations

import numpy as np
import pandas as pd

MONTH = 28
"""Days that a prescription lasts."""
BETWEEN_SESSIONS = 14


def prescriptions(courses: pd.DataFrame) -> pd.DataFrame:
    """Each course as prescriptions that follow each other, every second one renewed a few days before the last ends.

    Args:
        courses: ``patient_id``, ``therapy``, ``start_date`` and ``end_date`` as text.
    """
    pieces = _cut(courses, MONTH)
    begun = pieces["piece"] > 0
    early = np.where(begun & (pieces["piece"] % 2 == 1), 5, 0)
    pieces["start_date"] -= pd.to_timedelta(early, unit="D")
    return _as_text(pieces)


def sessions(courses: pd.DataFrame) -> pd.DataFrame:
    """Each course as sessions on single days: the first, one every fortnight, the last."""
    pieces = _cut(courses, BETWEEN_SESSIONS)
    last = pieces.groupby("course").tail(1).assign(start_date=lambda rows: rows["end_date"])
    days = pd.concat([pieces, last]).drop_duplicates(["course", "start_date"])
    return _as_text(days.assign(end_date=days["start_date"]).sort_values(["course", "start_date"]))


def _cut(courses: pd.DataFrame, days: int) -> pd.DataFrame:
    """Pieces of so many days, the last of what is left; ``course`` and ``piece`` are numbered from 0."""
    whole = courses.reset_index(drop=True).rename_axis("course").reset_index()
    start, end = (whole[name].astype("datetime64[s]") for name in ("start_date", "end_date"))
    count = ((end - start).dt.days // days + 1).to_numpy()
    pieces = whole.loc[np.repeat(np.arange(len(whole)), count)].reset_index(drop=True)
    pieces["piece"] = pieces.groupby("course").cumcount()
    begin = start.loc[pieces["course"]].reset_index(drop=True) + pd.to_timedelta(pieces["piece"] * days, unit="D")
    until = begin + pd.Timedelta(days=days - 1)
    until = until.where(
        pieces["piece"] + 1 < count[pieces["course"]], end.loc[pieces["course"]].reset_index(drop=True)
    )
    return pieces.assign(start_date=begin, end_date=until)


def _as_text(pieces: pd.DataFrame) -> pd.DataFrame:
    days = {name: pieces[name].dt.strftime("%Y-%m-%d") for name in ("start_date", "end_date")}
    return pieces.assign(**days)[["patient_id", "therapy", "start_date", "end_date"]].reset_index(drop=True)
