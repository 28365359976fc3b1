#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hognose_provenance::fuzzing::provenance(data);
});
