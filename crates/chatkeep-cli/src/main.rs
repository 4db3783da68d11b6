//! Binary of the `chatkeep` command. The implementation is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return_large_buffers();
    ExitCode::from(chatkeep_cli::run(std::env::args_os()))
}

/// Makes glibc return buffers of 1 MiB and more to the system as soon as they are freed.
///
/// Otherwise it raises this limit when the first such buffer is freed, up to 32 MiB, and keeps
/// later ones. A command that reads large messages then needs memory for several of them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_large_buffers() {
    // SAFETY: it only sets a parameter of the allocator, before other threads start.
    #[expect(unsafe_code, reason = "there is no safe function for it")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20);
    }
}
