//! Runs the Rust examples of the README and of the guide as documentation tests.

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[doc = include_str!("../docs/src/quick-start/rust.md")]
    mod quick_start {}

    #[doc = include_str!("../docs/src/providers.md")]
    mod providers {}

    #[doc = include_str!("../docs/src/credentials.md")]
    mod credentials {}

    #[doc = include_str!("../docs/src/tasks.md")]
    mod tasks {}

    #[doc = include_str!("../docs/src/errors.md")]
    mod errors {}
}
