//! Who gets into Redis, with what permissions, and what is said to whom does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod redis_server;

use std::path::Path;
use std::process::Command;

use redis_server::Server;
use redis_server::run::{OWNER, SLUG, ask, begin, bytes, found, keys, load, row, rows, snapshot, target, writer};
use weft_store::redis::{
    Access, Change, ChangeFeed, Lease, News, Outcome, READER_PERMISSIONS, RedisStore, WRITER_PERMISSIONS, connect,
    missing_for_reader, missing_for_writer,
};
use weft_store::{Answer, Reader as _, Unavailable};

/// Makes an authority `<name>.pem` in a folder, and a certificate for loopback that it signed, `<name>-server.pem`.
fn certificates(folder: &Path, name: &str) {
    let openssl = |arguments: &str| {
        let made = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output();
        let made =
            made.unwrap_or_else(|error| panic!("openssl cannot be run ({error}); scripts/setup.sh test installs it"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(folder.join("extensions"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(&format!("req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"));
    openssl(&format!("req {key} -keyout {name}-server.key -out {name}-server.csr -subj /CN=server"));
    openssl(&format!(
        "x509 -req -in {name}-server.csr -CA {name}.pem -CAkey {name}.key -CAcreateserial -days 2 -extfile extensions \
         -out {name}-server.pem"
    ));
}

/// A server that speaks TLS only, and knows a writer and a reader.
async fn guarded_server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), "ours");
    certificates(folder.path(), "theirs");
    let arguments = |port: u16| {
        let text = format!(
            "--port 0 --tls-port {port} --tls-cert-file ours-server.pem --tls-key-file ours-server.key \
             --tls-ca-cert-file ours.pem --tls-auth-clients no --user default off \
             --user writer on >canary-writer {WRITER_PERMISSIONS} --user reader on >canary-reader {READER_PERMISSIONS} \
             --user half on >canary-half {WRITER_PERMISSIONS} -hset \
             --user admin on >canary-admin ~* +@all --user stranger on >canary-stranger ~other:* +@all"
        );
        text.split(' ').map(str::to_owned).collect()
    };
    Server::start_with(folder, &arguments, true).await
}

fn access(server: &Server, user: &str) -> Access {
    Access {
        url: format!("rediss://127.0.0.1:{}", server.port),
        username: Some(user.to_owned()),
        password: Some(format!("canary-{user}")),
        ca: Some(std::fs::read(server.folder.path().join("ours.pem")).unwrap()),
    }
}

#[tokio::test]
async fn a_writer_and_a_reader_need_no_more_than_the_permissions_that_are_documented() {
    let server = guarded_server().await;
    let (writing, reading) =
        (connect(&access(&server, "writer")).await.unwrap(), connect(&access(&server, "reader")).await.unwrap());
    let (writer, feed) = (writer(&writing), &mut ChangeFeed::new(reading.clone(), &keys()));
    load(&writer, &snapshot(7, 1), &rows(10, "a")).await;
    assert_eq!(feed.poll().await.unwrap(), News::Gap);

    // A patch in chunks, a bucket that is kept, a verification, growth and what it leaves.
    let next = snapshot(8, 1);
    begin(&writer, &next).await;
    let mut patch = writer.bucket(target(8, &next), 0, Some(7));
    for number in 0..20 {
        patch.put(format!("large-{number}").as_bytes(), &row("", &"x".repeat(60_000))).await.unwrap();
    }
    patch.remove(b"sku-1").await.unwrap();
    assert_eq!(patch.finish().await.unwrap(), Outcome::Done);
    let named: Vec<String> = (0..20).map(|number| format!("large-{number}")).chain(["sku-1".to_owned()]).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let change = Change::Rows { run: 8, buckets: 1, bucket: 0, keys: Some(bytes(&named)) };
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Done);
    assert_eq!(feed.poll().await.unwrap(), News::Changes(vec![change, Change::Committed { run: 8 }]));
    assert_eq!(writer.verify(8, 1).await.unwrap(), Outcome::Done);
    load(&writer, &snapshot(9, 2), &rows(10, "b")).await;
    assert_eq!(writer.controls(2).await.unwrap().iter().flatten().count(), 2);
    assert_eq!(writer.unlink(9, 1).await.unwrap(), Outcome::Done);
    assert_eq!(writer.row_counts(2).await.unwrap().iter().sum::<u64>(), 10);
    let lease = Lease::acquire(&writing, &keys().lease()).await.unwrap().unwrap();
    assert!(lease.renew().await.unwrap());
    lease.release().await.unwrap();

    let store = RedisStore::new(reading.clone(), "shop", "main", OWNER, None);
    assert_eq!(ask(&store, &["sku-1", "large-1"]).await, [found("sku-1", "b 1"), Answer::Missing]);
    let mut all = store.all_rows(SLUG);
    while let Some(bucket) = all.next().await.unwrap() {
        assert!(bucket.rows.is_ok());
    }
    let error = redis_server::run::writer(&reading).take(10).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(error.to_string().starts_with("failed to take the store's meta: Redis answers NOPERM; the user lacks"));
}

#[tokio::test]
async fn a_command_that_a_script_may_not_run_is_a_missing_permission() {
    let server = guarded_server().await;
    let writing = connect(&access(&server, "half")).await.unwrap();
    let error = writer(&writing).take(10).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("failed to take the store's meta: Redis answers NOPERM; the user lacks"), "{text}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_user_who_may_not_read_is_denied_and_no_row_is_missing() {
    let server = guarded_server().await;
    let connection = connect(&access(&server, "stranger")).await.unwrap();
    let store = RedisStore::new(connection, "shop", "main", OWNER, None);
    assert_eq!(ask(&store, &["sku-1"]).await, [Answer::Unavailable(Unavailable::Denied)]);
    assert_eq!(store.meta(SLUG).await, Err(Unavailable::Denied));
}

#[tokio::test]
async fn each_permission_that_a_user_lacks_is_found_by_trying_and_nothing_stays_of_it() {
    let server = guarded_server().await;
    let admin = connect(&access(&server, "admin")).await.unwrap();
    for (user, all, of_writer) in [("writer", WRITER_PERMISSIONS, true), ("reader", READER_PERMISSIONS, false)] {
        let missing = async || {
            let connection = connect(&access(&server, user)).await.unwrap();
            match of_writer {
                true => missing_for_writer(&connection, "shop", "main").await.unwrap(),
                false => missing_for_reader(&connection, "shop", "main").await.unwrap(),
            }
        };
        assert_eq!(missing().await, [""; 0], "{user}");
        for permission in all.split(' ') {
            let (take, give) = match permission.strip_prefix('+') {
                Some(command) => (vec![format!("-{command}")], vec![permission.to_owned()]),
                None => (vec!["resetkeys".to_owned(), "~other:*".to_owned()], vec![permission.to_owned()]),
            };
            redis::cmd("ACL").arg("SETUSER").arg(user).arg(&take).exec_async(&mut admin.clone()).await.unwrap();
            assert_eq!(missing().await, [permission], "{user} with {take:?}");
            redis::cmd("ACL").arg("SETUSER").arg(user).arg(&give).exec_async(&mut admin.clone()).await.unwrap();
            assert_eq!(missing().await, [""; 0], "{user} with {give:?}");
            redis::cmd("FLUSHALL").exec_async(&mut admin.clone()).await.unwrap();
        }
        assert_eq!(missing().await, [""; 0], "{user}");
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut admin.clone()).await.unwrap();
        assert_eq!(keys, [""; 0]);
    }
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why_and_no_secret() {
    let server = guarded_server().await;
    let good = access(&server, "reader");
    let theirs = std::fs::read(server.folder.path().join("theirs.pem")).unwrap();
    let port = server.port;
    let cases = [
        (Access { password: Some("canary-wrong".to_owned()), ..good.clone() }, "wrong user or password; check user"),
        (Access { username: Some("canary-user".to_owned()), ..good.clone() }, "wrong user or password; check user"),
        (Access { username: None, password: None, ..good.clone() }, "NOAUTH"),
        (Access { ca: Some(theirs), ..good.clone() }, "is not trusted; name that authority's certificate in tls.ca"),
        (Access { ca: None, ..good.clone() }, "is not trusted; name that authority's certificate in tls.ca"),
        (Access { url: format!("rediss://localhost:{port}"), ..good.clone() }, "certificate is not for this host"),
        (Access { url: format!("rediss://127.0.0.1:{port}/3"), ..good.clone() }, "give it +select"),
        (Access { url: format!("redis://127.0.0.1:{port}"), ca: None, ..good.clone() }, "the connection was closed"),
        (Access { url: "rediss://127.0.0.1:1".to_owned(), ..good.clone() }, "store at 127.0.0.1:1: connection refused"),
        (Access { url: format!("redis://127.0.0.1:{port}"), ..good.clone() }, "TLS needs rediss://"),
        (Access { ca: Some(b"canary".to_vec()), ..good.clone() }, "tls.ca holds no certificates"),
        (Access { url: "rediss://canary-user:canary@h:1".to_owned(), ..good.clone() }, "holds a user or a password"),
        (Access { url: "http://canary".to_owned(), ..good.clone() }, "no URL such as"),
        (Access { url: "redis://h:port-canary".to_owned(), ca: None, ..good.clone() }, "no URL such as"),
        (Access { url: "redis+unix:///tmp/canary".to_owned(), ..good.clone() }, "no URL such as"),
    ];
    let plain = Server::start().await;
    let of_plain = |database| Access {
        url: format!("redis://127.0.0.1:{}/{database}", plain.port),
        username: None,
        password: None,
        ca: None,
    };
    let cases = cases.into_iter().chain([(of_plain(99), "no such database"), (of_plain(-1), "no such database")]);
    for (access, wanted) in cases {
        let error = connect(&access).await.err().unwrap_or_else(|| panic!("let in, where this was wanted: {wanted}"));
        let text = format!("{error} {error:?} {access:?}");
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
