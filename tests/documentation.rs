//! Runs the Rust examples of the README and of the guide as documentation tests.

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[doc = include_str!("../docs/src/quick-start/rust.md")]
    mod quick_start {}

    #[doc = include_str!("../docs/src/errors.md")]
    mod errors {}
}
