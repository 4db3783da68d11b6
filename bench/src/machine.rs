//! The machine of a run.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

use chatkeep_bench_protocol::Result;

use crate::disk::Disk;
use crate::markdown::number;

/// Collects the properties of the machine that matter for the figures, by name.
///
/// # Errors
/// If the data would not be on a disk.
pub(crate) fn describe(disk: &Disk) -> Result<BTreeMap<String, String>> {
    let mut properties = BTreeMap::new();
    let mut add = |name: &str, value: String| properties.insert(name.to_owned(), value);
    add("cores", thread::available_parallelism().map_or(0, usize::from).to_string());
    add("processor", first_field("/proc/cpuinfo", "model name"));
    add("memory", first_field("/proc/meminfo", "MemTotal"));
    add("kernel", read("/proc/sys/kernel/osrelease"));
    add(
        "load before",
        read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" "),
    );
    add("file system", disk.file_system()?);
    add("flushes of 4 KiB", format!("{}/s", number(disk.flushes_per_second()?)));
    add("flushes counted", if disk.flushes().is_some() { "by the disk" } else { "no" }.to_owned());
    let compiler = Command::new("rustc").arg("--version").output();
    if let Ok(output) = compiler {
        add("rustc", String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Ok(properties)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn first_field(path: &str, name: &str) -> String {
    let text = read(path);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cpuinfo");
        fs::write(&file, "processor\t: 0\nmodel name\t: An EPYC\n\nprocessor\t: 1\n").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(first_field(path, "model name"), "An EPYC");
        assert_eq!(first_field(path, "bogomips"), "unknown");
        assert_eq!(first_field("/no/such/file", "x"), "unknown");
    }
}
