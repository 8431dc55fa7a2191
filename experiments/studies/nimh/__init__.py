"""An antipsychotic against placebo, a real trial of 437 patients over six weeks; nothing to do with depression."""
