//! The disk that stores all data: its file system, its flush rate, and its flush counter.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chatkeep_bench_protocol::{Result, stats};

/// A disk, identified by a folder on it.
pub(crate) struct Disk {
    folder: PathBuf,
    statistics: Option<PathBuf>,
}

impl Disk {
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let device = fs::metadata(folder)?.dev();
        let (major, minor) = (
            (device >> 8) & 0xfff | (device >> 32) & !0xfff,
            device & 0xff | (device >> 12) & !0xff,
        );
        let block = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok();
        // The flushes of a partition are counted by its disk.
        let disk =
            block.map(|path| if path.join("partition").exists() { path.join("..") } else { path });
        let statistics =
            disk.map(|path| path.join("stat")).filter(|path| flushes_in(path).is_some());
        Ok(Self { folder: folder.to_owned(), statistics })
    }

    /// Returns the number of flushes requested from the disk by all programs, if the system counts
    /// them.
    pub(crate) fn flushes(&self) -> Option<u64> {
        flushes_in(self.statistics.as_deref()?)
    }

    /// Measures how many times per second 4 KiB can be written to a file and flushed.
    pub(crate) fn flushes_per_second(&self) -> Result<f64> {
        const FLUSHES: u32 = 50;
        let mut file = tempfile::tempfile_in(&self.folder)?;
        let mut rates = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            for _ in 0..FLUSHES {
                file.write_all(&[0; 4096])?;
                file.sync_data()?;
            }
            rates.push(f64::from(FLUSHES) / start.elapsed().as_secs_f64());
        }
        Ok(stats::median(&rates).unwrap_or_default())
    }

    /// Returns the type and device of the file system.
    ///
    /// # Errors
    /// If the file system is in memory, where nothing is durable.
    pub(crate) fn file_system(&self) -> Result<String> {
        let mounts = fs::read_to_string("/proc/mounts")?;
        let folder = self.folder.canonicalize()?;
        let (device, kind) = mount_of(&mounts, &folder).ok_or("no mount contains this folder")?;
        if matches!(kind, "tmpfs" | "ramfs") {
            let shown = folder.display();
            return Err(format!(
                "{shown} is in memory, where nothing is durable: set TMPDIR to a folder on a disk"
            )
            .into());
        }
        Ok(format!("{kind} on {device}"))
    }
}

/// Returns field 16 of the statistics of a disk, which older systems do not have.
fn flushes_in(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.split_whitespace().nth(15)?.parse().ok()
}

fn mount_of<'a>(mounts: &'a str, folder: &Path) -> Option<(&'a str, &'a str)> {
    let lines = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    // Of two mounts on the same path, the later one is visible.
    lines
        .filter(|(_, path, _)| folder.starts_with(path))
        .max_by_key(|(_, path, _)| path.len())
        .map(|(device, _, kind)| (device, kind))
}

/// Writes back pending data of earlier turns, so that it does not disturb the next one.
pub(crate) fn write_back(folder: &Path) {
    // Best effort: it only reduces noise.
    if let Ok(folder) = File::open(folder) {
        let _ = rustix::fs::syncfs(folder);
    }
    std::thread::sleep(Duration::from_millis(20));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_of_a_folder_is_found() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/data xfs rw 0 0\n";
        assert_eq!(mount_of(mounts, Path::new("/home/a")), Some(("/dev/vda", "ext4")));
        assert_eq!(mount_of(mounts, Path::new("/tmp/a")), Some(("tmpfs", "tmpfs")));
        assert_eq!(mount_of(mounts, Path::new("/tmp/data/a")), Some(("/dev/vdb", "xfs")));
        assert_eq!(mount_of(mounts, Path::new("/tmporary")), Some(("/dev/vda", "ext4")));
    }

    #[test]
    fn flushes_are_read_from_the_disk_statistics() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stat");
        fs::write(&file, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 1616 17\n").unwrap();
        assert_eq!(flushes_in(&file), Some(1616));
        fs::write(&file, "1 2 3 4 5 6 7 8 9 10 11\n").unwrap();
        assert_eq!(flushes_in(&file), None);
        let disk = Disk::of(folder.path()).unwrap();
        assert!(disk.flushes_per_second().unwrap() > 0.0);
    }
}
