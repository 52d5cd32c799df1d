//! A lease has one holder at a time, and ends with one that was killed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod redis_server;

use std::time::{Duration, Instant};

use redis_server::Server;
use redis_server::run::{command, keys};
use weft_store::redis::{LEASE_LASTS, Lease, slot};

#[tokio::test]
async fn one_at_a_time_has_a_lease_and_whoever_lost_it_harms_no_other() {
    let server = Server::start().await;
    let (one, other) = (server.connect().await, server.connect().await);
    let key = keys().lease();
    let held = Lease::acquire(&one, &key).await.unwrap().unwrap();
    assert!(Lease::acquire(&other, &key).await.unwrap().is_none());
    assert!(Lease::acquire(&one, &key).await.unwrap().is_none(), "the same process is no better");
    held.release().await.unwrap();

    let lost = Lease::acquire(&one, &key).await.unwrap().unwrap();
    command(&one, &["DEL", &key]).await;
    assert!(!lost.renew().await.unwrap());
    let next = Lease::acquire(&other, &key).await.unwrap().unwrap();
    assert!(!lost.renew().await.unwrap());
    lost.release().await.unwrap();
    assert!(next.renew().await.unwrap());
    assert!(Lease::acquire(&one, &key).await.unwrap().is_none(), "it was not the first one's to give back");
}

#[tokio::test]
async fn a_killed_holder_is_waited_for_a_quarter_of_a_minute_and_a_renewing_one_longer() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let key = keys().lease();
    let left = async || {
        redis::cmd("PTTL").arg(&key).query_async::<u64>(&mut connection.clone()).await.map(Duration::from_millis)
    };
    let held = Lease::acquire(&connection, &key).await.unwrap().unwrap();
    assert!((LEASE_LASTS / 2..=LEASE_LASTS).contains(&left().await.unwrap()));
    command(&connection, &["PEXPIRE", &key, "100"]).await;
    assert!(held.renew().await.unwrap());
    assert!(left().await.unwrap() > LEASE_LASTS / 2);

    command(&connection, &["PEXPIRE", &key, "1"]).await;
    let started = Instant::now();
    while Lease::acquire(&connection, &key).await.unwrap().is_none() {
        assert!(started.elapsed() < LEASE_LASTS);
    }
    tokio::time::timeout(LEASE_LASTS, held.lost()).await.expect("the holder learns of it with the next renewal");
}

#[tokio::test]
async fn a_warehouse_has_as_many_leases_as_slots() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let slots: Vec<String> = (0..2).map(|number| slot("shop", "prod", number)).collect();
    let first = Lease::acquire_any(&connection, &slots).await.unwrap().unwrap();
    let second = Lease::acquire_any(&connection, &slots).await.unwrap().unwrap();
    assert!(Lease::acquire_any(&connection, &slots).await.unwrap().is_none());
    // Also where memory is full, a lease lasts on and is given back.
    command(&connection, &["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(second.renew().await.unwrap());
    first.release().await.unwrap();
    let error = Lease::acquire_any(&connection, &slots[..1]).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    command(&connection, &["CONFIG", "SET", "maxmemory", "0"]).await;
    let again = Lease::acquire_any(&connection, &slots).await.unwrap();
    assert!(again.is_some());
}
