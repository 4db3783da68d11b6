//! The disk that all the data is on: which it is, how long a flush takes, and how many it was asked for.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chatkeep_contest::{Result, stats};

/// A disk, by a folder on it.
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
        // A partition's flushes are counted by the disk that it is on.
        let disk =
            block.map(|path| if path.join("partition").exists() { path.join("..") } else { path });
        let statistics =
            disk.map(|path| path.join("stat")).filter(|path| flushes_in(path).is_some());
        Ok(Self { folder: folder.to_owned(), statistics })
    }

    /// Flushes that the disk has been asked for, where the system counts them. By everybody, not only by us.
    pub(crate) fn flushes(&self) -> Option<u64> {
        flushes_in(self.statistics.as_deref()?)
    }

    /// How many times a second a small piece of a file can be written and flushed.
    pub(crate) fn flushes_a_second(&self) -> Result<f64> {
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

    /// The file system, by its kind and device.
    ///
    /// # Errors
    /// It is in memory: nothing there is durable.
    pub(crate) fn file_system(&self) -> Result<String> {
        let mounts = fs::read_to_string("/proc/mounts")?;
        let folder = self.folder.canonicalize()?;
        let (device, kind) =
            mount_of(&mounts, &folder).ok_or("no file system is known to hold this folder")?;
        if matches!(kind, "tmpfs" | "ramfs") {
            let shown = folder.display();
            return Err(format!(
                "{shown} is in memory, where nothing is durable: set TMPDIR to another"
            )
            .into());
        }
        Ok(format!("{kind} on {device}"))
    }
}

/// Field 16 of a disk's statistics, which older systems do not have.
fn flushes_in(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.split_whitespace().nth(15)?.parse().ok()
}

fn mount_of<'a>(mounts: &'a str, folder: &Path) -> Option<(&'a str, &'a str)> {
    let lines = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    // Of two on the same place the later one is seen.
    lines
        .filter(|(_, place, _)| folder.starts_with(place))
        .max_by_key(|(_, place, _)| place.len())
        .map(|(device, _, kind)| (device, kind))
}

/// Writes back what others have left behind, so that it does not fall into the next round.
pub(crate) fn settle(folder: &Path) {
    // Best effort: it only takes noise away.
    if let Ok(folder) = File::open(folder) {
        let _ = rustix::fs::syncfs(folder);
    }
    std::thread::sleep(Duration::from_millis(20));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_holds_a_folder() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/data xfs rw 0 0\n";
        assert_eq!(mount_of(mounts, Path::new("/home/a")), Some(("/dev/vda", "ext4")));
        assert_eq!(mount_of(mounts, Path::new("/tmp/a")), Some(("tmpfs", "tmpfs")));
        assert_eq!(mount_of(mounts, Path::new("/tmp/data/a")), Some(("/dev/vdb", "xfs")));
        assert_eq!(mount_of(mounts, Path::new("/tmporary")), Some(("/dev/vda", "ext4")));
    }

    #[test]
    fn flushes_are_counted_where_the_system_counts_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stat");
        fs::write(&file, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 1616 17\n").unwrap();
        assert_eq!(flushes_in(&file), Some(1616));
        fs::write(&file, "1 2 3 4 5 6 7 8 9 10 11\n").unwrap();
        assert_eq!(flushes_in(&file), None);
        let disk = Disk::of(folder.path()).unwrap();
        assert!(disk.flushes_a_second().unwrap() > 0.0);
    }
}
