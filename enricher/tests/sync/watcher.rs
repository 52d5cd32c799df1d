//! A reader that asks all the while, and knows what may be answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use weft_store::redis::RedisStore;
use weft_store::{Answer, Reader as _, Row};

use crate::oracle::stored;
use crate::world::World;

/// How many keys are asked for at once.
const BATCH: usize = 100;

/// What was answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) found: u64,
    pub(crate) missing: u64,
    pub(crate) unavailable: u64,
}

/// Asks for rows that are there, and for some that never are, until it is stopped.
pub(crate) struct Watcher {
    task: JoinHandle<Answers>,
    is_stopped: Arc<AtomicBool>,
}

impl Watcher {
    /// Watches rows of the products that the store has now, and that do not change, for they are not among those of the
    /// first cases: they may be told, or that the store cannot tell.
    pub(crate) async fn start(world: &World) -> Self {
        let mut rows = stored(&world.store(), "product").await;
        rows.retain(|key, _| str::from_utf8(key).unwrap().parse::<u64>().unwrap() > 100);
        let step = (rows.len() / BATCH).max(1);
        let some = rows.into_iter().step_by(step).map(|(key, row)| (key, Some(row)));
        let none = ["none", "-1", "0"].map(|key| (key.as_bytes().to_vec(), None));
        let told: BTreeMap<Vec<u8>, Option<Row>> = some.chain(none).collect();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let (ends, store) = (Arc::clone(&is_stopped), world.store());
        let task = tokio::spawn(async move {
            let mut counts = Answers::default();
            while !ends.load(Ordering::Relaxed) {
                ask(&store, &told, &mut counts).await;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            counts
        });
        Self { task, is_stopped }
    }

    /// Ends the test if an answer was wrong.
    pub(crate) async fn stop(self) -> Answers {
        self.is_stopped.store(true, Ordering::Relaxed);
        let answers = self.task.await.unwrap();
        println!("{answers:?}");
        assert!(answers.found > 0, "nothing was ever found");
        answers
    }
}

async fn ask(store: &RedisStore, told: &BTreeMap<Vec<u8>, Option<Row>>, counts: &mut Answers) {
    let keys: Vec<&[u8]> = told.keys().map(Vec::as_slice).collect();
    let mut answers = Vec::new();
    store.fetch("product", &keys, &mut answers).await;
    for ((key, expected), answer) in told.iter().zip(answers) {
        let answer = match answer {
            Answer::Unavailable(_) => {
                counts.unavailable += 1;
                continue;
            }
            Answer::Missing => None,
            Answer::Found(row) => Some(row),
        };
        *(if answer.is_some() { &mut counts.found } else { &mut counts.missing }) += 1;
        assert_eq!(answer, *expected, "{}", String::from_utf8_lossy(key));
    }
}
