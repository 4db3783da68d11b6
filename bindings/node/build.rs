//! Links the addon with undefined Node symbols; the process that loads it provides them.

fn main() {
    napi_build::setup();
}
