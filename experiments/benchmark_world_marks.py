"""What is asked of the suite `worlds`."""

from __future__ import annotations

from experiments.benchmark_marks import Mark, at_least, at_most, between, in_cell, named
from experiments.benchmark_peers import FAST, SLOW

APART = "hidden_confounder"
"""Reported apart: no estimator can be right there, so that it counts in no mark."""

NULL = ("null", "five_arm_null", "equal", "constant")
"""Worlds whose effects are the same for everyone."""

LOW = ("null", "five_arm_null", "smooth_05", "five_arm_05", "other_principles")
FIVE_ARM = ("five_arm", "five_arm_10", "five_arm_05")
REGRET = {2000: 0.38, 5000: 0.27, 20_000: 0.17}
WIDTH = {2000: 3.7, 5000: 2.7, 20_000: 1.9}
CAPTURED = {("smooth_15", 2000): 0.5, ("smooth_25", 2000): 0.85, ("smooth_15", 8000): 0.8, ("smooth_25", 8000): 0.94}

ADVICE = (
    Mark("mean loss against the best average arm at most 0.02", ("loss", "mean"), at_most(0.02)),
    Mark("loss above 0.1 in at most 5 % of draws", ("loss_above_0.1", "mean"), at_most(0.05)),
    *(
        Mark(f"share of the oracle's gain in {world} at {n}: at least {asked}", ("captured", "mean"),
             at_least(asked), in_cell(world, n))
        for (world, n), asked in CAPTURED.items()
    ),
    *(
        Mark(f"regret in five_arm at {n}: at most {asked}", ("regret", "mean"), at_most(asked), in_cell("five_arm", n))
        for n, asked in REGRET.items()
    ),
    *(
        Mark(f"regret in the five-arm worlds no larger than {peer}'s, within Monte Carlo error",
             (f"regret_minus.{peer}", "beyond_error"), at_most(0), named(*FIVE_ARM))
        for peer in ("best average", *FAST, *SLOW)
    ),
)  # fmt: skip

HONESTY = (
    Mark("coverage in five_arm at 20000: 0.87 to 0.93", ("coverage", "mean"), between(0.87, 0.93),
         in_cell("five_arm", 20_000)),
    Mark("… of each arm: at least 0.85", ("coverage_least_arm", "mean"), at_least(0.85), in_cell("five_arm", 20_000)),
    Mark("… in each fifth of predicted effect: at least 0.85", ("coverage_least_fifth", "mean"), at_least(0.85),
         in_cell("five_arm", 20_000)),
    *(
        Mark(f"mean width in five_arm at {n}: at most {asked}", ("width", "mean"), at_most(asked),
             in_cell("five_arm", n))
        for n, asked in WIDTH.items()
    ),
    Mark("coverage at least 0.87 where effects differ little", ("coverage", "mean"), at_least(0.87),
         named(*LOW)),
    Mark("true ranks inside the rank sets: at least 0.90", ("ranks_hold", "mean"), at_least(0.9)),
    Mark("true best arm in the top set: at least 0.90", ("best_in_top_set", "mean"), at_least(0.9)),
    Mark("mean top set of smooth_15 and smooth_25 at 20000: at most 2.5", ("top_set", "mean"), at_most(2.5),
         lambda world, n: world in {"smooth_15", "smooth_25"} and n == 20_000),
    Mark("calibration slope, median, 0.9 to 1.1", ("calibration_slope", "median"), between(0.9, 1.1)),
    Mark("constants served in at least 90 % of draws where effects do not differ", ("constant", "mean"),
         at_least(0.9), named(*NULL)),
    Mark("unsupported pairs told as such: at least 0.95", ("abstention_recall", "mean"), at_least(0.95)),
    Mark("supported pairs told as unsupported: at most 0.05", ("false_abstention", "mean"), at_most(0.05)),
    Mark("outcome ranges hold 0.88 to 0.92 of outcomes", ("outcome_coverage", "mean"), between(0.88, 0.92)),
    Mark("… in each fifth of the propensity: at least 0.85", ("outcome_coverage_least_fifth", "mean"),
         at_least(0.85)),
)  # fmt: skip

MARKS = (*ADVICE, *HONESTY)
