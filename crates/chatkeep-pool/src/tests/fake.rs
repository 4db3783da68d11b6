//! A fake database that the tests control.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result, Role};

use crate::backend::{Backend, Layout};
use crate::pool_inner::{PoolInner, Prepare};
use crate::semaphore::lock;
use crate::settings::PoolSettings;

/// A fake database. Clones share it.
#[derive(Clone)]
pub(super) struct Fake {
    layout: Layout,
    start: Instant,
    world: Arc<World>,
}

#[derive(Default)]
struct World {
    passed: Mutex<Duration>,
    slept: Mutex<Vec<Duration>>,
    opened: Mutex<Vec<(Role, Duration)>>,
    /// Errors of the next attempts to open. When it is empty, they succeed.
    open_failures: Mutex<VecDeque<Error>>,
    always_fails: Mutex<Option<ErrorKind>>,
    /// Duration of each attempt to open.
    open_takes: Mutex<Duration>,
    ping_takes: Mutex<Duration>,
    lost: AtomicBool,
    is_frozen: AtomicBool,
    pings: AtomicU32,
    closed: Mutex<Vec<u32>>,
    open_now: AtomicU32,
    most_open: AtomicU32,
    random: Mutex<f64>,
}

pub(super) struct FakeConnection {
    /// Sequence number, from 1.
    pub(super) number: u32,
    pub(super) role: Role,
    pub(super) broken: bool,
    /// Whether the server has closed it, which is noticed on the next use.
    lost: bool,
    world: Arc<World>,
}

impl Drop for FakeConnection {
    fn drop(&mut self) {
        self.world.open_now.fetch_sub(1, Ordering::SeqCst);
        lock(&self.world.closed).push(self.number);
    }
}

impl Fake {
    pub(super) fn new(layout: Layout) -> Self {
        let world = Arc::new(World::default());
        *lock(&world.random) = 0.5;
        Self { layout, start: Instant::now(), world }
    }

    pub(super) fn pool(&self, settings: PoolSettings) -> PoolInner<Self> {
        PoolInner::new(self.clone(), settings, None).unwrap()
    }

    pub(super) fn prepared(
        &self,
        settings: PoolSettings,
        prepare: Prepare<FakeConnection>,
    ) -> PoolInner<Self> {
        PoolInner::new(self.clone(), settings, Some(prepare)).unwrap()
    }

    pub(super) fn advance(&self, time: Duration) {
        *lock(&self.world.passed) += time;
    }

    /// Freezes the clock: from now on, sleeping takes no time, so waits never time out.
    pub(super) fn freeze_clock(&self) {
        self.world.is_frozen.store(true, Ordering::SeqCst);
    }

    pub(super) fn passed(&self) -> Duration {
        *lock(&self.world.passed)
    }

    pub(super) fn slept(&self) -> Vec<Duration> {
        lock(&self.world.slept).clone()
    }

    pub(super) fn fail_next_open(&self, error: Error) {
        lock(&self.world.open_failures).push_back(error);
    }

    pub(super) fn fail_every_open(&self, kind: Option<ErrorKind>) {
        *lock(&self.world.always_fails) = kind;
    }

    pub(super) fn opening_takes(&self, time: Duration) {
        *lock(&self.world.open_takes) = time;
    }

    pub(super) fn pinging_takes(&self, time: Duration) {
        *lock(&self.world.ping_takes) = time;
    }

    /// Makes pings fail on the connections that are open, if `lost` is true.
    pub(super) fn lose_connections(&self, lost: bool) {
        self.world.lost.store(lost, Ordering::SeqCst);
    }

    pub(super) fn set_random(&self, random: f64) {
        *lock(&self.world.random) = random;
    }

    /// Returns the number of attempts to open a connection, successful or not.
    pub(super) fn attempts(&self) -> usize {
        lock(&self.world.opened).len()
    }

    pub(super) fn connect_timeouts(&self) -> Vec<Duration> {
        lock(&self.world.opened).iter().map(|(_, timeout)| *timeout).collect()
    }

    pub(super) fn roles(&self) -> Vec<Role> {
        lock(&self.world.opened).iter().map(|(role, _)| *role).collect()
    }

    pub(super) fn pings(&self) -> u32 {
        self.world.pings.load(Ordering::SeqCst)
    }

    /// Returns the numbers of the closed connections, in order of closing.
    pub(super) fn closed(&self) -> Vec<u32> {
        lock(&self.world.closed).clone()
    }

    pub(super) fn open_now(&self) -> u32 {
        self.world.open_now.load(Ordering::SeqCst)
    }

    pub(super) fn most_open(&self) -> u32 {
        self.world.most_open.load(Ordering::SeqCst)
    }
}

impl Backend for Fake {
    type Connection = FakeConnection;

    fn layout(&self) -> Layout {
        self.layout
    }

    fn open(&self, role: Role, connect_timeout: Duration) -> Result<FakeConnection> {
        let number = {
            let mut opened = lock(&self.world.opened);
            opened.push((role, connect_timeout));
            u32::try_from(opened.len()).unwrap()
        };
        self.advance(*lock(&self.world.open_takes));
        if let Some(error) = lock(&self.world.open_failures).pop_front() {
            return Err(error);
        }
        if let Some(kind) = *lock(&self.world.always_fails) {
            return Err(Error::new(kind, "refused by the test server"));
        }
        let open = self.world.open_now.fetch_add(1, Ordering::SeqCst) + 1;
        self.world.most_open.fetch_max(open, Ordering::SeqCst);
        Ok(FakeConnection {
            number,
            role,
            broken: false,
            lost: false,
            world: Arc::clone(&self.world),
        })
    }

    fn ping(&self, connection: &mut FakeConnection) -> Result<()> {
        self.world.pings.fetch_add(1, Ordering::SeqCst);
        self.advance(*lock(&self.world.ping_takes));
        connection.lost |= self.world.lost.load(Ordering::SeqCst);
        if connection.lost {
            return Err(Error::new(ErrorKind::Unavailable, "the test connection is lost"));
        }
        Ok(())
    }

    fn is_broken(&self, connection: &FakeConnection) -> bool {
        connection.broken
    }

    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn sleep(&self, time: Duration) -> Result<()> {
        lock(&self.world.slept).push(time);
        if self.world.is_frozen.load(Ordering::SeqCst) {
            thread::yield_now();
        } else {
            self.advance(time);
        }
        Ok(())
    }

    fn random(&self) -> f64 {
        *lock(&self.world.random)
    }
}

/// Returns settings with these sizes and a pool timeout of 20 s.
pub(super) fn settings(pool_size: u32, max_overflow: u32) -> PoolSettings {
    PoolSettings {
        pool_size,
        max_overflow,
        pool_timeout: Duration::from_secs(20),
        ..PoolSettings::default()
    }
}
