//! Runs a program and measures its memory.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_bench_protocol::Result;
use serde::{Deserialize, Serialize};

/// Interval between two memory samples.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);
const OUTPUT_LINES: usize = 12;

/// The result of a program.
pub(super) struct Ran {
    pub(super) seconds: f64,
    pub(super) memory: Memory,
    pub(super) output: String,
}

/// Peak resident set of a program in bytes: over the first quarter of its run time, and in total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) after_a_quarter: u64,
    pub(crate) peak: u64,
}

/// Runs a program to its end.
///
/// # Errors
/// If the program fails to start, exceeds the time limit, or fails; then the error contains the end
/// of its output.
pub(super) fn run(mut command: Command, timeout: Duration) -> Result<Ran> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut output, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(stderr.try_clone()?);
    let begin = Instant::now();
    let child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let (succeeded, peaks) =
        watch(child, begin, timeout).map_err(|failure| format!("{name}: {failure}"))?;
    let seconds = begin.elapsed().as_secs_f64();
    if !succeeded {
        let printed = text(&mut output)? + &text(&mut stderr)?;
        let lines: Vec<&str> = printed.lines().collect();
        return Err(format!(
            "{name}: {}",
            lines[lines.len().saturating_sub(OUTPUT_LINES)..].join(" / ")
        )
        .into());
    }
    let until =
        |end: f64| peaks.iter().take_while(|(at, _)| *at <= end).map(|(_, peak)| *peak).last();
    let memory = Memory {
        after_a_quarter: until(seconds / 4.0).unwrap_or_default(),
        peak: until(seconds).unwrap_or_default(),
    };
    Ok(Ran { seconds, memory, output: text(&mut output)? })
}

/// Waits for the end of a process and samples its memory. The final value of the system
/// (`ru_maxrss`) is unsuitable, because it starts with the memory of the parent process.
fn watch(mut child: Child, begin: Instant, timeout: Duration) -> Result<(bool, Vec<(f64, u64)>)> {
    let status = format!("/proc/{}/status", child.id());
    let mut peaks: Vec<(f64, u64)> = Vec::new();
    loop {
        if let Some(ended) = child.try_wait()? {
            return Ok((ended.success(), peaks));
        }
        if let Some(peak) = fs::read_to_string(&status).ok().as_deref().and_then(peak_memory)
            && peaks.last().is_none_or(|(_, last)| *last < peak)
        {
            peaks.push((begin.elapsed().as_secs_f64(), peak));
        }
        if begin.elapsed() > timeout {
            child.kill()?;
            child.wait()?;
            return Err(format!("timed out after {} s", timeout.as_secs()).into());
        }
        thread::sleep(SAMPLE_INTERVAL);
    }
}

/// Returns the peak memory of a process so far in bytes; `None` if the process has ended.
fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Result<Ran> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, timeout)
    }

    #[test]
    fn memory_and_output_are_returned() {
        let ran = shell("sleep 0.2; echo done", Duration::from_secs(60)).unwrap();
        assert_eq!(ran.output, "done\n");
        assert!(ran.seconds >= 0.2);
        assert!(
            ran.memory.peak > 100 << 10 && ran.memory.peak >= ran.memory.after_a_quarter,
            "{:?}",
            ran.memory
        );
        assert_eq!(
            peak_memory("Name:\tsh\nVmHWM:\t    1584 kB\nVmRSS:\t 1 kB\n"),
            Some(1584 * 1024)
        );
        assert_eq!(peak_memory("Name:\tsh\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_failure_or_timeout_is_reported_with_a_reason() {
        let failed = |script, timeout| shell(script, timeout).err().unwrap().to_string();
        let reason = failed("echo disk full >&2; exit 3", Duration::from_secs(60));
        assert!(reason.contains("disk full"), "{reason}");
        assert!(failed("exec sleep 60", Duration::from_millis(30)).contains("timed out"));
    }
}
