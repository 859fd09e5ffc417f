//! Two reports to a scored pair, pairs to the benchmark's endpoints.
