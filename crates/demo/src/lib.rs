//! A synthetic, internally consistent artifact bundle of any size, from a seed.
