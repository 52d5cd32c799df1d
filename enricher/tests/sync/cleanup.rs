//! `weft cleanup` leaves nothing, whenever it is killed, and no sync brings anything back.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::Child;

use crate::oracle::is_equal;
use crate::products::world;
use crate::proxy::{Blow, When};
use crate::world::{World, entity};

const CHANGE: &str = "UPDATE product SET name = name || '?' WHERE id % 3 = 0";
const PRODUCT: [&str; 2] = ["--entity", "product"];

impl World {
    fn spawn_cleanup(&self, arguments: &[&str], blow: Option<Blow>) -> Child {
        self.line.begin(blow);
        let mut command = self.weft("cleanup");
        let child = command.args(["-o", "json"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        self.line.is_of(child.id().unwrap());
        child
    }

    async fn cleanup(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        answer(self.spawn_cleanup(arguments, None).wait_with_output().await.unwrap())
    }

    async fn is_clean(&self) {
        let keys = self.redis_keys("weft:*").await;
        assert!(keys.is_empty(), "{keys:?}");
        assert_eq!(self.bookkeeping().await, []);
    }
}

fn answer(output: Output) -> (Option<i32>, Value, String) {
    let line = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), serde_json::from_str(&line).unwrap_or(Value::Null), error)
}

#[tokio::test]
async fn nothing_is_left_of_a_copy_and_the_next_sync_makes_a_whole_one() {
    let world = world(9000).await;
    let (code, line, _) = world.cleanup(&PRODUCT).await;
    assert_eq!((code, line["outcome"].as_str()), (Some(0), Some("absent")), "{line}");
    for _ in 0..2 {
        world.sync().await;
        world.execute("UPDATE product SET name = name || '!' WHERE id < 100").await;
        world.sync().await;
        let (code, line, _) = world.cleanup(&[&PRODUCT[..], &["--dry-run"]].concat()).await;
        assert_eq!((code, line["outcome"].as_str()), (Some(0), Some("dry_run")), "{line}");
        is_equal_before(&world).await;
        let (code, line, error) = world.cleanup(&PRODUCT).await;
        assert_eq!((code, line["outcome"].as_str()), (Some(0), Some("removed")), "{line} {error}");
        assert_eq!(line["owner"], crate::world::OWNER);
        assert!(line["buckets"].as_u64().unwrap() >= 4 && line["tables"].as_u64().unwrap() >= 3, "{line}");
        world.is_clean().await;
    }
    world.sync().await;
    is_equal(&world, "product", "product").await;
}

/// A dry run has changed nothing that readers see.
async fn is_equal_before(world: &World) {
    assert!(world.store().entity("product").await.is_ok());
    assert!(!world.bookkeeping().await.is_empty());
}

#[tokio::test]
async fn only_the_entity_that_is_named_is_removed() {
    let world = world(100).await;
    world.write(
        "entities.yaml",
        &format!("{}---\n{}", entity("product", "public.product", &["id"]), entity("other", "public.product", &["id"])),
    );
    world.sync().await;
    assert_eq!(world.cleanup(&PRODUCT).await.0, Some(0));
    is_equal(&world, "other", "product").await;
    assert!(world.redis_keys("weft:default/main/product:*").await.is_empty());
    let (code, _, error) = world.cleanup(&[]).await;
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("--entity"), "{error}");
    is_equal(&world, "other", "product").await;
}

