#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hognose_provenance::fuzzing::forge(data);
});
