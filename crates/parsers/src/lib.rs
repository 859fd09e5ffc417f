//! Report text to labels, categories, refusal class and Stage-1 diagnosis, by the frozen rules.
