//! Lets the addon leave Node's symbols open: the process that loads it has them.

fn main() {
    napi_build::setup();
}
