#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = hognose_archive::fuzzing::distribution(data);
});
