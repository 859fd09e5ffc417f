//! The reviewer checks: each a function from a bundle to a typed report.
