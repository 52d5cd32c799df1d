//! Connections as the data plane reads them, from connections as the resources write them.

use weft_api::{Bookkeeping, Postgres, Redis, SecretValue, Warehouse};
use weft_plan_types as plan;

use crate::Options;
use crate::diagnostic::name;

/// Why a Warehouse cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectionFault {
    #[error("it needs exactly one of `postgres` and `sqlite`")]
    NotOneKind,
    #[error("`postgres.port` is a number from 1 to 65535")]
    Port,
    #[error("`postgres.auth` needs exactly one of `password` and `clientCertificate`")]
    NotOneProof,
    #[error("`limits.statementTimeout` is a duration from 1s to 24h, such as 15m")]
    Timeout,
    #[error("`limits.maxConcurrentSyncs` is a number from 1 to 64")]
    Syncs,
}

/// The schema Weft writes in where the Warehouse names none.
const SCHEMA: &str = "weft_state";

/// What is added to the path of a SQLite file where the Warehouse names no other for the bookkeeping.
const BESIDE: &str = ".weft-state";

/// A warehouse; the local file that stands in for it, if there is one.
pub(crate) fn warehouse(warehouse: &Warehouse, options: &Options) -> Result<plan::WarehousePlan, ConnectionFault> {
    let spec = &warehouse.spec;
    let bookkeeping = spec.bookkeeping.as_ref();
    let connection = match options.local_warehouses.get(name(warehouse)) {
        // What was copied from another warehouse is no base for what this file holds.
        Some(path) => sqlite(path, None),
        None => match (&spec.postgres, &spec.sqlite) {
            (Some(server), None) => plan::WarehouseConnection::Postgres(postgres(server, bookkeeping)?),
            (None, Some(file)) => sqlite(&file.path, bookkeeping),
            _ => return Err(ConnectionFault::NotOneKind),
        },
    };
    let timeout = weft_api::duration(&spec.limits.statement_timeout).map(|timeout| timeout.as_secs());
    let timeout = timeout.filter(|seconds| (1..=24 * 60 * 60).contains(seconds));
    let syncs = u32::try_from(spec.limits.max_concurrent_syncs).ok().filter(|syncs| (1..=64).contains(syncs));
    Ok(plan::WarehousePlan {
        name: name(warehouse).to_owned(),
        connection,
        statement_timeout_seconds: timeout.and_then(|it| u32::try_from(it).ok()).ok_or(ConnectionFault::Timeout)?,
        max_concurrent_syncs: syncs.ok_or(ConnectionFault::Syncs)?,
    })
}

fn sqlite(path: &str, bookkeeping: Option<&Bookkeeping>) -> plan::WarehouseConnection {
    let named = bookkeeping.and_then(|bookkeeping| bookkeeping.path.clone());
    plan::WarehouseConnection::Sqlite {
        path: path.to_owned(),
        bookkeeping: named.unwrap_or_else(|| format!("{path}{BESIDE}")),
    }
}

fn postgres(server: &Postgres, bookkeeping: Option<&Bookkeeping>) -> Result<plan::PostgresConnection, ConnectionFault> {
    let auth = match (&server.auth.password, &server.auth.client_certificate) {
        (Some(password), None) => plan::PostgresAuth::Password(secret(password)),
        (None, Some(client)) => plan::PostgresAuth::ClientCertificate {
            certificate: secret(&client.certificate),
            private_key: secret(&client.private_key),
        },
        _ => return Err(ConnectionFault::NotOneProof),
    };
    let port = u16::try_from(server.port).ok().filter(|port| *port > 0).ok_or(ConnectionFault::Port)?;
    let tls = match server.tls.mode {
        weft_api::TlsMode::Verify => plan::TlsMode::Verify,
        weft_api::TlsMode::Disable => plan::TlsMode::Disable,
    };
    Ok(plan::PostgresConnection {
        host: server.host.clone(),
        port,
        database: server.database.clone(),
        user: server.user.clone(),
        auth,
        tls,
        ca: server.tls.ca.as_ref().map(secret),
        bookkeeping: bookkeeping.and_then(|it| it.schema.clone()).unwrap_or_else(|| SCHEMA.to_owned()),
    })
}

/// The store, as whom syncs log in.
pub(crate) fn redis_writer(redis: &Redis) -> plan::RedisConnection {
    redis_as(redis, redis.writer.as_ref())
}

/// The store, as whom enrichers log in.
pub(crate) fn redis_reader(redis: &Redis) -> plan::RedisConnection {
    redis_as(redis, redis.reader.as_ref())
}

fn redis_as(redis: &Redis, user: Option<&weft_api::RedisUser>) -> plan::RedisConnection {
    plan::RedisConnection {
        url: redis.url.clone(),
        user: user.map(|user| plan::RedisUser { username: user.username.clone(), password: secret(&user.password) }),
        ca: redis.tls.as_ref().and_then(|tls| tls.ca.as_ref()).map(secret),
    }
}

/// A Kafka topic, from the blocks that sources and destinations share.
pub(crate) fn kafka_topic(
    bootstrap_servers: &[String],
    topic: &str,
    auth: Option<&weft_api::KafkaAuth>,
    tls: Option<&weft_api::KafkaTls>,
) -> plan::KafkaTopic {
    plan::KafkaTopic {
        bootstrap_servers: bootstrap_servers.to_vec(),
        topic: topic.to_owned(),
        auth: auth.and_then(|auth| auth.sasl.as_ref()).map(|sasl| plan::KafkaAuth {
            mechanism: sasl.mechanism.as_str().to_owned(),
            username: sasl.username.clone(),
            password: secret(&sasl.password),
        }),
        tls: tls.map(|tls| plan::KafkaTls {
            ca: tls.ca.as_ref().map(secret),
            certificate: tls.client_certificate.as_ref().map(|client| secret(&client.certificate)),
            private_key: tls.client_certificate.as_ref().map(|client| secret(&client.private_key)),
        }),
    }
}

fn secret(value: &SecretValue) -> plan::SecretFile {
    plan::SecretFile { name: value.secret_ref.name.clone(), key: value.secret_ref.key.clone() }
}
