//! A program as one runs it, and how much memory it took.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_contest::Result;
use serde::{Deserialize, Serialize};

/// How often its memory is looked at.
const TICK: Duration = Duration::from_millis(5);
const LINES_OF_COMPLAINT: usize = 12;

/// What became of it.
pub(super) struct Ran {
    pub(super) seconds: f64,
    pub(super) memory: Memory,
    pub(super) output: String,
}

/// The most memory that a program had (its resident set), in bytes: while a quarter of its time passed, and over all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) after_a_quarter: u64,
    pub(crate) peak: u64,
}

/// Runs it to its end.
///
/// # Errors
/// It could not be started, took longer than this, or failed: then with the end of what it said.
pub(super) fn run(mut command: Command, patience: Duration) -> Result<Ran> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut output, mut complaints) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(complaints.try_clone()?);
    let begin = Instant::now();
    let child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let (succeeded, peaks) =
        watch(child, begin, patience).map_err(|failure| format!("{name}: {failure}"))?;
    let seconds = begin.elapsed().as_secs_f64();
    if !succeeded {
        let said = text(&mut output)? + &text(&mut complaints)?;
        let lines: Vec<&str> = said.lines().collect();
        return Err(format!(
            "{name}: {}",
            lines[lines.len().saturating_sub(LINES_OF_COMPLAINT)..].join(" / ")
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

/// Waits for its end, and looks at its memory meanwhile. The system's last word on it (`ru_maxrss`) would not do: that
/// begins with the memory of whoever started the program.
fn watch(mut child: Child, begin: Instant, patience: Duration) -> Result<(bool, Vec<(f64, u64)>)> {
    let status = format!("/proc/{}/status", child.id());
    let mut peaks: Vec<(f64, u64)> = Vec::new();
    loop {
        if let Some(ended) = child.try_wait()? {
            return Ok((ended.success(), peaks));
        }
        if let Some(peak) = fs::read_to_string(&status).ok().as_deref().and_then(most)
            && peaks.last().is_none_or(|(_, last)| *last < peak)
        {
            peaks.push((begin.elapsed().as_secs_f64(), peak));
        }
        if begin.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Err(format!("it was not done after {} s", patience.as_secs()).into());
        }
        thread::sleep(TICK);
    }
}

/// The most memory that a process has had so far, in bytes; a process that has ended has none.
fn most(status: &str) -> Option<u64> {
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

    fn shell(script: &str, patience: Duration) -> Result<Ran> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, patience)
    }

    #[test]
    fn its_memory_and_its_words_are_told() {
        let ran = shell("sleep 0.2; echo done", Duration::from_secs(60)).unwrap();
        assert_eq!(ran.output, "done\n");
        assert!(ran.seconds >= 0.2);
        assert!(
            ran.memory.peak > 100 << 10 && ran.memory.peak >= ran.memory.after_a_quarter,
            "{:?}",
            ran.memory
        );
        assert_eq!(most("Name:\tsh\nVmHWM:\t    1584 kB\nVmRSS:\t 1 kB\n"), Some(1584 * 1024));
        assert_eq!(most("Name:\tsh\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn one_that_fails_or_never_ends_is_a_failure_with_a_reason() {
        let failed = |script, patience| shell(script, patience).err().unwrap().to_string();
        let reason = failed("echo no room >&2; exit 3", Duration::from_secs(60));
        assert!(reason.contains("no room"), "{reason}");
        assert!(failed("exec sleep 60", Duration::from_millis(30)).contains("not done"));
    }
}
