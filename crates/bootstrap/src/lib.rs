//! NumPy- and CPython-compatible resampling streams, clustered intervals and paired tests.
