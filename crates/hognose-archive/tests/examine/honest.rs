//! Honest archives: everything is shown, nothing is confused.

use crate::common::*;

#[test]
fn a_wheel_is_shown_without_confusion() {
    let zip = Zip::new(&[
        file("a/__init__.py", b"x = 1\n"),
        stored("a/é.txt", b"y"),
        file("a/empty", b""),
    ]);
    let seen = look(&zip.bytes(), "a-1.0-py3-none-any.whl");
    assert_eq!(seen.kinds(), Vec::<&str>::new());
    assert_eq!(seen.paths(), ["a/__init__.py", "a/é.txt", "a/empty"]);
    assert_eq!(seen.bytes("a/__init__.py"), b"x = 1\n");
    assert!(seen.summary.complete);
}

#[test]
fn an_sdist_is_shown_without_confusion() {
    let tar = tar(&[
        tar_member("a-1.0/", b'5', "", b""),
        tar_file("a-1.0/PKG-INFO", b"Name: a\n"),
        pax(&[("path", &format!("a-1.0/{}", "long/".repeat(40)))]),
        tar_file("a-1.0/long", b"z"),
    ]);
    let seen = look(&gzip(&tar), "a-1.0.tar.gz");
    assert_eq!(seen.kinds(), Vec::<&str>::new());
    assert_eq!(seen.members.len(), 3);
    assert_eq!(seen.bytes("a-1.0/PKG-INFO"), b"Name: a\n");
    assert_eq!(seen.summary.roots, ["a-1.0"]);
}
