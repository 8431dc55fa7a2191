"""An antidepressant against placebo, a real trial of 172 patients over six weeks, a quarter of them lost."""
