//! Reports end to end: what people see, what programs read, what attackers try.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail the test they serve"
)]

mod card;
mod common;
mod formats;
mod hostile;
mod inspect;
mod round_trip;
mod stored;
mod terminal;
mod validators;
