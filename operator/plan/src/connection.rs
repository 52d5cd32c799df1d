//! Connections as the data plane reads them, from connections as the resources write them.

use weft_api::{Postgres, Redis, SecretValue, Warehouse};
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
}

/// A warehouse; the local file that stands in for it, if there is one.
pub(crate) fn warehouse(warehouse: &Warehouse, options: &Options) -> Result<plan::WarehousePlan, ConnectionFault> {
    let connection = match options.local_warehouses.get(name(warehouse)) {
        Some(path) => plan::WarehouseConnection::Sqlite { path: path.clone() },
        None => match (&warehouse.spec.postgres, &warehouse.spec.sqlite) {
            (Some(server), None) => plan::WarehouseConnection::Postgres(postgres(server)?),
            (None, Some(file)) => plan::WarehouseConnection::Sqlite { path: file.path.clone() },
            _ => return Err(ConnectionFault::NotOneKind),
        },
    };
    Ok(plan::WarehousePlan { name: name(warehouse).to_owned(), connection })
}

fn postgres(server: &Postgres) -> Result<plan::PostgresConnection, ConnectionFault> {
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
