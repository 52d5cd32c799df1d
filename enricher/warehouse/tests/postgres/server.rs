//! A PostgreSQL server of the tests' own: one for all of them, with a data folder of its own, on a free port.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use weft_warehouse::Warehouse as _;
use weft_warehouse::postgres::{ClientCertificate, Options, Postgres, Tls};

/// The superuser that the tests prepare things as, and its password.
const ADMIN: &str = "admin";
pub(crate) const PASSWORD: &str = "pass 'w\\ord";

/// A user that only a certificate lets in.
pub(crate) const CERTIFIED: &str = "certified";

const START: Duration = Duration::from_secs(60);

/// Runs the server until standard input ends, which it does with the tests however they end; then removes its folder.
const WATCH: &str = "trap '' INT TERM HUP; folder=$1; shift; \"$@\" & server=$!; read -r _; kill -INT $server; \
                     wait $server; rm -rf \"$folder\"";

pub(crate) struct Server {
    pub(crate) port: u16,
    folder: PathBuf,
    /// Its standard input is open until this process ends.
    _watch: Child,
}

/// The server; the first to ask starts it.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

impl Server {
    /// The certificate of the authority that signed the server's, PEM.
    pub(crate) fn authority(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("ca.pem")).unwrap()
    }

    /// A certificate by which the user [`CERTIFIED`] may log in.
    pub(crate) fn client_certificate(&self) -> ClientCertificate {
        let read = |name| std::fs::read(self.folder.join(name)).unwrap();
        ClientCertificate { certificate: read("client.pem"), private_key: read("client.key") }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// What leads to the database, as the superuser.
    pub(crate) fn options(&self, database: &str) -> Options {
        Options {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: database.to_owned(),
            user: ADMIN.to_owned(),
            password: Some(PASSWORD.to_owned()),
            tls: Tls::Disable,
            bookkeeping: "weft_state".to_owned(),
            statement_timeout: None,
        }
    }
}

/// A new database that the statements have filled, and a connection to it.
pub(crate) async fn database(statements: &[&str]) -> (Options, Postgres) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test {}", COUNT.fetch_add(1, Ordering::Relaxed));
    let maintenance = Postgres::connect(server().options("postgres")).await.unwrap();
    maintenance.execute(format!("CREATE DATABASE \"{name}\"")).await.unwrap();
    let options = server().options(&name);
    let warehouse = Postgres::connect(options.clone()).await.unwrap();
    for statement in statements {
        warehouse.execute((*statement).to_owned()).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    (options, warehouse)
}

fn start() -> Server {
    let programs = programs();
    let user = other_user();
    let folder = tempfile::Builder::new().prefix("weft-postgres-").tempdir().unwrap().keep();
    std::fs::write(folder.join("password"), PASSWORD).unwrap();
    certificates(&folder);
    if let Some(user) = &user {
        run(Command::new("chown").arg("-R").arg(user).arg(&folder));
    }
    let data = folder.join("data");
    let mut initdb = as_user(user.as_deref(), &programs.join("initdb"));
    initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-U", ADMIN]);
    // The other user may not be able to enter the folder that the tests run in.
    run(initdb.arg("--pwfile").arg(folder.join("password")).arg("-D").arg(&data).current_dir("/"));
    let rules = std::fs::read_to_string(data.join("pg_hba.conf")).unwrap();
    std::fs::write(data.join("pg_hba.conf"), format!("hostssl all {CERTIFIED} all cert\n{rules}")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = as_user(user.as_deref(), &programs.join("postgres"));
    server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "fsync=off".to_owned(),
        "max_connections=100".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", folder.join("server.pem").display()),
        format!("ssl_ca_file={}", folder.join("ca.pem").display()),
        format!("ssl_key_file={}", folder.join("server.key").display()),
    ] {
        server.arg("-c").arg(setting);
    }
    let mut watch = Command::new("sh");
    watch.args(["-c", WATCH, "watch"]).arg(&folder).arg(server.get_program()).args(server.get_args());
    let log = std::fs::File::create(folder.join("log")).unwrap();
    watch.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    let server = Server { port, folder, _watch: watch.spawn().unwrap() };
    let started = Instant::now();
    while !server.log().contains("ready to accept connections") {
        assert!(started.elapsed() < START, "PostgreSQL does not start: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}
/// Where `initdb` and `postgres` are: on the PATH, or where Debian keeps them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let has_both = |folder: &&PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).exists());
    folders.iter().find(has_both).cloned().expect(
        "PostgreSQL is not installed: run scripts/setup.sh test as root, or put initdb and postgres on the PATH",
    )
}

/// Whom to run the server as: it refuses to run as root.
fn other_user() -> Option<String> {
    let output = |program: &str, argument: &str| Command::new(program).arg(argument).output().unwrap();
    if output("id", "-u").stdout.trim_ascii() != b"0" {
        return None;
    }
    let user = if output("id", "postgres").status.success() { "postgres" } else { "nobody" };
    Some(user.to_owned())
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}")).args(["--regid", &group(user), "--clear-groups", "--"]).arg(program);
    command
}

fn group(user: &str) -> String {
    let output = Command::new("id").args(["-g", user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// An authority, and certificates of its for the host `localhost` and for the user [`CERTIFIED`].
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    for (file, subject) in [("server", "localhost"), ("client", CERTIFIED)] {
        openssl(&format!("req {key} -keyout {file}.key -out {file}.csr -subj /CN={subject}"));
        let signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(&format!("x509 -req -in {file}.csr {signed} -out {file}.pem"));
    }
    std::fs::set_permissions(folder.join("server.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
