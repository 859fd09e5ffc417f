#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spinefairbench_fuzz::picture(bytes));
