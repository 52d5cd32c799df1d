//! Logging in, and what is said when that fails.

use std::net::TcpListener;

use weft_warehouse::postgres::{ClientCertificate, Options, Postgres, Tls};
use weft_warehouse::{Error, Warehouse as _};

use crate::server::{CERTIFIED, PASSWORD, server};
use crate::statements::until_running;

async fn told(options: Options) -> (Error, String) {
    let error = Postgres::connect(options).await.err().unwrap();
    let text = error.to_string();
    assert!(!text.contains(PASSWORD) && !format!("{error:?}").contains(PASSWORD), "{text}");
    (error, text)
}

#[tokio::test]
async fn a_refused_login_says_which_part_is_wrong() {
    let right = server().options("postgres");
    let location = format!("failed to open postgres 127.0.0.1:{}, database", server().port);
    let (_, text) = told(Options { password: Some("secret".to_owned()), ..right.clone() }).await;
    assert_eq!(
        text,
        format!("{location} \"postgres\": the password of user \"admin\" is wrong, or there is no such user")
    );
    assert!(!text.contains("secret"));
    let (_, text) = told(Options { database: "Postgres".to_owned(), ..right.clone() }).await;
    assert_eq!(
        text,
        format!("{location} \"Postgres\": there is no database \"Postgres\"; check its spelling, case included")
    );
    let (_, text) = told(Options { password: None, ..right }).await;
    assert_eq!(text, format!("{location} \"postgres\": it asks user \"admin\" for a password and none is given"));
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, text) = told(Options { port, ..server().options("shop") }).await;
    assert_eq!(
        text,
        format!(
            "failed to reach postgres 127.0.0.1:{port}, database \"shop\": nothing listens there; check host and port, and \
             that it runs"
        )
    );
    assert!(error.is_transient());
    let (error, text) = told(Options { host: "no.such.host.invalid".to_owned(), ..server().options("shop") }).await;
    assert!(text.ends_with("the host name is not known; check host"), "{text}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_connection_is_encrypted_where_the_certificate_is_right_and_refused_where_it_is_not() {
    let verify = |ca: Option<Vec<u8>>| Tls::Verify { ca, client: None };
    let right = Options {
        host: "localhost".to_owned(),
        tls: verify(Some(server().authority())),
        ..server().options("postgres")
    };
    let warehouse = Postgres::connect(right.clone()).await.unwrap();
    let encrypted = "CREATE TEMP TABLE seen AS SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    assert_eq!(warehouse.execute(encrypted.to_owned()).await.unwrap(), 1);
    let running = warehouse.clone();
    let statement = tokio::spawn(async move { running.execute("SELECT pg_sleep(600) AS encrypted".to_owned()).await });
    until_running("AS encrypted", "1").await;
    warehouse.cancel().await;
    assert!(matches!(statement.await.unwrap(), Err(Error::Cancelled)));
    let (_, text) = told(Options { host: "127.0.0.1".to_owned(), ..right.clone() }).await;
    assert!(text.contains("its certificate is not for the host \"127.0.0.1\""), "{text}");
    let (_, text) = told(Options { tls: verify(None), ..right.clone() }).await;
    assert!(text.contains("tls.ca"), "{text}");
    let (_, text) = told(Options { tls: verify(Some(b"not PEM".to_vec())), ..right }).await;
    assert!(text.ends_with("tls.ca holds no certificate in PEM form"), "{text}");
}

#[tokio::test]
async fn a_certificate_lets_its_user_in_without_a_password() {
    let admin = Postgres::connect(server().options("postgres")).await.unwrap();
    admin.execute(format!("CREATE ROLE {CERTIFIED} LOGIN")).await.unwrap();
    let tls = |client| Tls::Verify { ca: Some(server().authority()), client };
    let right = Options {
        host: "localhost".to_owned(),
        user: CERTIFIED.to_owned(),
        password: None,
        tls: tls(Some(server().client_certificate())),
        ..server().options("postgres")
    };
    let warehouse = Postgres::connect(right.clone()).await.unwrap();
    assert_eq!(warehouse.execute("SELECT 1".to_owned()).await.unwrap(), 1);
    let (_, text) = told(Options { tls: tls(None), ..right.clone() }).await;
    assert!(text.contains("it does not let user \"certified\" in from here"), "{text}");
    let other = ClientCertificate { certificate: server().authority(), ..server().client_certificate() };
    let (_, text) = told(Options { tls: tls(Some(other)), ..right }).await;
    assert!(text.ends_with("the private key is not that of the client certificate"), "{text}");
}
