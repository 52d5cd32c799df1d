//! PostgreSQL, Redis and Kafka outside the cluster. They listen where pods reach them, for users with passwords, and end
//! with the processes of the tests.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use weft_kafka_broker::Kafka;
use weft_store::redis::{READER_PERMISSIONS, WRITER_PERMISSIONS};

use crate::cluster::HOST;

/// The passwords. Nobody but the servers and Secrets may have them.
pub(crate) const WAREHOUSE_PASSWORD: &str = "canary-warehouse-58c1";
pub(crate) const WRITER_PASSWORD: &str = "canary-writer-e07b";
pub(crate) const READER_PASSWORD: &str = "canary-reader-9d42";

/// The servers of all tests; the first to ask starts them.
pub(crate) static SERVERS: LazyLock<Servers> = LazyLock::new(Servers::start);

const START: Duration = Duration::from_secs(60);

pub(crate) struct Servers {
    pub(crate) kafka: Kafka,
    pub(crate) postgres_port: u16,
    pub(crate) redis_port: u16,
    postgres: PathBuf,
    _folders: [TempDir; 2],
    _processes: [Child; 2],
}

impl Servers {
    fn start() -> Self {
        let (postgres_port, redis_port) = (free_port(), free_port());
        let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let postgres = programs();
        let processes =
            [start_postgres(&postgres, folders[0].path(), postgres_port), start_redis(folders[1].path(), redis_port)];
        let kafka = Kafka::start_with(1, &[("KAFKA_HOST", HOST)]);
        let servers = Self { kafka, postgres_port, redis_port, postgres, _folders: folders, _processes: processes };
        let started = Instant::now();
        while servers.psql("postgres", "SELECT").is_err() || servers.redis(&["PING"]).is_err() {
            assert!(started.elapsed() < START, "PostgreSQL or Redis does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        servers
    }

    /// Runs statements as the superuser and gives what they print, values only.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> String {
        self.psql(database, statements).unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    fn psql(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut command = Command::new(self.postgres.join("psql"));
        command.env("PGPASSWORD", "admin").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "admin"]);
        command.args(["-h", HOST, "-p", &self.postgres_port.to_string(), "-d", database, "-c", statements]);
        answer(&mut command)
    }

    /// Asks Redis as its administrator.
    pub(crate) fn redis(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new("redis-cli");
        command.args(["-h", HOST, "-p", &self.redis_port.to_string(), "--user", "admin", "--pass", "admin", "-e"]);
        answer(command.args(["--no-auth-warning"]).args(words))
    }
}

fn free_port() -> u16 {
    TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port()
}

fn start_redis(folder: &Path, port: u16) -> Child {
    let users = format!(
        "user default off\n\
         user admin on >admin ~* &* +@all\n\
         user weft-writer on >{WRITER_PASSWORD} {WRITER_PERMISSIONS}\n\
         user weft-reader on >{READER_PASSWORD} {READER_PERMISSIONS}\n"
    );
    let settings = format!("bind {HOST}\nport {port}\nsave \"\"\ndir {}\n{users}", folder.display());
    let file = folder.join("redis.conf");
    fs::write(&file, settings).unwrap();
    Command::new("redis-server").arg(file).stdout(Stdio::null()).spawn().unwrap()
}

fn start_postgres(programs: &Path, folder: &Path, port: u16) -> Child {
    let data = folder.join("data");
    fs::write(folder.join("password"), "admin").unwrap();
    answer(Command::new("chown").args(["-R", "postgres"]).arg(folder)).unwrap();
    let mut initdb = as_postgres(&programs.join("initdb"));
    initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-U", "admin"]);
    answer(initdb.arg("--pwfile").arg(folder.join("password")).arg("-D").arg(&data).current_dir("/")).unwrap();
    let everyone = fs::read_to_string(data.join("pg_hba.conf")).unwrap() + "host all all all scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), everyone).unwrap();
    let mut server = as_postgres(&programs.join("postgres"));
    server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "fsync=off", "-c", "unix_socket_directories="]);
    server.args(["-c", &format!("listen_addresses={HOST}")]).current_dir("/");
    server.stdout(Stdio::null()).stderr(fs::File::create(folder.join("log")).unwrap()).spawn().unwrap()
}

/// PostgreSQL refuses to run as root, whom the cluster needs.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

/// Where `initdb`, `postgres` and `psql` are: on the PATH, or where Debian keeps them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let has_all = |folder: &&PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists());
    folders.iter().find(has_all).cloned().expect("PostgreSQL is installed; scripts/setup.sh test installs it")
}

fn answer(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
