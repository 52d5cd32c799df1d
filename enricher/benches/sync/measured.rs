//! What something costs: time, processor time, memory.

use std::future::Future;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::world::{Run, World};

/// Seconds of the clock and of the processor, and the most memory that `weft` had.
#[derive(Default)]
pub(crate) struct Cost {
    pub(crate) seconds: f64,
    pub(crate) postgres_cpu: f64,
    pub(crate) own_cpu: f64,
    pub(crate) peak_mib: f64,
}

/// Measures anything that asks the servers for something, after what was written before it is on the disk.
pub(crate) async fn measured(world: &World, work: impl Future<Output = ()>) -> Cost {
    world.execute("CHECKPOINT").await;
    assert!(std::process::Command::new("sync").status().unwrap().success(), "sync fails");
    let postgres = PostgresClock::new(world).await;
    let (before, started) = (postgres.seconds(), Instant::now());
    work.await;
    let seconds = started.elapsed().as_secs_f64();
    Cost { seconds, postgres_cpu: postgres.seconds() - before, ..Cost::default() }
}

/// Measures one `weft sync`, which has to do its work.
pub(crate) async fn sync(world: &World) -> Cost {
    let (before, mut peak_kib) = (children_cpu(), 0.0);
    let work = async {
        let child = world.spawn(&[], None);
        let status = format!("/proc/{}/status", child.id().unwrap());
        let mut ends = std::pin::pin!(world.end(child));
        let run: Run = loop {
            // The kernel keeps the peak: the last look before the end tells it.
            tokio::select! {
                run = &mut ends => break run,
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            peak_kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(peak_kib);
        };
        run.done();
    };
    let cost = measured(world, work).await;
    Cost { own_cpu: children_cpu() - before, peak_mib: peak_kib / 1024.0, ..cost }
}

/// Seconds of the processor that ended children have had.
fn children_cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}

/// The processor time of all of a server's processes.
struct PostgresClock {
    server: u32,
}

impl PostgresClock {
    async fn new(world: &World) -> Self {
        let backend = world.query("SELECT pg_backend_pid()").await[0].get(0).unwrap().parse().unwrap();
        Self { server: stat(backend).unwrap().parent }
    }

    /// Seconds up to now: of the server, of the processes it waited for, and of those that run.
    fn seconds(&self) -> f64 {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut ticks = 0;
        for Stat { parent, own, waited } in numbers.filter(|number| *number != self.server).filter_map(stat) {
            ticks += if parent == self.server { own + waited } else { 0 };
        }
        let Stat { own, waited, .. } = stat(self.server).unwrap();
        // The kernel tells these times in hundredths of a second whatever its own clock does.
        (ticks + own + waited) as f64 / 100.0
    }
}

/// A process' parent, and its processor time.
struct Stat {
    parent: u32,
    own: u64,
    waited: u64,
}

fn stat(process: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may have blanks; what follows it has none.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let (own, waited) = (ticks(11)? + ticks(12)?, ticks(13)? + ticks(14)?);
    Some(Stat { parent: fields.get(1)?.parse().ok()?, own, waited })
}