#[tokio::test]
async fn killed_at_any_request_it_is_gone_on_with_by_the_next_one() {
    let world = world(9000).await;
    for when in [When::Before, When::After] {
        for request in 1.. {
            world.sync().await;
            let child = world.spawn_cleanup(&PRODUCT, Some(Blow { request, when, signal: Signal::SIGKILL }));
            let (code, line, error) = answer(child.wait_with_output().await.unwrap());
            let has_struck = world.line.has_struck();
            assert!(has_struck || code == Some(0), "{line} {error}");
            world.is_quiet().await;
            world.forget_leases().await;
            // What readers see meanwhile is the whole copy or none.
            if world.store().entity("product").await.is_ok() {
                is_equal(&world, "product", "product").await;
            }
            let (code, line, error) = world.cleanup(&PRODUCT).await;
            assert_eq!(code, Some(0), "killed {when:?} request {request}: {line} {error}");
            world.is_clean().await;
            if !has_struck {
                assert!(request > 10, "it makes more than {request} requests");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_copy_that_lost_its_meta_or_was_half_written_is_removed_too() {
    let world = world(40_000).await;
    world.sync().await;
    world.command_redis(&["DEL", &world.keys("product").meta()]).await;
    let (code, line, error) = world.cleanup(&PRODUCT).await;
    assert_eq!(code, Some(0), "{line} {error}");
    world.is_clean().await;
    for request in [25, 30] {
        assert!(world.killed(request, When::After).await.is_none(), "a sync makes more requests than {request}");
        assert_eq!(world.cleanup(&PRODUCT).await.0, Some(0));
        world.is_clean().await;
    }
}

#[tokio::test]
async fn another_owners_copy_is_named_and_stays_unless_it_is_taken_over() {
    let world = world(100).await;
    world.sync().await;
    world.command_redis(&["HSET", &world.keys("product").meta(), "owner", "other/default/main"]).await;
    let (code, line, _) = world.cleanup(&PRODUCT).await;
    assert_eq!((code, line["outcome"].as_str()), (Some(5), Some("refused")), "{line}");
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("other/default/main") && error.contains("--take-over"), "{error}");
    assert!(!world.redis_keys("weft:*").await.is_empty() && !world.bookkeeping().await.is_empty());
    let (code, line, error) = world.cleanup(&[&PRODUCT[..], &["--take-over"]].concat()).await;
    assert_eq!((code, line["owner"].as_str()), (Some(0), Some("other/default/main")), "{line} {error}");
    world.is_clean().await;
}

async fn newest_claim(world: &World) -> u64 {
    let tables = world.bookkeeping().await;
    tables.iter().filter(|(kind, _)| kind == "claim").map(|(_, run)| *run).max().unwrap_or_default()
}

#[tokio::test]
async fn a_sync_at_work_is_waited_for_and_one_that_was_held_up_brings_nothing_back() {
    let world = world(9000).await;
    world.sync().await;
    world.execute(CHANGE).await;
    let requests = world.sync().await.requests;
    // Wherever it is stopped: its lease ends, the copy is removed, then it goes on.
    let mut checked = 0;
    for request in (requests / 3..requests - 2).step_by(3) {
        world.sync().await;
        world.execute(CHANGE).await;
        let before = newest_claim(&world).await;
        let sync = world.spawn(&[], Some(Blow { request, when: When::After, signal: Signal::SIGSTOP }));
        let pid = Pid::from_raw(sync.id().unwrap().cast_signed());
        let started = Instant::now();
        while !world.line.has_struck() {
            assert!(started.elapsed() < Duration::from_secs(60), "the sync makes more requests than {request}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let has_begun = newest_claim(&world).await > before;
        let (code, line, _) =
            answer(world.weft("cleanup").args(["-o", "json", "--wait", "0"]).args(PRODUCT).output().await.unwrap());
        assert_eq!(code, Some(1), "it is waited for: {line}");
        world.forget_leases().await;
        let cleanup = world.weft("cleanup").args(["-o", "json"]).args(PRODUCT).output().await.unwrap();
        assert_eq!(cleanup.status.code(), Some(0), "{cleanup:?}");
        if !has_begun {
            // It has not begun: what it would do is what a sync does that starts now.
            kill(pid, Signal::SIGKILL).unwrap();
            world.end(sync).await;
            continue;
        }
        checked += 1;
        kill(pid, Signal::SIGCONT).unwrap();
        let run = world.end(sync).await;
        // It may have been about to end.
        assert!(matches!(run.code(), Some(0 | 1 | 5)), "stopped at request {request}: {run:?}");
        let keys = world.redis_keys("weft:*").await;
        assert!(keys.is_empty(), "stopped at request {request}: {keys:?}");
        assert_eq!(world.cleanup(&PRODUCT).await.0, Some(0));
        world.is_clean().await;
    }
    assert!(checked >= 5, "{checked}");
}

#[tokio::test]
async fn the_result_fits_a_termination_message_and_a_server_that_is_away_is_tried_again() {
    let mut world = world(100).await;
    world.sync().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    world.without_proxies();
    world.edit("graph.yaml", "host: 127.0.0.1", "host: 127.0.0.2");
    world.edit("graph.yaml", &format!("redis://127.0.0.1:{}", world.redis.port), "redis://127.0.0.1:1");
    let (code, line, _) = world.cleanup(&[&PRODUCT[..], &["--result", &path]].concat()).await;
    assert_eq!((code, line["outcome"].as_str()), (Some(1), Some("failed")), "{line}");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.len() <= 4096, "{written}");
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), line);
}
